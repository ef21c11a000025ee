"""What to try next, by the names of Ray Tune's searchers."""
