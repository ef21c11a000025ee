"""Fonts of matplotlib: which of those that are installed write the signs of a text."""

from __future__ import annotations

import functools
from collections.abc import Collection

import matplotlib
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

# Families that have the signs which others lack, the first that is there of each script.
_WIDE_FAMILIES = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans CJK TC",
    "Noto Sans CJK KR",
    "Source Han Sans",
    "Noto Sans JP",
    "Noto Sans SC",
    "Noto Sans KR",
    "Hiragino Sans",
    "PingFang SC",
    "Apple SD Gothic Neo",
    "Microsoft YaHei",
    "Yu Gothic",
    "Meiryo",
    "Malgun Gothic",
    "SimHei",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "IPAexGothic",
    "Droid Sans Fallback",
    "Arial Unicode MS",
    "Noto Sans Devanagari",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Thai",
    "Noto Sans Symbols2",
    "Noto Emoji",
    "Segoe UI Symbol",
)
_MISSING = "□"


def choose_families() -> list[str]:
    """Return the families that texts are written in: the user's own, then those for rare signs."""
    return list(_list_families(tuple(matplotlib.rcParams["font.family"]), _count_fonts()))


def replace_missing(text: str, families: Collection[str]) -> str:
    """Return a text in which signs that no family has are squares, so that none warns of them."""
    if text.isascii():
        return text
    known = _list_signs(tuple(families))
    return "".join(char if ord(char) in known or char.isspace() else _MISSING for char in text)


def has_signs(text: str, families: Collection[str]) -> bool:
    """Return whether the families have all signs of a text."""
    return replace_missing(text, families) == text


def _count_fonts() -> int:
    """Changes where a font is added."""
    return len(font_manager.fontManager.ttflist)


@functools.lru_cache(maxsize=8)
def _list_families(own: tuple[str, ...], n_fonts: int) -> tuple[str, ...]:
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return (*own, *(name for name in _WIDE_FAMILIES if name in installed))


@functools.lru_cache(maxsize=8)
def _list_signs(families: tuple[str, ...]) -> frozenset[int]:
    """The code points that the plain fonts of some families have."""
    signs: set[int] = set()
    for family in families:
        path = font_manager.findfont(font_manager.FontProperties(family=[family]))
        signs.update(FT2Font(path).get_charmap())
    return frozenset(signs)
