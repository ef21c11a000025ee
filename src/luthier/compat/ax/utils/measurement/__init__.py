"""Test functions."""
