"""A sampler of your own: local search, which changes a few parameters of the best trial so far.

A sampler is one method. It sees the space and all trials as arrays, and returns points as rows of
unit columns.
"""

import numpy as np

import luthier
from luthier import Categorical, Float, History, Int
from luthier.samplers import Sampler


class LocalSearch(Sampler):
    """Random points first, then the best point with some of its parameters changed.

    Args:
        p_change: Probability that a parameter is changed.
        sigma: Standard deviation of the change of a number, as a share of its range.
        n_startup_trials: Number of random points before the search begins.
    """

    def __init__(
        self, p_change: float = 0.4, sigma: float = 0.1, n_startup_trials: int = 10
    ) -> None:
        self.p_change = p_change
        self.sigma = sigma
        self.n_startup_trials = n_startup_trials

    def sample(
        self, space: luthier.Space, history: History, n: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Propose n points, (n, d)."""
        fresh = space.sample(rng, n)  # uniform, and allowed by the constraints
        best = history.best()
        if best is None or history.n < self.n_startup_trials or not history.fits[best]:
            return fresh
        X = np.repeat(history.X[[best]], n, axis=0)
        change = rng.random(X.shape) < self.p_change
        for j, dist in enumerate(space.dists):
            changed = change[:, j]
            if isinstance(dist, Categorical) and not dist.ordered:  # an index: any other choice
                X[changed, j] = fresh[changed, j]
            else:  # in [0, 1], whatever the scale
                X[changed, j] += rng.normal(0, self.sigma, int(changed.sum()))
        X = space.settle(np.clip(X, 0, [max(1, dist.n_values or 1) for dist in space.dists]))
        useless = ~space.feasible(X) | (np.isnan(X) & space.active(X)).any(axis=1)
        X[useless] = fresh[useless]
        return X


def objective(trial: luthier.Trial) -> float:
    """A bowl with one bad choice."""
    p = trial.params
    return (
        (p["x"] - 0.7) ** 2
        + abs(np.log10(p["rate"]) + 3)
        + abs(p["k"] - 4) / 8
        + (p["kind"] == "b")
    )


space = {
    "x": Float(0, 1),
    "rate": Float(1e-5, 1e-1, scale="log"),
    "k": Int(1, 9),
    "kind": ["a", "b", "c"],
}
for sampler in (LocalSearch(), "Random"):
    study = luthier.create_study(space=space, sampler=sampler, seed=0)
    study.optimize(objective, n_trials=100)
    print(f"{study.sampler!r}: {study.best_value:.4f}")
