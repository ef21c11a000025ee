"""Whether plotly is installed."""

from __future__ import annotations

import importlib.util


def is_available() -> bool:
    """Whether figures of plotly can be drawn here."""
    return importlib.util.find_spec("plotly") is not None
