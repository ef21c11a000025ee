"""Callbacks for other services and libraries, by Ray's paths."""
