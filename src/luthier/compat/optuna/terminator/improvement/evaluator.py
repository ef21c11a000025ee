"""How much a study could still gain."""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence

import numpy as np

from .....models.surrogate import Surrogate
from ...distributions import BaseDistribution
from ...marks import experimental_class
from ...samplers.seen_trials import to_history
from ...search_space import intersection_search_space
from ...study.direction import StudyDirection
from ...trial.frozen import FrozenTrial
from ...trial.state import TrialState

DEFAULT_TOP_TRIALS_RATIO = 0.5
DEFAULT_MIN_N_TRIALS = 20
_N_CANDIDATES = 1_000


def complete_trials(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The complete ones."""
    return [t for t in trials if t.state is TrialState.COMPLETE]


@experimental_class("3.2.0")
class BaseImprovementEvaluator(abc.ABC):
    """Base of what says how much a study could still gain."""

    @abc.abstractmethod
    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        """Return the gain, in units of the value."""


def regret_bound(
    trials: Sequence[FrozenTrial],
    direction: StudyDirection,
    space: dict[str, BaseDistribution],
    rng: np.random.Generator,
) -> float:
    """How much better than the best the best value of a space could be, by a Gaussian process.

    Source: Makarova 2022, section 3.1, with a fifth of the theory's beta.
    """
    losses = np.array([t.values[0] for t in trials])
    if len(trials) < 2 or np.ptp(losses) == 0:
        return 0.0
    history = to_history(trials, [direction], space)
    surrogate = Surrogate(history.space, history)
    n, d = history.X.shape
    beta = 2 * math.log(d * n**2 * math.pi**2 / 6 / 0.1) / 5
    mean, sd = surrogate.predict(history.X)
    far_mean, far_sd = surrogate.predict(history.space.sample(rng, _N_CANDIDATES))
    width = math.sqrt(max(beta, 0.0))
    least = min(float((mean - width * sd).min()), float((far_mean - width * far_sd).min()))
    return max(float((mean + width * sd).min()) - least, 0.0)


@experimental_class("3.2.0")
class RegretBoundEvaluator(BaseImprovementEvaluator):
    """A bound on how much better the best value could be, by luthier's Gaussian process.

    Args:
        top_trials_ratio: Share of the trials that the model learns from, the best ones.
        min_n_trials: How many at least.
        seed: Of the random numbers.
    """

    def __init__(
        self,
        top_trials_ratio: float = DEFAULT_TOP_TRIALS_RATIO,
        min_n_trials: int = DEFAULT_MIN_N_TRIALS,
        seed: int | None = None,
    ) -> None:
        self._top_trials_ratio = top_trials_ratio
        self._min_n_trials = min_n_trials
        self._rng = np.random.default_rng(seed)

    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        """Return the bound.

        Raises:
            ValueError: No trial is complete, or they have no parameter in common.
        """
        complete = complete_trials(trials)
        if not complete:
            raise ValueError(
                "Because no trial has been completed yet, the regret bound cannot be evaluated."
            )
        space = intersection_search_space(trials)
        if not space:
            raise ValueError(
                "The intersection search space is empty. This condition is not supported by "
                f"{type(self).__name__}."
            )
        n = min(max(int(len(complete) * self._top_trials_ratio), self._min_n_trials), len(complete))
        is_max = study_direction == StudyDirection.MAXIMIZE
        best = sorted(complete, key=lambda t: float(t.values[0]), reverse=is_max)[:n]
        return regret_bound(best, study_direction, space, self._rng)


@experimental_class("3.4.0")
class BestValueStagnationEvaluator(BaseImprovementEvaluator):
    """How many trials are left until the best value has not changed for long.

    Args:
        max_stagnation_trials: For how many trials.

    Raises:
        ValueError: There are less than none.
    """

    def __init__(self, max_stagnation_trials: int = 30) -> None:
        if max_stagnation_trials < 0:
            raise ValueError("The maximum number of stagnant trials must not be negative.")
        self._max_stagnation_trials = max_stagnation_trials

    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        """Return the number of trials.

        Raises:
            ValueError: No trial is complete.
        """
        values = [float(t.values[0]) for t in complete_trials(trials)]
        if not values:
            raise ValueError(
                "Because no trial has been completed yet, the improvement cannot be evaluated."
            )
        choose = max if study_direction == StudyDirection.MAXIMIZE else min
        best = values.index(choose(values))
        return self._max_stagnation_trials - (len(values) - 1 - best)
