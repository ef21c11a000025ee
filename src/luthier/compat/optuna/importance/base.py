"""What says how much parameters matter, and what it is given."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ....typing import Array, Index
from ..distributions import BaseDistribution, CategoricalDistribution, to_luthier
from ..search_space import intersection_search_space
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState

if TYPE_CHECKING:
    from ..study.search import Study

Target = Callable[[FrozenTrial], float]


class BaseImportanceEvaluator(abc.ABC):
    """Base of what says how much parameters matter."""

    @abc.abstractmethod
    def evaluate(
        self, study: Study, params: list[str] | None = None, *, target: Target | None = None
    ) -> dict[str, float]:
        """Return how much parameters matter, those that matter most first.

        Args:
            study: The study.
            params: Their names; None for all.
            target: What matters of a trial; None for its value.
        """


class Sample(NamedTuple):
    """Trials as columns.

    Attributes:
        names: (d,) the parameters.
        X: (n, d) unit columns, choices as index, NaN where a trial does not have a parameter.
        n_choices: (d,) number of choices, 0 for a number.
        y: (n,) what matters of each trial.
    """

    names: list[str]
    X: Array
    n_choices: Index
    y: Array


def check_params(params: Any) -> None:
    """Refuse what is no list of names.

    Raises:
        TypeError: It is none.
    """
    if params is None:
        return
    if not isinstance(params, list | tuple):
        raise TypeError(f"Parameters must be specified as a list. Actual parameters: {params}.")
    if any(not isinstance(name, str) for name in params):
        raise TypeError(
            "Parameters must be specified by their names with strings. "
            f"Actual parameters: {params}."
        )


def require_one_value(study: Study, target: Target | None) -> None:
    """Refuse several objectives without a target.

    Raises:
        ValueError: There are several, and none.
    """
    if target is None and len(study.directions) > 1:
        raise ValueError(
            "If the `study` is being used for multi-objective optimization, please specify the "
            "`target`. For example, use `target=lambda t: t.values[0]` for the first objective "
            "value."
        )


def find_distributions(study: Study, params: list[str] | None) -> dict[str, BaseDistribution]:
    """The distributions of parameters that all trials have, or of those that are named.

    Raises:
        TypeError: `params` is no list of names.
        ValueError: No complete trial has all of them, or not in the same way.
    """
    check_params(params)
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if params is None:
        return intersection_search_space(study.get_trials(deepcopy=False))
    having = [t for t in complete if all(name in t.distributions for name in params)]
    if params and not having:
        raise ValueError(
            "Study must contain completed trials with all specified parameters. "
            f"Specified parameters: {params}."
        )
    found = {name: having[0].distributions[name] for name in sorted(params)}
    for trial in having[1:]:
        if any(trial.distributions[name] != d for name, d in found.items()):
            raise ValueError(
                "Parameters importances cannot be assessed with dynamic search spaces if "
                f"parameters are specified. Specified parameters: {params}."
            )
    return found


def value_of(trial: FrozenTrial, target: Target | None) -> float:
    """What matters of a trial."""
    value = trial.value if target is None else target(trial)
    return math.nan if value is None else float(value)


def collect(study: Study, dists: Mapping[str, BaseDistribution], target: Target | None) -> Sample:
    """The complete trials with finite values that have all of some parameters."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    having = [(t, value_of(t, target)) for t in complete if dists.keys() <= t.params.keys()]
    shown = [(t, v) for t, v in having if math.isfinite(v)]
    X, n_choices = encode([t for t, _ in shown], dists)
    return Sample(list(dists), X, n_choices, np.array([v for _, v in shown]))


def encode(
    trials: Collection[FrozenTrial], dists: Mapping[str, BaseDistribution]
) -> tuple[Array, Index]:
    """Return X (n, d) unit columns of trials, and the numbers of choices (d,).

    NaN where a trial does not have a parameter, or has it out of its range.
    """
    X = np.full((len(trials), len(dists)), np.nan)
    n_choices = np.zeros(len(dists), dtype=np.int64)
    for j, (name, d) in enumerate(dists.items()):
        ours = to_luthier(d)
        if isinstance(d, CategoricalDistribution):
            n_choices[j] = len(d.choices)
        for i, trial in enumerate(trials):
            if name not in trial.params:
                continue
            stored = d.to_internal_repr(trial.params[name])
            if n_choices[j]:
                X[i, j] = stored
            elif d.contains(stored):
                X[i, j] = ours.to_unit(float(stored))
    return X, n_choices


def rank(importances: Mapping[str, float]) -> dict[str, float]:
    """Those that matter most first."""
    return dict(sorted(importances.items(), key=lambda kv: kv[1], reverse=True))
