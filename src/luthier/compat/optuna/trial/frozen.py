"""The record of a trial."""

from __future__ import annotations

import copy
import datetime
import math
from collections.abc import Sequence
from typing import Any

from ...remarks import refuse_space
from ..distributions import BaseDistribution, without_old_name
from ..marks import deprecated_func
from .base import BaseTrial
from .given_params import take_given
from .result_constraints import CONSTRAINTS_KEY, check_constraint, read_constraints
from .state import TrialState

_FIELDS = (
    "number",
    "state",
    "values",
    "datetime_start",
    "datetime_complete",
    "params",
    "user_attrs",
    "system_attrs",
    "intermediate_values",
    "distributions",
    "trial_id",
)


class FrozenTrial(BaseTrial):
    """Status and results of a trial.

    Args:
        number: 0, 1, 2, ... within the study.
        state: Where it is.
        value: Its value, where there is one objective.
        datetime_start: When it began.
        datetime_complete: When it ended.
        params: Name to value.
        distributions: Name to distribution.
        user_attrs: What the user has noted.
        system_attrs: What the machinery has noted.
        intermediate_values: Step to value.
        trial_id: Its number in the storage.
        values: Its values, where there are several objectives.

    Raises:
        ValueError: Both `value` and `values` are given.
    """

    params: dict[str, Any]
    distributions: dict[str, BaseDistribution]
    user_attrs: dict[str, Any]
    system_attrs: dict[str, Any] = {}
    datetime_start: datetime.datetime | None
    number: int

    def __init__(
        self,
        number: int,
        state: TrialState,
        value: float | None,
        datetime_start: datetime.datetime | None,
        datetime_complete: datetime.datetime | None,
        params: dict[str, Any],
        distributions: dict[str, BaseDistribution],
        user_attrs: dict[str, Any],
        system_attrs: dict[str, Any],
        intermediate_values: dict[int, float],
        trial_id: int,
        *,
        values: Sequence[float] | None = None,
    ) -> None:
        if value is not None and values is not None:
            raise ValueError("Specify only one of `value` and `values`.")
        self.number = number
        self.state = state
        self.values = [value] if value is not None else values
        self.datetime_start = datetime_start
        self.datetime_complete = datetime_complete
        self.params = params
        self.user_attrs = user_attrs
        self.system_attrs = system_attrs
        self.intermediate_values = intermediate_values
        self.distributions = distributions
        self.trial_id = trial_id

    @property
    def values(self) -> Any:
        """The values, one for each objective; None without any."""
        return self._values

    @values.setter
    def values(self, v: Sequence[float] | None) -> None:
        self._values = None if v is None else list(v)

    @property
    def _trial_id(self) -> int:
        return self.trial_id

    @_trial_id.setter
    def _trial_id(self, trial_id: int) -> None:
        self.trial_id = trial_id

    # -- as a record ----------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrozenTrial):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, FrozenTrial):
            return NotImplemented
        return self.number < other.number

    def __le__(self, other: Any) -> bool:
        if not isinstance(other, FrozenTrial):
            return NotImplemented
        return self.number <= other.number

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, field) for field in _FIELDS))

    def __repr__(self) -> str:
        fields = ", ".join(f"{field}={getattr(self, field)!r}" for field in _FIELDS)
        return f"{type(self).__name__}({fields}, value=None)"

    def __copy__(self) -> FrozenTrial:
        new = object.__new__(type(self))
        new.__dict__ = self.__dict__.copy()
        return new

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenTrial:
        new = self.__copy__()
        fields = new.__dict__
        for name in ("params", "user_attrs", "system_attrs"):
            fields[name] = copy.deepcopy(fields[name], memo) if fields[name] else {}
        fields["intermediate_values"] = dict(self.intermediate_values)
        fields["distributions"] = {k: copy.copy(d) for k, d in self.distributions.items()}
        fields["_values"] = None if self._values is None else list(self._values)
        return new

    # -- as a trial -----------------------------------------------------------------------------

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        value = take_given("FrozenTrial", self.params, self.distributions, name, distribution)
        self.distributions[name] = distribution
        return value

    def report(self, value: float, step: int) -> None:
        pass

    def should_prune(self) -> bool:
        return False

    def set_user_attr(self, key: str, value: Any) -> None:
        self.user_attrs[key] = value

    @deprecated_func("3.1.0", "5.0.0")
    def set_system_attr(self, key: str, value: Any) -> None:
        self.system_attrs[key] = value

    def set_constraint(self, key: str, value: float) -> None:
        number = check_constraint(key, value, self.system_attrs)
        if number is not None:
            self.system_attrs[f"{CONSTRAINTS_KEY}:{key}"] = number

    @property
    def constraints(self) -> dict[str, float]:
        return read_constraints(self.system_attrs)

    @property
    def value(self) -> float | None:
        """The value, where there is one objective.

        Raises:
            RuntimeError: There are several.
        """
        if self.values is None:
            return None
        self._require_one_objective()
        value: float = self.values[0]
        return value

    @value.setter
    def value(self, v: float | None) -> None:
        self._require_one_objective()
        self.values = None if v is None else [v]

    def _require_one_objective(self) -> None:
        if self.values is not None and len(self.values) > 1:
            raise RuntimeError(
                "This attribute is not available during multi-objective optimization."
            )

    @property
    def last_step(self) -> int | None:
        """The largest step that was reported; None without any."""
        return max(self.intermediate_values, default=None)

    @property
    def duration(self) -> datetime.timedelta | None:
        """How long it ran, once it is over."""
        if self.datetime_start and self.datetime_complete:
            return self.datetime_complete - self.datetime_start
        return None

    def _validate(self) -> None:
        self.validate()

    def validate(self) -> None:
        """Refuse a record whose fields do not go together.

        Raises:
            ValueError: They do not.
        """
        self._validate_times()
        if self.state == TrialState.FAIL and self.values is not None:
            raise ValueError(f"values should be None for a failed trial, but got {self.values}.")
        if self.state == TrialState.COMPLETE:
            if self.values is None:
                raise ValueError("values should be set for a complete trial.")
            if any(math.isnan(v) for v in self.values):
                raise ValueError("values should not contain NaN.")
        if self.params.keys() != self.distributions.keys():
            raise ValueError(
                f"Inconsistent parameters {set(self.params)} and distributions "
                f"{set(self.distributions)}."
            )
        for name, value in self.params.items():
            distribution = self.distributions[name]
            if not distribution.contains(distribution.to_internal_repr(value)):
                raise ValueError(
                    f"The value {value} of parameter '{name}' isn't contained in the distribution "
                    f"{distribution}."
                )

    def _validate_times(self) -> None:
        if self.state != TrialState.WAITING and self.datetime_start is None:
            raise ValueError(
                "`datetime_start` is supposed to be set when the trial state is not waiting."
            )
        if self.state.is_finished() and self.datetime_complete is None:
            raise ValueError("`datetime_complete` is supposed to be set for a finished trial.")
        if not self.state.is_finished() and self.datetime_complete is not None:
            raise ValueError("`datetime_complete` is supposed to be None for an unfinished trial.")


