"""Successive halving and Hyperband: trials are compared at rungs, and the best go on."""

from __future__ import annotations

import binascii
import math
from collections.abc import Container
from typing import TYPE_CHECKING, Any, cast

from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState
from .base import BasePruner, sign_of

if TYPE_CHECKING:
    from ..study.shape import StudyLike


def _rung_key(rung: int) -> str:
    return f"completed_rung_{rung}"


class SuccessiveHalvingPruner(BasePruner):
    """Prunes a trial at a rung unless it is among the best 1 / reduction_factor there.

    Args:
        min_resource: Step of the first rung; "auto" for a hundredth of what the first complete
            trial took.
        reduction_factor: From each rung to the next the steps grow by it, and the trials shrink.
        min_early_stopping_rate: How many rungs are skipped.
        bootstrap_count: Trials that a rung needs before one is promoted.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        min_resource: str | int = "auto",
        reduction_factor: int = 4,
        min_early_stopping_rate: int = 0,
        bootstrap_count: int = 0,
    ) -> None:
        if min_resource != "auto" and (isinstance(min_resource, str) or min_resource < 1):
            raise ValueError(
                f"The value of `min_resource` is {min_resource}, but must be either "
                "`min_resource >= 1` or 'auto'"
            )
        for name, value, least in (
            ("reduction_factor", reduction_factor, 2),
            ("min_early_stopping_rate", min_early_stopping_rate, 0),
            ("bootstrap_count", bootstrap_count, 0),
        ):
            if value < least:
                raise ValueError(
                    f"The value of `{name}` is {value}, but must be `{name} >= {least}`"
                )
        if bootstrap_count > 0 and min_resource == "auto":
            raise ValueError(
                "bootstrap_count > 0 and min_resource == 'auto' are mutually incompatible, "
                f"bootstrap_count is {bootstrap_count}"
            )
        self._min_resource = None if min_resource == "auto" else cast(int, min_resource)
        self._reduction_factor = reduction_factor
        self._min_early_stopping_rate = min_early_stopping_rate
        self._bootstrap_count = bootstrap_count

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        step = trial.last_step
        if step is None:
            return False
        trials = study.get_trials(deepcopy=False)
        if self._min_resource is None:
            last = [t.last_step for t in trials if t.state == TrialState.COMPLETE]
            known = [s for s in last if s is not None]
            if not known:
                return False
            self._min_resource = max(max(known) // 100, 1)

        rung = 0
        while _rung_key(rung) in trial.system_attrs:
            rung += 1
        value = trial.intermediate_values[step]
        while step >= self._rung_step(rung):
            if math.isnan(value):
                return True
            if not self._is_promoted(study, trial, trials, rung, value):
                return True
            rung += 1
        return False

    def _rung_step(self, rung: int) -> int:
        assert self._min_resource is not None
        step: int = self._min_resource * self._reduction_factor ** (
            self._min_early_stopping_rate + rung
        )
        return step

    def _is_promoted(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        trials: list[FrozenTrial],
        rung: int,
        value: float,
    ) -> bool:
        """Note the value of a trial at a rung, and compare it with those there."""
        key = _rung_key(rung)
        study.storage.set_trial_system_attr(trial.trial_id, key, value)
        sign = sign_of(study)
        losses = [sign * t.system_attrs[key] for t in trials if key in t.system_attrs]
        losses.append(sign * value)
        if len(losses) <= self._bootstrap_count:
            return False
        last = max(len(losses) // self._reduction_factor - 1, 0)
        return bool(sign * value <= sorted(losses)[last])


class BracketStudy:
    """A study of which samplers and pruners see the trials of one bracket.

    Args:
        study: The study.
        pruner: What tells the bracket of a trial.
        bracket: The bracket.

    Attributes:
        whole: The study.
    """

    def __init__(self, study: StudyLike, pruner: HyperbandPruner, bracket: int) -> None:
        self.whole = study
        self._hyperband = pruner
        self._bracket = bracket

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    def get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials of the bracket."""
        trials = self.whole.get_trials(deepcopy=deepcopy, states=states)
        return [t for t in trials if self._hyperband.bracket_of(self.whole, t) == self._bracket]

    @property
    def trials(self) -> list[FrozenTrial]:
        """The trials of the bracket."""
        return self.get_trials()


class HyperbandPruner(BasePruner):
    """Successive halving in several brackets, which begin with different rungs.

    Args:
        min_resource: Step of the first rung.
        max_resource: Steps of a full trial; "auto" for those of the first complete one.
        reduction_factor: From each rung to the next the steps grow by it, and the trials shrink.
        bootstrap_count: Trials that a rung needs before one is promoted.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        min_resource: int = 1,
        max_resource: str | int = "auto",
        reduction_factor: int = 3,
        bootstrap_count: int = 0,
    ) -> None:
        if not isinstance(max_resource, int) and max_resource != "auto":
            raise ValueError(
                f"The 'max_resource' should be integer or 'auto'. But max_resource = {max_resource}"
            )
        if bootstrap_count > 0 and max_resource == "auto":
            raise ValueError(
                "bootstrap_count > 0 and max_resource == 'auto' are mutually incompatible, "
                f"bootstrap_count is {bootstrap_count}"
            )
        self._min_resource = min_resource
        self._max_resource = max_resource
        self._reduction_factor = reduction_factor
        self._bootstrap_count = bootstrap_count
        self._pruners: list[SuccessiveHalvingPruner] = []
        self._shares: list[int] = []  # of the trials, that each bracket gets

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        if not self._pruners:
            self._begin(study)
            if not self._pruners:
                return False
        bracket = self.bracket_of(study, trial)
        seen = cast("StudyLike", BracketStudy(study, self, bracket))
        return self._pruners[bracket].prune(seen, trial)

    def narrow(self, study: StudyLike, trial: FrozenTrial) -> StudyLike:
        return cast("StudyLike", BracketStudy(study, self, self.bracket_of(study, trial)))

    def _begin(self, study: StudyLike) -> None:
        if self._max_resource == "auto":
            complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            last = [t.last_step for t in complete if t.last_step is not None]
            if not last:
                return
            self._max_resource = max(last) + 1
        ratio = cast(int, self._max_resource) / self._min_resource
        n = math.floor(math.log(ratio, self._reduction_factor)) + 1
        for bracket in range(n):
            s = n - 1 - bracket
            self._shares.append(math.ceil(n * self._reduction_factor**s / (s + 1)))
            self._pruners.append(
                SuccessiveHalvingPruner(
                    min_resource=self._min_resource,
                    reduction_factor=self._reduction_factor,
                    min_early_stopping_rate=bracket,
                    bootstrap_count=self._bootstrap_count,
                )
            )

    def bracket_of(self, study: StudyLike, trial: FrozenTrial) -> int:
        """The bracket of a trial, from its number and the name of the study."""
        if not self._pruners:
            return 0
        key = f"{study.study_name}_{trial.number}".encode()
        place = binascii.crc32(key) % sum(self._shares)
        bracket = 0
        while place >= self._shares[bracket]:
            place -= self._shares[bracket]
            bracket += 1
        return bracket
