"""Generation strategies: which method proposes which trials."""
