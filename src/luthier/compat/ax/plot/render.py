"""Shows figures in a notebook."""

from __future__ import annotations

from typing import Any


def plot_config_to_html(plot_config: Any, **kwargs: Any) -> str:
    """Return a figure as HTML."""
    return str(plot_config.to_html()) if hasattr(plot_config, "to_html") else repr(plot_config)
