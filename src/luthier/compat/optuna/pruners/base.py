"""What a pruner is: it says whether a trial ends early."""

from __future__ import annotations

import abc
import functools
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..study.direction import StudyDirection
from ..trial.frozen import FrozenTrial

if TYPE_CHECKING:
    from ..study.shape import StudyLike


class BasePruner(abc.ABC):
    """Base of pruners, of users' own too."""

    @abc.abstractmethod
    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        """Whether a trial that has just reported ends here."""

    def narrow(self, study: StudyLike, trial: FrozenTrial) -> StudyLike:
        """Return the study as samplers are to see it for a trial."""
        return study


def sign_of(study: StudyLike) -> float:
    """1 where the study is minimized, -1 where it is maximized."""
    return -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0


def is_judged(step: int, steps: Iterable[int], n_warmup_steps: int, interval_steps: int) -> bool:
    """Whether a step is the first report since the last multiple of the interval."""
    if step < n_warmup_steps:
        return False
    mark = (step - n_warmup_steps) // interval_steps * interval_steps + n_warmup_steps
    return max((s for s in steps if s != step), default=-1) < mark


def check_count(name: str, value: float, least: int) -> None:
    """Refuse a count that is too small.

    Raises:
        ValueError: It is.
    """
    if value < least:
        bound = "cannot be negative" if least == 0 else f"must be at least {least}"
        raise ValueError(f"{name} {bound} but got {value}.")


def best_report(trial: FrozenTrial, sign: float) -> float:
    """The best report of a trial as a loss; NaN without any."""
    losses = (sign * v for v in trial.intermediate_values.values() if not math.isnan(v))
    return functools.reduce(min, losses, math.inf) if trial.intermediate_values else math.nan
