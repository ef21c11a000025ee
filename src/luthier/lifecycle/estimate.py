"""How often a model errs while its labels are not there yet, from calibrated probabilities.

It is an estimate, never a measurement: it holds where the same answer is right as often as before,
whatever the inputs are. Where what is right has changed, it sees nothing. So it is only given where
the latest labels do not contradict it.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from ..errors import LifecycleError
from ..typing import Array

_FEWEST = 100  # rows with labels, of either kind
_LEVEL_Z = 2.576  # of a two-sided test at 1 %


class Estimate(msgspec.Struct, frozen=True):
    """An expected error.

    Attributes:
        error: Share of the answers that are expected to be wrong; NaN where nothing can be said.
        because: Why nothing can be said; "" where something can.
    """

    error: float
    because: str = ""


class ErrorEstimator:
    """Expects the errors of a classifier of two classes, which answers with probabilities.

    Args:
        probabilities: (n,) of the positive class, on rows that no training saw.
        labels: (n,) 0 or 1; at least 100 rows, and both of them.
        threshold: From which probability on the answer is positive.

    Raises:
        LifecycleError: There are too few rows, or values that cannot be.

    Source: CBPE of NannyML (Kuberski 2022), with isotonic calibration (Zadrozny and Elkan 2002).
        Deviation: an estimate is refused where the latest labels contradict the calibration.
    """

    def __init__(self, probabilities: Any, labels: Any, threshold: float = 0.5) -> None:
        from scipy.optimize import isotonic_regression

        p, y = _check(probabilities, labels)
        if len(p) < _FEWEST or len(np.unique(y)) < 2:
            raise LifecycleError(
                f"expected labels of at least {_FEWEST} rows, with both 0 and 1, got {len(p)} rows"
            )
        self.threshold = threshold
        self._because = "no labels have come since: call 'check' with the latest ones"
        self._n = len(p)
        self._p, at = np.unique(p, return_inverse=True)
        n = np.bincount(at)
        self._rate = isotonic_regression(np.bincount(at, weights=y) / n, weights=n).x

    def calibrate(self, probabilities: Any) -> Array:
        """Return (n,) the shares of positives among rows that had such probabilities."""
        return self._find_rates(_check(probabilities)[0])

    def check(self, probabilities: Any, labels: Any) -> bool:
        """Compare what is expected with the latest labels; whether estimates may be given.

        Args:
            probabilities: (n,) that were answered for rows whose labels have come by now.
            labels: (n,) 0 or 1.

        Raises:
            LifecycleError: Values that cannot be.
        """
        p, y = _check(probabilities, labels)
        if len(p) < _FEWEST:
            self._because = f"only {len(p)} labels have come; {_FEWEST} are needed"
            return False
        expected = self._expect_errors(p)
        wrong = (p >= self.threshold) != (y == 1)
        error, known = float(expected.mean()), float(wrong.mean())
        of_labels = max(float((expected * (1 - expected)).sum()), 1.0) / len(p) ** 2
        of_calibration = error * (1 - error) / self._n
        spread = math.sqrt(of_labels + of_calibration)
        self._because = ""
        if abs(known - error) > _LEVEL_Z * spread:
            self._because = (
                f"the latest {len(p)} labels have error {known:.4g}, where {error:.4g} was expected"
            )
        return not self._because

    def estimate(self, probabilities: Any) -> Estimate:
        """Expect the error on rows without labels.

        Args:
            probabilities: (n,) that were answered.

        Raises:
            LifecycleError: Values that cannot be.
        """
        p, _ = _check(probabilities)
        if self._because or not len(p):
            return Estimate(math.nan, self._because or "there are no rows")
        return Estimate(float(self._expect_errors(p).mean()))

    def _expect_errors(self, p: Array) -> Array:
        rate = self._find_rates(p)
        return np.where(p >= self.threshold, 1 - rate, rate)

    def _find_rates(self, p: Array) -> Array:
        return np.interp(p, self._p, self._rate)


def _check(probabilities: Any, labels: Any = None) -> tuple[Array, Array]:
    p = np.asarray(probabilities, dtype=np.float64).reshape(-1)
    if not ((p >= 0) & (p <= 1)).all():
        raise LifecycleError("probabilities must lie in [0, 1]")
    if labels is None:
        return p, np.empty(0)
    y = np.asarray(labels, dtype=np.float64).reshape(-1)
    if len(y) != len(p) or not np.isin(y, (0, 1)).all():
        raise LifecycleError(
            f"expected a label, 0 or 1, for each of {len(p)} probabilities, got {len(y)}"
        )
    return p, y
