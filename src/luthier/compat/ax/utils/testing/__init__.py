"""Helpers of Ax's own tests."""
