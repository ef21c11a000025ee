"""Where trials run: this thread, processes that are kept, or any concurrent.futures executor."""

from __future__ import annotations

from typing import Any

__all__ = ["Processes"]


def __getattr__(name: str) -> Any:
    if name == "Processes":
        from .processes import Processes

        return Processes
    raise AttributeError(f"luthier.executors has no {name!r}; there is Processes")
