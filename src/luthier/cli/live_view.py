"""The screen of `luthier watch`, by rich."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from ..monitoring.overview import Overview
from .rich_tables import make_table
from .study_view import facts, sections
from .text import escape


def show_live(look: Callable[[], Overview], every_s: float) -> None:
    """Show a study on a terminal until Ctrl-C.

    Args:
        look: Returns the study as it is now.
        every_s: Time between two updates, in seconds.
    """
    live = Live(draw(look()), screen=True, auto_refresh=False)
    with live, contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(every_s)
            live.update(draw(look()), refresh=True)


def draw(view: Overview) -> RenderableType:
    """The study as rich draws it."""
    items = facts(view)
    width = max(map(len, items))
    parts: list[RenderableType] = [
        Text(f"{name:{width}}  {escape(value)}") for name, value in items.items()
    ]
    for section in sections(view):
        parts.append(Text(f"\n{section.title}", "bold"))
        parts.append(make_table(section.headers, section.rows, section.styles))
    return Group(*parts)
