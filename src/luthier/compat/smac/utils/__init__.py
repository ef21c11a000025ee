"""Helpers of SMAC that users import."""
