"""A trial whose params are given, for running an objective without a study."""

from __future__ import annotations

import datetime
from typing import Any

from ..distributions import BaseDistribution
from ..marks import deprecated_func
from .base import BaseTrial
from .given_params import take_given
from .result_constraints import CONSTRAINTS_KEY, check_constraint, read_constraints


class FixedTrial(BaseTrial):
    """A trial with fixed params, which reports to nobody.

    Args:
        params: Name to value.
        number: What `number` says.
    """

    def __init__(self, params: dict[str, Any], number: int = 0) -> None:
        self._params = params
        self._suggested_params: dict[str, Any] = {}
        self._distributions: dict[str, BaseDistribution] = {}
        self._user_attrs: dict[str, Any] = {}
        self._system_attrs: dict[str, Any] = {}
        self._datetime_start = datetime.datetime.now()
        self._number = number

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        value = take_given("FixedTrial", self._params, self._distributions, name, distribution)
        self._suggested_params[name] = value
        self._distributions[name] = distribution
        return value

    def report(self, value: float, step: int) -> None:
        pass

    def should_prune(self) -> bool:
        return False

    def set_user_attr(self, key: str, value: Any) -> None:
        self._user_attrs[key] = value

    @deprecated_func("3.1.0", "5.0.0")
    def set_system_attr(self, key: str, value: Any) -> None:
        self._system_attrs[key] = value

    def set_constraint(self, key: str, value: float) -> None:
        number = check_constraint(key, value, self._system_attrs)
        if number is not None:
            self._system_attrs[f"{CONSTRAINTS_KEY}:{key}"] = number

    @property
    def params(self) -> dict[str, Any]:
        return self._suggested_params

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        return self._distributions

    @property
    def user_attrs(self) -> dict[str, Any]:
        return self._user_attrs

    @property
    def system_attrs(self) -> dict[str, Any]:
        return self._system_attrs

    @property
    def constraints(self) -> dict[str, float]:
        return read_constraints(self._system_attrs)

    @property
    def datetime_start(self) -> datetime.datetime | None:
        return self._datetime_start

    @property
    def number(self) -> int:
        return self._number
