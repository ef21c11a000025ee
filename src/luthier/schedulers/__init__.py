"""How long to train: one policy, one file."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import UnknownNameError
from .base import Decision, Scheduler

_FILES = {
    "ASHA": "asha",
    "Auto": "auto",
    "DEHB": "dehb",
    "FreezeThaw": "freeze_thaw",
    "Hyperband": "hyperband",
    "Median": "median",
    "PASHA": "pasha",
    "PB2": "pb2",
    "PBT": "pbt",
    "Patient": "patient",
    "Percentile": "percentile",
    "Replay": "replay",
    "SuccessiveHalving": "successive_halving",
    "Threshold": "threshold",
    "Wilcoxon": "wilcoxon",
}

__all__ = [
    "ASHA",
    "Auto",
    "DEHB",
    "Decision",
    "FreezeThaw",
    "Hyperband",
    "Median",
    "PASHA",
    "PB2",
    "PBT",
    "Patient",
    "Percentile",
    "Replay",
    "Scheduler",
    "SuccessiveHalving",
    "Threshold",
    "Wilcoxon",
]


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"luthier.schedulers has no {name!r}; there are {', '.join(_FILES)}")
    return getattr(importlib.import_module(f".{_FILES[name]}", __name__), name)


def named(scheduler: Scheduler | str | None) -> Scheduler | None:
    """A scheduler from its name, in any case, with default settings.

    A scheduler, or None, is returned as it is.

    Raises:
        UnknownNameError: There is none of that name, or it has no default settings.
    """
    if scheduler is None or isinstance(scheduler, Scheduler):
        return scheduler
    for name in _FILES:
        if isinstance(scheduler, str) and name.lower() == scheduler.lower():
            found = __getattr__(name)()
            assert isinstance(found, Scheduler)
            return found
    raise UnknownNameError(
        f"expected a scheduler, None, or one of {', '.join(map(repr, _FILES))}, got {scheduler!r}"
    )
