"""Checkpoints: the state from which a trial can go on.

Beside the study, written whole or not at all, never pickled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach
from .store import Checkpoints, find_superseded, temporary_store

__all__ = ["Checkpoints", "find_superseded", "temporary_store"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__)
