"""Small helpers under Ax's names."""
