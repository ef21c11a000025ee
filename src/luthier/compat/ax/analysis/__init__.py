"""Ax's analyses, by luthier's plots and tables."""
