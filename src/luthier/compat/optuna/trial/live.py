"""The trial that an objective receives."""

from __future__ import annotations

import contextlib
import copy
import datetime
import functools
from collections import UserDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    check_distribution_compatibility,
    single_value,
)
from ..marks import deprecated_func, warn
from .base import BaseTrial
from .frozen import FrozenTrial
from .result_constraints import CONSTRAINTS_KEY, check_constraint, read_constraints

if TYPE_CHECKING:
    from ..storages.base import BaseStorage
    from ..study.shape import StudyLike


class StoredAttrs(UserDict[str, Any]):
    """The system attributes of a trial, read from the storage whenever somebody looks."""

    def __init__(self, trial_id: int, storage: BaseStorage) -> None:
        self._id = trial_id
        self._storage = storage

    @property
    def data(self) -> dict[str, Any]:  # type: ignore[override]
        """The attributes."""
        return self._storage.get_trial_system_attrs(self._id)


class Trial(BaseTrial):
    """A live trial: suggests params, takes reports and notes.

    Args:
        study: The study it belongs to.
        trial_id: Its number in the storage.
    """

    def __init__(self, study: StudyLike, trial_id: int) -> None:
        self.study = study
        self.trial_id = trial_id
        self.storage = study.storage
        self.record = self.storage.get_trial(trial_id)
        self.relative_search_space: dict[str, BaseDistribution] | None = None
        self._relative_params: dict[str, Any] | None = None
        self._seen = study.seen_for(self.record)  # as its pruner lets the sampler see it
        study.sampler.before_trial(self._seen, self.record)
        self._fixed: dict[str, Any] = self.record.system_attrs.get("fixed_params", {})
        self._latest: FrozenTrial | None = None
        self.record = self.record.__copy__()
        self.record.params = dict(self.record.params)
        self.record.distributions = dict(self.record.distributions)
        self.record.intermediate_values = dict(self.record.intermediate_values)
        self.record.user_attrs = dict(self.record.user_attrs)

    @property
    def _trial_id(self) -> int:
        return self.trial_id

    @property
    def _cached_frozen_trial(self) -> FrozenTrial:
        return self.record

    # -- params ---------------------------------------------------------------------------------

    @property
    def relative_params(self) -> dict[str, Any]:
        """The params that the sampler has proposed together."""
        if self._relative_params is None:
            sampler = self.study.sampler
            space = sampler.infer_relative_search_space(self._seen, self.record)
            self.relative_search_space = space
            self._relative_params = sampler.sample_relative(self._seen, self.record, space)
        return self._relative_params

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        distribution = _make(FloatDistribution, low, high, log, step)
        value: float = self._suggest(name, distribution)
        if self.record.distributions[name] is not distribution:
            self._warn_of_change(name, distribution)
        return value

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        distribution = _make(IntDistribution, low, high, log, step)
        value = int(self._suggest(name, distribution))
        if self.record.distributions[name] is not distribution:
            self._warn_of_change(name, distribution)
        return value

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self._suggest(name, CategoricalDistribution(choices=choices))

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        record = self.record
        if name in record.distributions:
            check_distribution_compatibility(record.distributions[name], distribution)
            return record.params[name]

        if self._fixed and self._is_fixed(name, distribution):
            value = self._fixed[name]
        elif distribution.single():
            value = single_value(distribution)
        elif self._is_relative(name, distribution):
            value = self.relative_params[name]
        else:
            value = self.study.sampler.sample_independent(
                self._seen, self.latest_record(), name, distribution
            )
        stored = distribution.to_internal_repr(value)
        self.storage.set_trial_param(self.trial_id, name, stored, distribution)
        record.distributions[name] = distribution
        record.params[name] = value
        return value

    def _is_fixed(self, name: str, distribution: BaseDistribution) -> bool:
        if name not in self._fixed:
            return False
        value = self._fixed[name]
        if not distribution.contains(distribution.to_internal_repr(value)):
            warn(
                f"Fixed parameter {name} with value {value} is out of range for distribution "
                f"{distribution}.",
                stacklevel=4,
            )
        return True

    def _is_relative(self, name: str, distribution: BaseDistribution) -> bool:
        proposed = self.relative_params
        if name not in proposed:
            return False
        space = self.relative_search_space or {}
        if name not in space:
            raise ValueError(
                f"The parameter {name} was sampled by `sample_relative` method "
                "but it is not contained in the relative search space."
            )
        check_distribution_compatibility(space[name], distribution)
        return distribution.contains(distribution.to_internal_repr(proposed[name]))

    def _warn_of_change(self, name: str, distribution: BaseDistribution) -> None:
        first = self.record.distributions[name]
        if first != distribution:
            warn(
                f'Inconsistent parameter values for distribution with name "{name}"! '
                "This might be a configuration mistake. The same distribution may be asked for "
                "more than once in a trial; of different ones, the first counts and the others "
                f"are ignored. Using these values: {first.attributes()}",
                RuntimeWarning,
                stacklevel=3,
            )

    def latest_record(self) -> FrozenTrial:
        """The record, with the system attributes as of now."""
        if self._latest is None:  # what it has, but for these, is the record's own
            self._latest = self.record.__copy__()
            self._latest.system_attrs = StoredAttrs(self.trial_id, self.storage)  # type: ignore[assignment]
        return self._latest

    # -- reports --------------------------------------------------------------------------------

    def report(self, value: float, step: int) -> None:
        self._require_one_objective("report")
        value = _convert(float, "value", value, "a float")
        step = _convert(int, "step", step, "an int")
        if step < 0:
            raise ValueError(f"`step={step!r}` must be non-negative.")
        reports = self.record.intermediate_values
        if step in reports:
            warn(
                f"The reported value is ignored because this `step={step!r}` is already reported.",
                stacklevel=2,
            )
            return
        self.storage.set_trial_intermediate_value(self.trial_id, step, value)
        reports[step] = value

    def should_prune(self) -> bool:
        self._require_one_objective("should_prune")
        return bool(self.study.pruner.prune(self.study, self.latest_record()))

    def _require_one_objective(self, verb: str) -> None:
        if len(self.study.directions) > 1:
            raise NotImplementedError(
                f"Trial.{verb} is not supported for multi-objective optimization."
            )

    # -- notes ----------------------------------------------------------------------------------

    def set_user_attr(self, key: str, value: Any) -> None:
        self.storage.set_trial_user_attr(self.trial_id, key, value)
        self.record.user_attrs[key] = value

    @deprecated_func("3.1.0", "5.0.0")
    def set_system_attr(self, key: str, value: Any) -> None:
        self.storage.set_trial_system_attr(self.trial_id, key, value)

    def set_constraint(self, key: str, value: float) -> None:
        number = check_constraint(key, value, self.storage.get_trial_system_attrs(self.trial_id))
        if number is not None:
            self.storage.set_trial_system_attr(self.trial_id, f"{CONSTRAINTS_KEY}:{key}", number)

    # -- what it is -----------------------------------------------------------------------------

    @property
    def params(self) -> dict[str, Any]:
        return copy.deepcopy(self.record.params)

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        return copy.deepcopy(self.record.distributions)

    @property
    def user_attrs(self) -> dict[str, Any]:
        return copy.deepcopy(self.record.user_attrs)

    @property
    @deprecated_func("3.1.0", "5.0.0")
    def system_attrs(self) -> dict[str, Any]:
        return copy.deepcopy(self.storage.get_trial_system_attrs(self.trial_id))

    @property
    def constraints(self) -> dict[str, float]:
        return read_constraints(self.storage.get_trial_system_attrs(self.trial_id))

    @property
    def datetime_start(self) -> datetime.datetime | None:
        return self.record.datetime_start

    @property
    def number(self) -> int:
        return self.record.number


@functools.lru_cache(1024, typed=True)
def _made(kind: Any, low: Any, high: Any, log: bool, step: Any) -> BaseDistribution:
    made: BaseDistribution = kind(low, high, log=log, step=step)
    return made


def _make(kind: Any, low: Any, high: Any, log: bool, step: Any) -> BaseDistribution:
    """A range; the one that was made before, where trials ask for the same one."""
    if step is None or step == 1:  # others may warn of their last step, in each trial
        with contextlib.suppress(TypeError):  # bounds such as arrays, which have no hash
            return _made(kind, low, high, log, step)
    made: BaseDistribution = kind(low, high, log=log, step=step)
    return made


def _convert(kind: type, argument: str, value: Any, expected: str) -> Any:
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"The `{argument}` argument is of type '{type(value)}' but supposed to be {expected}."
        ) from None
