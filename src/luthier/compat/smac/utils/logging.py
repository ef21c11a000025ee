"""Loggers under SMAC's names."""

from __future__ import annotations

import logging


def get_logger(logger_name: str) -> logging.Logger:
    """Return a logger."""
    return logging.getLogger(logger_name)
