"""Search by comparisons: people say which of two trials is better, and no value is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from ..history.history import History
from ..models.preferences import Preferences, find_comparable, learn_preferences
from ..models.training_data import InputEncoder
from ..numerics.acquisition import log_expected_improvement, log_expected_improvement_by
from ..numerics.gp import Inputs, Posterior
from ..numerics.threads import one_thread
from ..space.space import Space
from ..typing import Array
from ..validation import check_whole
from .acquisition_search import AcquisitionSearch
from .base import Sampler
from .gp_acquisitions import Acquisition
from .startup import prior_exponent, sample_startup

_MAX_PENDING = 20  # trials without a comparison, the latest, that proposals avoid
_LEAST_VARIANCE = 1e-9  # of a difference; that of the best with itself is 0
_CURIOSITY = (1.0, 0.3)  # how much a standard deviation counts, in turns
_N_LEADERS = 3  # best trials whose neighbourhood is searched


class Preferential(Sampler):
    """Bayesian optimisation of what people prefer, from comparisons of two trials at a time.

    The utility of a configuration is a Gaussian process that is only known by which of two trials
    was called better (`Study.preferences`). The next trial is the one for which the better of it
    and of the best so far is expected to be best, so that the comparison of the two is worth most.
    Trials that nobody has compared count as losing against the best, so that proposals spread.
    Values that trials may have are not used.

    When to use: for what only people can judge, such as images, sounds, texts or settings of a
    machine by feel; with up to some hundreds of comparisons.

    Args:
        n_startup_trials: Trials before the first model, at least 2. They come from a quasi-random
            sequence, led by the centre of the space or its declared defaults.

    Raises:
        ValueError: n_startup_trials is out of range.

    Source: Chu & Ghahramani 2005 (the process, with Laplace's approximation); Lin 2022 (the
    expected utility of the best option, EUBO). Deviations: one of the two options is the trial with
    the highest mean, so that one new trial a comparison is enough; standard deviations count three
    tenths at every second proposal, as a comparison tells little, and a person makes few.
    """

    learns: ClassVar[bool] = False  # from values

    def __init__(self, n_startup_trials: int = 4) -> None:
        check_whole("n_startup_trials", n_startup_trials, least=2)
        self.n_startup_trials = n_startup_trials

    @one_thread()
    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        learned = None if history.n < self.n_startup_trials else learn_preferences(history)
        if learned is None:
            return sample_startup(space, history, n, rng)

        encoder = InputEncoder(space)
        pending = np.setdiff1d(find_comparable(history), learned.number)[-_MAX_PENDING:]
        if len(pending):
            learned = learned.losing(encoder.encode(history.X[pending]))
        known = learned.number >= 0
        order = np.argsort(-learned.utility[known], kind="stable")[:_N_LEADERS]
        leaders = history.X[learned.number[known][order]]
        k = len(history.info.comparisons)
        gain = _LogEUBO(learned, _CURIOSITY[k % 2])
        acquisition = Acquisition(space, encoder, gain, prior_exponent=prior_exponent(space, k))
        search = AcquisitionSearch(space)
        X = np.empty((0, space.d))
        for i in range(n):
            if i:
                acquisition.pretend_observed(X[-1:])
            X = np.concatenate([X, search.maximise(acquisition, history, leaders, X, rng)])
        return X


class _LogEUBO:
    """The log of how much better than the best so far the better of that and a point will be.

    With h(x) = f(x) - f(best), it is log E max(h, 0): the expected improvement of the difference.

    Args:
        learned: The model.
        curiosity: How much a standard deviation counts.
    """

    def __init__(self, learned: Preferences, curiosity: float) -> None:
        self.curiosity = curiosity
        self._take(learned)

    def _take(self, learned: Preferences) -> None:
        posterior = learned.posterior
        mean, variance = posterior.predict(learned.Z.rows(learned.best, learned.best + 1))
        self._learned = learned
        self._mean, self._variance = float(mean[0]), float(variance[0])
        self._shared = posterior.covariance_with(learned.best)
        self.models: Sequence[Posterior] = [posterior]

    def pretend_observed(self, Z: Inputs, feasible: bool) -> None:
        """Take a point as compared with the best, and as losing."""
        self._take(self._learned.losing(Z))

    def value(self, Z: Inputs) -> Array:
        """Return (k,) values at k points."""
        mean, variance = self.models[0].predict(Z)
        shared, _ = self._shared.predict(Z)
        sd = self._deviation(variance, shared)
        return log_expected_improvement(self._mean - mean, sd, 0.0)

    def slope(self, Z: Inputs) -> tuple[Array, Array]:
        """Return values (k,), and their derivatives (k, p) by the numbers."""
        mean, variance, mean_by, variance_by = self.models[0].gradients(Z)
        shared, _, shared_by, _ = self._shared.gradients(Z)
        sd = self._deviation(variance, shared)
        sd_by = self.curiosity**2 * (variance_by - 2 * shared_by) / (2 * sd[:, None])
        f, by_mean, by_sd = log_expected_improvement_by(self._mean - mean, sd, 0.0)
        return f, by_sd[:, None] * sd_by - by_mean[:, None] * mean_by

    def _deviation(self, variance: Array, shared: Array) -> Array:
        """Standard deviation (k,) of the difference, at least a little, as far as it counts."""
        return self.curiosity * np.sqrt(
            np.maximum(variance + self._variance - 2 * shared, _LEAST_VARIANCE)
        )
