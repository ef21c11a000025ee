"""Colours and sizes that all back ends share.

The named colours are those of Okabe and Ito 2008, which people with any kind of colour vision tell
apart, but for a red that is farther from orange; the scale is viridis (Smith and van der Walt 2015)
without its ends, which would vanish on white or on black.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..typing import Array
from .figure import Colour, Shades

Theme = Literal["light", "dark"]

FONT_SIZE = 12.0  # pixels
TITLE_SIZE = 15.0
SERIES: tuple[Colour, ...] = ("blue", "orange", "green", "red", "purple", "sky")


class Look(NamedTuple):
    """Colours of one theme, as #rrggbb."""

    background: str
    ink: str  # text and axes
    grid: str
    colours: dict[Colour, str]


LIGHT = Look(
    background="#ffffff",
    ink="#24292f",
    grid="#d8dee4",
    colours={
        "blue": "#0072b2",
        "orange": "#d98f00",
        "green": "#009e73",
        "red": "#b83a1b",
        "purple": "#b85c92",
        "sky": "#3b9bd4",
        "grey": "#8c959f",
        "ink": "#24292f",
    },
)
DARK = Look(
    background="#0d1117",
    ink="#e6edf3",
    grid="#30363d",
    colours={
        "blue": "#58a6e0",
        "orange": "#e69f00",
        "green": "#2fc79a",
        "red": "#e0523a",
        "purple": "#dd93bd",
        "sky": "#7cc7f0",
        "grey": "#8b949e",
        "ink": "#e6edf3",
    },
)
LOOKS: dict[Theme, Look] = {"light": LIGHT, "dark": DARK}

# Viridis at .08, .19, ..., .92.
_VIRIDIS = np.array(
    [
        (72, 35, 116),
        (65, 68, 135),
        (54, 95, 141),
        (43, 120, 142),
        (33, 145, 140),
        (40, 170, 129),
        (82, 197, 104),
        (149, 216, 64),
        (212, 224, 36),
    ],
    dtype=np.float64,
)


def shade_positions(shades: Shades, values: ArrayLike) -> Array:
    """Return where values stand on a colour bar: 0 at its start, 1 at its end.

    Those beyond an end stand at it; NaN for what is not a number, or not positive on a log scale.
    """
    values = np.asarray(values, dtype=np.float64)
    low, high = shades.low, shades.high
    if shades.log:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(values > 0, np.log(values), np.nan)
        low, high = np.log(low), np.log(high)
    if not high > low:
        return np.where(np.isnan(values), np.nan, 0.5)
    return np.asarray(np.clip((np.clip(values, low, high) - low) / (high - low), 0.0, 1.0))


def mix_colours(positions: ArrayLike) -> list[str]:
    """Return the colours (#rrggbb) at positions (k,) of the scale, each in [0, 1]."""
    at = np.asarray(positions, dtype=np.float64) * (len(_VIRIDIS) - 1)
    anchors = np.arange(len(_VIRIDIS))
    channels = [np.interp(at, anchors, _VIRIDIS[:, c]) for c in range(3)]
    rgb = np.rint(np.stack(channels, axis=-1)).astype(int)
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in rgb.reshape(-1, 3)]
