"""Integrations: how libraries that people train with report to a trial, one file each."""