def create_trial(
    *,
    state: TrialState = TrialState.COMPLETE,
    value: float | None = None,
    values: Sequence[float] | None = None,
    params: dict[str, Any] | None = None,
    distributions: dict[str, BaseDistribution] | None = None,
    user_attrs: dict[str, Any] | None = None,
    system_attrs: dict[str, Any] | None = None,
    intermediate_values: dict[int, float] | None = None,
    constraints: dict[str, float] | None = None,
) -> FrozenTrial:
    """Return a record of a trial, to be added to a study.

    Raises:
        ValueError: The arguments do not go together.
    """
    for distribution in (distributions or {}).values():
        refuse_space(distribution, "luthier.compat.optuna")
    now = None if state == TrialState.WAITING else datetime.datetime.now()
    trial = FrozenTrial(
        number=-1,
        trial_id=-1,
        state=state,
        value=value,
        values=values,
        datetime_start=now,
        datetime_complete=now if state.is_finished() else None,
        params=params or {},
        distributions={k: without_old_name(d) for k, d in (distributions or {}).items()},
        user_attrs=user_attrs or {},
        system_attrs=system_attrs or {},
        intermediate_values=intermediate_values or {},
    )
    for key, violation in (constraints or {}).items():
        trial.set_constraint(key, violation)
    trial.validate()
    return trial


def begin_trial(number: int = -1, trial_id: int = -1) -> FrozenTrial:
    """Return the record of a trial that begins now."""
    new = object.__new__(FrozenTrial)
    new.__dict__.update(
        number=number,
        state=TrialState.RUNNING,
        _values=None,
        datetime_start=datetime.datetime.now(),
        datetime_complete=None,
        params={},
        user_attrs={},
        system_attrs={},
        intermediate_values={},
        distributions={},
        trial_id=trial_id,
    )
    return new
