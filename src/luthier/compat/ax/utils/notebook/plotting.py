"""Shows figures in a notebook."""

from __future__ import annotations

from typing import Any


def init_notebook_plotting(offline: bool = False) -> None:
    """Do nothing: luthier's figures need no preparation."""


def render(plot_config: Any, inject_helpers: bool = False) -> None:
    """Show a figure: in a notebook below the cell, elsewhere in a window."""
    show = getattr(plot_config, "show", None)
    if callable(show):
        show()
