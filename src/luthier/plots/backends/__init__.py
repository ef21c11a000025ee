"""Back ends: what turns the description of a figure into marks. Each wraps one library, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._lazy import attach

__all__ = ["draw_matplotlib", "draw_plotly", "draw_svg"]

if TYPE_CHECKING:
    from .matplotlib import draw_matplotlib as draw_matplotlib
    from .plotly import draw_plotly as draw_plotly
    from .svg_figure import draw_svg as draw_svg
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "draw_matplotlib": "matplotlib",
            "draw_plotly": "plotly",
            "draw_svg": "svg_figure",
        },
        extras={"draw_matplotlib": "plot", "draw_plotly": "plot"},
    )
