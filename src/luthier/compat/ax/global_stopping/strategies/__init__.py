"""When a search is over."""
