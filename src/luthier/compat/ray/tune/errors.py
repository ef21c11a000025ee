"""Errors by Ray Tune's names."""

from __future__ import annotations

from ....errors import CompatError


class TuneError(CompatError):
    """A run, or trials of it, failed."""


class SettingError(CompatError, ValueError):
    """A setting is no such value."""
