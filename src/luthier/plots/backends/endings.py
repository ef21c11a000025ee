"""Endings of the names of files, which say as what a figure is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def check_ending(path: Path, endings: Sequence[str], advice: str = "") -> str:
    """Return the ending of a path, in small letters.

    Args:
        path: Where a figure is to be written.
        endings: Those that can be written, as ".svg".
        advice: What to do where it is another.

    Raises:
        ValueError: It is none of them.
    """
    ending = path.suffix.lower()
    if ending not in endings:
        listing = ", ".join(endings)
        raise ValueError(f"expected a file that ends in {listing}, got {str(path)!r:.300}{advice}")
    return ending
