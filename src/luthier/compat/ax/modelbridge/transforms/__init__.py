"""Ax's transforms, for which luthier's space stands."""
