"""The loop of a search."""

from __future__ import annotations

from . import config_selector, exceptions, smbo
from .smbo import SMBO

BaseSMBO = SMBO

__all__ = ["SMBO", "BaseSMBO", "config_selector", "exceptions", "smbo"]
