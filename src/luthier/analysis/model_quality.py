"""How well a model predicts trials that it has not seen, and whether that is enough to speak."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..models.surrogate import Surrogate
from ..numerics import forest
from ..numerics.rank_tests import spearman
from ..typing import Array
from ..wording import count_of

LEAST_R2 = 0.1
LEAST_RANK_CORRELATION = 0.2
"""Below either of these a model says nothing: it predicts hardly better than the mean.

Source: the health checks of Ax (R2); the rank correlation is our own choice.
"""

_LEAST_TRIALS = 20
_TRIALS_PER_PARAMETER = 3
_Z = 1.644854  # of a 90 % interval


class ModelQuality(NamedTuple):
    """How well a model predicts trials from others, by cross-validation.

    Attributes:
        rank_correlation: Spearman's, of the losses predicted and observed; 0 where either is
            constant.
        r2: Share of the variance that is predicted; below 0 where the mean would be nearer.
        n: Number of trials that were predicted.
        n_needed: Fewest trials from which anything is said.
        coverage: Share of the trials inside of their 90 % intervals; NaN where the model has none.
    """

    rank_correlation: float
    r2: float
    n: int
    n_needed: int = _LEAST_TRIALS
    coverage: float = math.nan

    @property
    def suffices(self) -> bool:
        """Whether the model is good enough for an analysis to lean on it."""
        return not self.explain()

    def explain(self) -> str:
        """Return why the model does not suffice; "" where it does."""
        if self.n < self.n_needed:
            known = count_of(self.n, "finished trial")
            return f"not enough to say: {known}, and {self.n_needed} are needed"
        if self.r2 < LEAST_R2 or self.rank_correlation < LEAST_RANK_CORRELATION:
            return (
                "not enough to say: a model of the trials does not predict the ones left out "
                f"(R2 {self.r2:.2f}, rank correlation {self.rank_correlation:.2f}; at least "
                f"{LEAST_R2} and {LEAST_RANK_CORRELATION} are needed)"
            )
        return ""


def count_needed(d: int) -> int:
    """Return the fewest trials from which something can be said of d parameters."""
    return max(_LEAST_TRIALS, _TRIALS_PER_PARAMETER * d)


def measure_quality(
    observed: Array, predicted: Array, sd: Array | None = None, n_needed: int = _LEAST_TRIALS
) -> ModelQuality:
    """Return the quality of predictions of trials that the model had not seen.

    Args:
        observed: (n,) finite.
        predicted: (n,) finite.
        sd: (n,) standard deviations of the predictions, noise included; None where unknown.
        n_needed: Fewest trials from which anything is said.
    """
    n = len(observed)
    if n < 2:
        return ModelQuality(0.0, 0.0, n, n_needed)
    scale = float(max(np.abs(observed).max(), np.abs(predicted).max())) or 1.0  # no overflow
    error = float((((observed - predicted) / scale) ** 2).sum())
    total = float((((observed - observed.mean()) / scale) ** 2).sum())
    coverage = math.nan
    if sd is not None:
        coverage = float((np.abs(observed - predicted) <= _Z * sd).mean())
    r2 = 1 - error / total if total > 0 else 0.0
    return ModelQuality(spearman(observed, predicted)[0], r2, n, n_needed, coverage)


def surrogate_quality(surrogate: Surrogate, d: int) -> ModelQuality:
    """Return how well a surrogate of d parameters predicts each trial from all others.

    R2 is on the scale on which the surrogate learns: beyond the median, of ranks.
    """
    return measure_quality(*surrogate.left_out(), n_needed=count_needed(d))


def forest_quality(fitted: forest.Forest, X: Array, y: Array) -> ModelQuality:
    """Return how well a random forest predicts each trial by the trees that have not seen it.

    Args:
        fitted: The forest.
        X: (n, d) unit columns of the trials that it was fitted to.
        y: (n,) their losses.
    """
    predicted = forest.predict_left_out(fitted, X)
    return measure_quality(y, predicted, n_needed=count_needed(X.shape[1]))
