"""Acquisition functions, for which luthier's samplers stand."""
