"""Pure functions on arrays: densities, sequences, models and statistics."""
