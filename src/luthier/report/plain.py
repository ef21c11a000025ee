"""Text of users as a page may show it: without passwords, and of characters that are harmless."""

from __future__ import annotations

from typing import Any

import msgspec

from ..passwords import hide_passwords
from ..plots.figure import Figure
from ..plots.texts import clean_text

_MOST = 2_000  # characters


def plain(text: str) -> str:
    """Return a text on one line."""
    return clean_text(hide_passwords(text), _MOST)


def plain_lines(text: str) -> str:
    """Return a text of several lines, which may be many."""
    return "\n".join(clean_text(hide_passwords(line), 10 * _MOST) for line in text.split("\n"))


def plain_figure(figure: Figure, max_hovers: int) -> Figure:
    """Return a figure whose texts are harmless.

    Args:
        figure: The figure.
        max_hovers: Marks of a layer that may say something when they are pointed at; where they are
            more, none does, and they take little room.
    """
    cleaned: Figure = _clean(figure, max_hovers)
    return cleaned


def _clean(part: Any, max_hovers: int) -> Any:
    if isinstance(part, str):
        return hide_passwords(part)
    if isinstance(part, msgspec.Struct):
        fields = {
            name: () if name == "hover" and len(value) > max_hovers else _clean(value, max_hovers)
            for name, value in ((n, getattr(part, n)) for n in part.__struct_fields__)
        }
        return type(part)(**fields)
    if type(part) is tuple:
        return tuple(_clean(one, max_hovers) for one in part)
    if isinstance(part, tuple):  # a named one
        return type(part)(*(_clean(one, max_hovers) for one in part))
    return part
