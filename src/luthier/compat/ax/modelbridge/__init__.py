"""Older paths of Ax for strategies and methods."""
