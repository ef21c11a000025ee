"""Executors, which run trials: this thread, processes, Ray, or any concurrent.futures executor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = ["Processes", "Ray"]

if TYPE_CHECKING:
    from .processes import Processes as Processes
    from .ray import Ray as Ray
else:
    __getattr__, __dir__ = attach(
        __name__, {"Processes": "processes", "Ray": "ray"}, {"Ray": "ray"}
    )
