"""Whether matplotlib is installed."""

from __future__ import annotations

import importlib.util


def is_available() -> bool:
    """Whether figures of matplotlib can be drawn here."""
    return importlib.util.find_spec("matplotlib") is not None
