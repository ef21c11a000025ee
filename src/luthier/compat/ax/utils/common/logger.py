"""Loggers under Ax's names."""

from __future__ import annotations

import logging

ROOT_LOGGER_NAME = "ax"


def get_logger(name: str, level: int = logging.INFO) -> logging.Logger:
    """Return a logger."""
    return logging.getLogger(name)


def set_ax_logger_levels(level: int) -> None:
    """Set the level of Ax's loggers."""
    logging.getLogger(ROOT_LOGGER_NAME).setLevel(level)
