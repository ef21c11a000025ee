"""Studies in databases with Optuna's tables."""
