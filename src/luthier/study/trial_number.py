"""The number of a trial that a user names by it, by its row or by its handle."""

from __future__ import annotations

import operator
from typing import Any

from ..errors import TrialError
from ..history.history import History
from ..trial.handle import Trial
from ..trial.record import TrialRow
from ..validation import show

_NONE = 2**63  # no study has so many trials


def number_of(trial: Any) -> int:
    """Return the number of a trial.

    Args:
        trial: A `TrialRow`, a `Trial`, or a whole number.

    Raises:
        TrialError: It is none of these.
    """
    try:
        number = operator.index(trial.number if isinstance(trial, TrialRow | Trial) else trial)
    except TypeError:
        raise TrialError(f"expected a trial, or its number, got {show(trial)}") from None
    if abs(number) >= _NONE:
        raise TrialError(f"there is no trial {show(trial)}")
    return number


def require_trial(history: History, number: int) -> None:
    """Check that a study has a trial.

    Raises:
        TrialError: It has none of this number.
    """
    if not 0 <= number < history.n:
        raise TrialError(f"there is no trial {number}; the study has {history.n}")
