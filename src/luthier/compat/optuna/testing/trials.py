"""Records of trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..distributions import BaseDistribution
from ..trial.frozen import FrozenTrial
from ..trial.result_constraints import CONSTRAINTS_KEY
from ..trial.state import TrialState


def _create_frozen_trial(
    number: int = 0,
    values: Sequence[float] | None = None,
    constraints: Sequence[float] | None = None,
    params: dict[str, Any] | None = None,
    param_distributions: dict[str, BaseDistribution] | None = None,
    state: TrialState = TrialState.COMPLETE,
) -> FrozenTrial:
    """Return a record; its number is that in the storage too."""
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        value=None,
        values=[1.0] if values is None else values,
        datetime_start=None,
        datetime_complete=None,
        params=params or {},
        distributions=param_distributions or {},
        user_attrs={},
        system_attrs={} if constraints is None else {CONSTRAINTS_KEY: list(constraints)},
        intermediate_values={},
    )
