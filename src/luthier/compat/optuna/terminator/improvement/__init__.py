"""How much a study could still gain."""
