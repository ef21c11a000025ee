"""Parts for tests of code that is written for Optuna, where Optuna has them."""
