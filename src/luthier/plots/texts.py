"""Text in figures: how wide it is, and how it is cut."""

from __future__ import annotations

import unicodedata

_NARROW = set("fijlrtI.,:;'|!()[]{} -")
_WIDE = set("mwMW@%—…жшщфюЖШЩФЮ")
_BROAD = set("<>=+~^#&QOGDHNU")
_BOLD = 1.13  # width of a bold letter by that of a plain one
_MAX_HOVER = 300  # characters


def measure_text(text: str, size: float, bold: bool = False) -> float:
    """Return about how wide a text is in pixels; no font is asked, which may be any.

    The widths are those of DejaVu Sans, which is wider than most.
    """
    total = 0.0
    for char in text:
        if unicodedata.combining(char):
            continue
        if unicodedata.east_asian_width(char) in "WF":
            total += 1.0
        elif char in _NARROW:
            total += 0.34
        elif char in _WIDE:
            total += 0.98
        elif char in _BROAD:
            total += 0.82
        elif char.isupper() or ord(char) > 0x250:
            total += 0.7
        else:
            total += 0.62
    return total * size * (_BOLD if bold else 1.0)


def cut_text(text: str, width: float, size: float, bold: bool = False) -> str:
    """Return a text that fits a width in pixels: one that is longer loses its middle."""
    text = clean_text(text)
    if measure_text(text, size, bold) <= width:
        return text
    keep = len(text)
    while keep > 1:
        keep = min(keep - 1, int(keep * 0.9) + 1)
        first, last = (keep + 1) // 2, keep // 2
        short = text[:first] + "…" + (text[-last:] if last else "")
        if measure_text(short, size, bold) <= width:
            return short
    return "…"


def clean_text(text: str, most: int = _MAX_HOVER) -> str:
    """Return a text of at most some characters without what no document may hold.

    Control characters, lone surrogates and those that turn the direction of writing become "�", and
    line breaks a space.
    """
    text = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(map(_clean_char, text))


def _clean_char(char: str) -> str:
    if char in "\n\r\t":
        return " "
    turns = char in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    if turns or unicodedata.category(char) in ("Cc", "Cs") or char in "\ufffe\uffff":
        return "�"
    return char
