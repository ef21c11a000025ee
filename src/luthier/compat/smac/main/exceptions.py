"""Errors under SMAC's names."""

from __future__ import annotations

from ....errors import CompatError


class ConfigurationSpaceExhaustedException(CompatError):
    """All configurations were tried."""
