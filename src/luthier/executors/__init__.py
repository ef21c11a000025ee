"""Where trials run: this thread, processes that are kept, a Ray cluster, or any concurrent.futures executor."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["Processes", "Ray"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module(f".{name.lower()}", __name__), name)
    raise AttributeError(f"luthier.executors has no {name!r}; there are {' and '.join(__all__)}")
