"""Ray's words, as far as Ray Tune needs them: change `import ray` to this, and code runs."""

from __future__ import annotations

from typing import Any

from . import air, exceptions, train, tune
from .cluster import (
    available_resources,
    cluster_resources,
    get_gpu_ids,
    init,
    is_initialized,
    shutdown,
    start_ray,
)

__version__ = "2.60.0"

__all__ = [
    "air",
    "available_resources",
    "cluster_resources",
    "exceptions",
    "get_gpu_ids",
    "init",
    "is_initialized",
    "shutdown",
    "train",
    "tune",
]

# What Ray itself does: tasks, actors and objects.
_OF_RAY = {
    "ObjectRef",
    "actor",
    "cancel",
    "get",
    "get_actor",
    "get_runtime_context",
    "kill",
    "method",
    "nodes",
    "put",
    "remote",
    "timeline",
    "util",
    "wait",
}


def __getattr__(name: str) -> Any:
    if name in _OF_RAY:
        return getattr(start_ray(f"ray.{name}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
