"""Drawing: the back end that fits the place, and the figure that it makes."""

from __future__ import annotations

import importlib.util
from typing import Any, Literal, get_args

from ..notebook import find_notebook
from ..validation import check_name, show
from . import backends
from .figure import Figure
from .look import LOOKS, Theme

Backend = Literal["auto", "plotly", "matplotlib", "svg"]


def draw(figure: Figure, backend: Backend = "auto", theme: Theme | None = None) -> Any:
    """Draw a figure.

    Args:
        figure: What is drawn.
        backend: "plotly", "matplotlib" or "svg", which needs no library; "auto" for plotly in a
            notebook, else matplotlib, else SVG, as far as they are installed.
        theme: "light" or "dark"; None for light, and in SVG for what the reader's system shows.

    Returns:
        A figure of the back end: `plotly.graph_objects.Figure`, `matplotlib.figure.Figure`, or
        `luthier.plots.SVGFigure`. All have `save(path)`, and show themselves in a notebook.

    Raises:
        MissingDependencyError: The back end that was asked for is not installed.
        TypeError: `figure` is none.
        ValueError: There is no such back end or theme.
    """
    if not isinstance(figure, Figure):
        raise TypeError(f"expected a figure, got {show(figure)}; a study is drawn by plots.plot")
    check_name("backend", backend, get_args(Backend))
    if theme is not None and (not isinstance(theme, str) or theme not in LOOKS):
        raise ValueError(f"theme must be 'light', 'dark' or None, got {theme!r:.100}")
    chosen = choose_backend() if backend == "auto" else backend
    make = getattr(backends, f"draw_{chosen}")
    return make(figure, theme)


def choose_backend() -> Literal["plotly", "matplotlib", "svg"]:
    """Return the back end for where this process runs, and for what is installed."""
    if find_notebook() is not None and importlib.util.find_spec("plotly") is not None:
        return "plotly"
    return "svg" if importlib.util.find_spec("matplotlib") is None else "matplotlib"
