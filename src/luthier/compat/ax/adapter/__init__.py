"""Ax's names of methods."""
