"""Objectives that are not Python functions: programs and scripts, with spaces from files."""
