"""Where trials leave what they can go on from.

Beside the study, written whole or not at all, never pickled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach
from .store import Checkpoints, superseded, temporary

__all__ = ["Checkpoints", "superseded", "temporary"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__)
