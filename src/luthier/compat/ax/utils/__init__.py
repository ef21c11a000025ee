"""Helpers of Ax that users import."""
