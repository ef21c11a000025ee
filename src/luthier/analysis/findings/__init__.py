"""Findings: what may be wrong with a study. One a file; `catalogue` lists them."""
