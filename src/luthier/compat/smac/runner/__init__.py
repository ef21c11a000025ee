"""Runs trials."""
