"""Helpers of Ax's first interface."""
