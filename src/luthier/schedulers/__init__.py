"""Schedulers, which decide how long trials are trained: one policy, one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach, make_by_name
from .base import Decision, Scheduler

__all__ = [
    "ASHA",
    "Auto",
    "DEHB",
    "Decision",
    "FoldRace",
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

_FILES = {
    "ASHA": "asha",
    "Auto": "auto",
    "DEHB": "dehb",
    "FoldRace": "fold_race",
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

if TYPE_CHECKING:
    from .asha import ASHA as ASHA
    from .auto import Auto as Auto
    from .dehb import DEHB as DEHB
    from .fold_race import FoldRace as FoldRace
    from .freeze_thaw import FreezeThaw as FreezeThaw
    from .hyperband import Hyperband as Hyperband
    from .median import Median as Median
    from .pasha import PASHA as PASHA
    from .patient import Patient as Patient
    from .pb2 import PB2 as PB2
    from .pbt import PBT as PBT
    from .percentile import Percentile as Percentile
    from .replay import Replay as Replay
    from .successive_halving import SuccessiveHalving as SuccessiveHalving
    from .threshold import Threshold as Threshold
    from .wilcoxon import Wilcoxon as Wilcoxon
else:
    __getattr__, __dir__ = attach(__name__, _FILES)


def from_name(scheduler: Scheduler | str | None) -> Scheduler | None:
    """A scheduler from its name, in any case, with default settings.

    A scheduler, or None, is returned as it is.

    Raises:
        UnknownNameError: There is none of that name, or it has no default settings.
    """
    if scheduler is None or isinstance(scheduler, Scheduler):
        return scheduler
    found = make_by_name(__name__, scheduler, _FILES, "a scheduler, None,")
    assert isinstance(found, Scheduler)
    return found
