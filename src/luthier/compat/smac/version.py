"""The version of SMAC whose words these are."""

__version__ = "2.4.0"
