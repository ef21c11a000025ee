"""Where trials leave what they can go on from.

Beside the study, written whole or not at all, never pickled.
"""

from .store import Checkpoints, superseded, temporary

__all__ = ["Checkpoints", "superseded", "temporary"]
