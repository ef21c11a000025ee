"""The tree-structured Parzen estimator."""

from __future__ import annotations

import math

import numpy as np

from ..history.history import History
from ..numerics.crossed_parzen import Crossed
from ..numerics.hypervolume import contributions
from ..numerics.parzen import Mixture
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index
from ..validation import check_whole
from .base import Sampler, replace_seen
from .density_ratio import MAX_GOOD, DensityFitter, check_settings, improvement_weights, propose
from .ranking import count_finished, rank_trials, scale_to_reference
from .startup import prior_exponent, sample_startup


class TPE(Sampler):
    """Tree-structured Parzen estimator: proposes where good trials are dense and others are not.

    The good trials and the rest are modelled by a density each, l(x) and g(x), and the proposal is
    the best of some draws from l by l / g. Good are the best ceil(gamma n) of the n finished
    trials, at most 25. Both densities are mixtures of product kernels over all parameters together
    (multivariate), trees of conditional parameters included: see `Mixture`. Pruned trials rank
    behind complete ones, by the step they reached; failed and running trials are among the rest,
    which keeps workers apart. The kernels of l get narrower where the good trials lie close
    together, those of g do not, so a search that has found a place goes on to refine it.

    With several objectives, good are the best fronts, and of the last of them the trials that add
    most hypervolume. Feasible trials come before infeasible ones, and these are ordered by how far
    they violate constraints. With more than eight objectives, how far trials reach in many fixed
    directions stands for the volume. As trials are then good for different reasons, kernels
    exchange columns, see `Crossed`, and so do the draws that compete.

    Where the study has memory of earlier tasks, their rows have kernels too, whose weight is how
    well each task ranks the trials that have ended: see `luthier.transfer.lending`.

    Priors of the space steer: half of the first trials are drawn from them, and l / g is multiplied
    by prior^(10 / n), which fades as trials are finished.

    When to use: for thousands of trials, and for objectives that take milliseconds. A proposal
    costs the same however many trials there are.

    Args:
        n_startup_trials: Finished trials before the first model, at least 1. Until then, trials
            come from a quasi-random sequence, led by the centre of the space or its declared
            defaults.
        n_candidates: Number of draws from l that compete, 1 to 100,000; half as many where their
            columns are combined.
        gamma: Share of finished trials that count as good, above 0 and at most 1.
        prior_weight: Weight of the kernel that covers the whole space, above 0; an observation has
            1.
        bandwidth: Of a single kernel, on the unit interval, 0.001 to 1. Each of k kernels in d
            dimensions gets bandwidth * k^(-1/(d + 4)); in l, with one objective and no constraint,
            the spread of the good trials takes its place where that is smaller, see
            `luthier.numerics.parzen.shrunk_spread`.

    Raises:
        ValueError: An argument is out of range.

    Source: Bergstra 2011, section 4 (l / g); Hyperopt (recency weights); Watanabe 2023 (share of
    0.15, good trials weighted by how much better they are); Hvarfner 2022 (priors); Ozaki 2022
    (several objectives); Watanabe 2023 (memory). Deviations: Scott's rule for the bandwidth instead
    of gaps between neighbours, which narrows l only; one mixture over the whole conditional tree;
    quasi-random start; crossed kernels, which lie between one mixture of all columns and one for
    each.
    """

    def __init__(
        self,
        n_startup_trials: int = 8,
        n_candidates: int = 64,
        gamma: float = 0.15,
        prior_weight: float = 1.0,
        bandwidth: float = 0.2,
    ) -> None:
        check_whole("n_startup_trials", n_startup_trials, least=1)
        check_settings(n_candidates, gamma, prior_weight, bandwidth)
        self.n_startup_trials = n_startup_trials
        self.n_candidates = n_candidates
        self.gamma = gamma
        self.prior_weight = prior_weight
        self.bandwidth = bandwidth
        self._fitter = DensityFitter(prior_weight, bandwidth)
        self._chosen: dict[bytes, Index] = {}  # from fronts, which seldom change

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        n_good = min(math.ceil(self.gamma * count_finished(history)), MAX_GOOD)
        order, n_finished = rank_trials(history, n_good, cache=self._chosen)
        n_startup, lent = self.n_startup_trials, None
        if history.info.memory:
            from .memory_start import lead_bracket, start_length  # its models take long to load

            n_startup = start_length(space, history, n_startup)
            if (led := lead_bracket(space, history, n)) is not None:
                return led
        if n_finished < n_startup:
            return sample_startup(space, history, n, rng)
        if history.info.memory:
            from ..transfer.lending import lend_rows

            lent = lend_rows(space, history, self.gamma)

        densities = self._fitter.fit(
            space,
            history.X,
            order,
            good_trial_weights(history, order, n_good),
            prior_exponent(space, n_finished),
            Crossed if is_crossed(history) else Mixture,
            lent,
        )
        points = [propose(space, history, densities, self.n_candidates, rng) for _ in range(n)]
        X = np.concatenate(points)
        return replace_seen(space, history, X, rng) if n > 1 else X


def is_crossed(history: History) -> bool:
    """Whether trials are good for different reasons, so that kernels exchange columns."""
    return len(history.directions) > 1 or bool(history.constraint_names)


def good_trial_weights(history: History, order: Index, n_good: int) -> Array:
    """Return weights (n_good,) of the good trials, whose mean is 1.

    One objective: how much better each is than the best of the others. Several: the hypervolume
    that would be lost without each. While no trial is feasible: by the violation of constraints.
    With several objectives or constraints, one half of a weight is the same for all.

    Args:
        history: All trials.
        order: Numbers of trials, the best first.
        n_good: Number of good trials.
    """
    first = order[: n_good + 1]
    loss = history.losses_of(history.values[first])
    complete = history.state[first] == State.COMPLETE
    if not is_crossed(history):
        return improvement_weights(np.where(complete, loss[:, 0], np.inf), n_good)

    violation = history.violation[first]
    feasible = complete & (violation == 0)
    if not feasible.any():
        weights = improvement_weights(np.where(complete, violation, np.inf), n_good)
    elif loss.shape[1] == 1:
        weights = improvement_weights(np.where(feasible, loss[:, 0], np.inf), n_good)
    else:
        feasible = feasible[:n_good]
        scaled = scale_to_reference(loss[:n_good][feasible])
        weights = np.zeros(n_good)
        weights[feasible] = contributions(scaled, np.zeros(loss.shape[1]))
        weights = weights / weights.mean() if weights.max() > 0 else np.ones(n_good)
    return 0.5 + 0.5 * weights
