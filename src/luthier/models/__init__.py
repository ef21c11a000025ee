"""Models that are fitted to a history: the surrogate, and learning curves."""
