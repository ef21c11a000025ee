"""A path of Ax."""
