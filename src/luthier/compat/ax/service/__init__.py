"""Ax's first interface: AxClient and optimize."""
