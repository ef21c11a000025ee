"""The version of Optuna whose words are spoken here."""

__version__ = "5.0.0"
