"""Ax's plots, drawn by luthier."""
