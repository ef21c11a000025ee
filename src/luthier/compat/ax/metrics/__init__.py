"""Metrics of test functions."""
