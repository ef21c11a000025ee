"""Model of what people prefer: comparisons of trials as a Gaussian process of their utility."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..numerics.gp import Inputs, Posterior
from ..numerics.preference_gp import Comparisons, condition_on, fit_preferences, preference_prior
from ..numerics.threads import one_thread
from ..trial.record import State
from ..typing import Array, Index
from .hyperparameters import lengthscale_prior
from .training_data import InputEncoder

_MOST_FITTED = 150  # comparisons, the latest, from which the scales are learned


class Preferences(NamedTuple):
    """What the comparisons of a study say of its trials.

    Attributes:
        number: (m,) numbers of the trials that were compared, ascending.
        Z: Their m points.
        found: The comparisons of these points.
        theta: The scales of the process.
        posterior: Of the utility; larger is better.
        utility: (m,) its mean at the points.
        best: Place of the best of them that somebody has not hidden, nor has failed.
    """

    number: Index
    Z: Inputs
    found: Comparisons
    theta: Array
    posterior: Posterior
    utility: Array
    best: int

    def losing(self, Z: Inputs) -> Preferences:
        """What would be known if further points lost against the best, at the same scales."""
        m, k = self.Z.n, Z.n
        points = Inputs(np.concatenate([self.Z.N, Z.N]), np.concatenate([self.Z.C, Z.C]))
        found = Comparisons(
            np.append(self.found.better, np.full(k, self.best)),
            np.append(self.found.worse, np.arange(m, m + k)),
            np.append(self.found.weight, np.ones(k)),
        )
        posterior = condition_on(self.theta, points, found)
        utility, _ = posterior.predict(points)
        return Preferences(
            np.append(self.number, np.full(k, -1)),
            points,
            found,
            self.theta,
            posterior,
            utility,
            self.best,
        )


def find_comparable(history: History) -> Index:
    """Numbers of the trials that can be compared: they fit the space, count, and did not fail."""
    counts = history.fits & (history.state != State.FAILED) & ~history.hidden
    return np.flatnonzero(counts)


@one_thread()
def learn_preferences(history: History) -> Preferences | None:
    """Learn from the comparisons of a study; None where there are none of its present space.

    Args:
        history: Its trials, and what people preferred.
    """
    encoder = InputEncoder(history.space)
    known = [
        (better, worse, equal)
        for better, worse, equal in history.info.comparisons
        if max(better, worse) < history.n and history.fits[better] and history.fits[worse]
    ]
    if not known or not encoder.d:
        return None
    better, worse, equal = (np.array(column) for column in zip(*known, strict=True))
    number, place = np.unique(np.concatenate([better, worse]), return_inverse=True)
    good = np.flatnonzero(np.isin(number, find_comparable(history)))
    if not len(good):
        return None

    Z = encoder.encode(history.X[number])
    better, worse = place[: len(known)], place[len(known) :]
    found = Comparisons.of(better, worse, equal)
    last = slice(-_MOST_FITTED, None)
    latest = Comparisons.of(better[last], worse[last], equal[last])
    theta = fit_preferences(Z, latest, preference_prior(lengthscale_prior(encoder.d).rho))
    posterior = condition_on(theta, Z, found)
    utility, _ = posterior.predict(Z)
    best = int(good[np.argmax(utility[good])])
    return Preferences(number, Z, found, theta, posterior, utility, best)
