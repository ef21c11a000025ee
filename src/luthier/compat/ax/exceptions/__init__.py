"""Errors under Ax's names."""
