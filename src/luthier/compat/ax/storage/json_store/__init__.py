"""Experiments in JSON files."""
