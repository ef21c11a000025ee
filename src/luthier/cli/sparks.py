"""Small pictures in one line of a terminal: the course of the best value, and bars."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from ..analysis import Incumbent
from .text import format_value

N_STEPS = 40  # characters of a line

_BLOCKS = "▁▂▃▄▅▆▇█"
_EIGHTHS: tuple[str, ...] = ("", *"▏▎▍▌▋▊▉")
_N_DECADES = 3
_PLAIN = "_.:-=+*#"  # where the output has no blocks


def draw_progress(values: Sequence[float], blocks: bool | None = None) -> str:
    """Return values as a line of characters, one each, and what the first and the last are.

    The height is the distance from the last value on a log scale of three decades, as late gains
    are small beside the first ones. Where values rise, the line rises.

    Args:
        values: The best values so far.
        blocks: Whether the output has block characters; None for asking it.
    """
    if not len(values):
        return ""
    known = np.asarray(values, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.nan_to_num(np.abs(known / 2 - known[-1] / 2))  # halves cannot overflow
        height = 1 + np.log10(gap / (gap.max() or 1.0)) / _N_DECADES
    top = len(_BLOCKS) - 1
    level = np.rint(np.clip(height, 0.0, 1.0) * top).astype(int)
    if known[-1] > known[0]:
        level = top - level
    marks = _BLOCKS if has_blocks(blocks) else _PLAIN
    line = "".join(marks[i] for i in level)
    return f"{line}  {format_value(float(known[0]))} to {format_value(float(known[-1]))}"


def draw_bar(share: float, width: int = 20, blocks: bool | None = None) -> str:
    """Return a bar.

    Args:
        share: How much of the width it fills, from 0 to 1.
        width: Characters of a full one.
        blocks: As for `draw_progress`.
    """
    if not has_blocks(blocks):
        return "#" * max(1, round(share * width))
    eighths = max(1, round(share * width * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8]


def has_blocks(blocks: bool | None = None) -> bool:
    """Return whether the output has block characters; what is given, unless it is None."""
    if blocks is not None:
        return blocks
    try:
        (_BLOCKS + "▏").encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def sample_best(record: Incumbent) -> list[float]:
    """Return the best value at equal distances, from the first trial that had one to the last."""
    if not len(record.x):
        return []
    n = min(N_STEPS, int(record.end - record.x[0]) + 1)
    at = np.searchsorted(record.x, np.linspace(record.x[0], record.end, n), side="right") - 1
    values: list[float] = record.value[at].tolist()
    return values
