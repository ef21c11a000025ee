"""Ax's second interface: Client."""
