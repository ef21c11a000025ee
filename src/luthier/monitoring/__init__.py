"""A look at running studies: an overview of workers, and logs as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "Follower",
    "JsonLines",
    "Overview",
]

if TYPE_CHECKING:
    from .json_logs import JsonLines as JsonLines
    from .overview import Follower as Follower
    from .overview import Overview as Overview
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Follower": "overview",
            "JsonLines": "json_logs",
            "Overview": "overview",
        },
    )
