"""Stop rules: each says when a study has done enough.

Pass a rule, or a list of them, to `Study.optimize(..., stop=...)`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from ._lazy import attach
from .errors import SamplerError, StudyError
from .history.history import History
from .numerics.pareto import is_non_dominated
from .space.space import Space
from .trial.record import State
from .typing import Array
from .validation import check_real, check_whole
from .wording import agree, count_of, to_six_digits

__all__ = ["Budget", "FoldNoise", "NoImprovement", "RegretBound", "StopRule", "Target"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__)

# points looked at: of the whole space, and around each of the leaders
_N_UNIFORM = 512
_N_NEAR = 16
_N_LEADERS = 8
_N_DRAWS = 1000  # of the posterior


class StopRule(ABC):
    """A rule that ends a run.

    A rule holds settings only, and at most a cache: the same history gives the same answer, so that
    every worker of a study stops by it, and a study that is loaded again stops at once if it was
    over.
    """

    @abstractmethod
    def reason(self, history: History) -> str | None:
        """Give the reason to begin no further trial; None to go on. Called before each trial.

        Args:
            history: All trials so far, of all workers, running ones too.

        Raises:
            StudyError: The rule cannot judge such a study.
        """

    def __repr__(self) -> str:
        settings = ", ".join(f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"{type(self).__name__}({settings})"


def _one_objective(rule: StopRule, history: History) -> None:
    if len(history.directions) > 1:
        raise StudyError(
            f"{rule!r} needs one objective, and the study has {len(history.directions)}; Budget "
            "does not, nor "
            "NoImprovement without min_delta"
        )


class NoImprovement(StopRule):
    """Stops when the last trials brought nothing better.

    Trials that are over count, by number and not by when they ended, so that a reproducible study
    stops reproducibly; those that were pruned or failed too. Re-runs of `Study.confirm` do not. A
    trial that breaks a constraint betters nothing. With several objectives better is what no trial
    before it beats or equals in all of them.

    Args:
        n_trials: How many trials in a row, at least 1.
        min_delta: By how much they would have to better the best value before them, >= 0; for one
            objective only.

    Raises:
        ValueError: A setting that makes no sense.
    """

    def __init__(self, n_trials: int, min_delta: float = 0.0) -> None:
        self.n_trials = check_whole("n_trials", n_trials)
        self.min_delta = check_real("min_delta", min_delta, 0.0)

    def reason(self, history: History) -> str | None:
        if self.min_delta:
            _one_objective(self, history)
        over = np.flatnonzero((history.state >= State.COMPLETE) & ~history.confirming)
        first = len(over) - self.n_trials
        if first < 0:
            return None
        counts = history.eligible[over] & ~np.isnan(history.losses[over]).any(axis=1)
        losses = np.where(counts[:, None], history.losses[over], np.inf)
        if losses.shape[1] == 1:
            before, last = losses[:first].min(initial=np.inf), losses[first:].min()
            if last < before - self.min_delta:
                return None
            if before < np.inf:
                by = f" by more than {self.min_delta:g}" if self.min_delta else ""
                return (
                    f"the last {_count(self.n_trials)} did not better "
                    f"{to_six_digits(float(history.values_of(before)))}{by}"
                )
        elif counts.any():
            news = np.flatnonzero(counts[first:]) + first
            if any(not (losses[:i] <= losses[i]).all(axis=1).any() for i in news):
                return None
            n = is_non_dominated(losses[counts]).sum()
            return f"none of the last {_count(self.n_trials)} came into the front, of {n}"
        kept = " and keeps all constraints" if history.constraint_names else ""
        return f"none of the last {_count(self.n_trials)} has a value{kept}"


class Target(StopRule):
    """Stops when a trial that breaks no constraint has reached a value.

    Args:
        value: In the direction of the study: this or less where it minimizes, this or more where it
            maximizes.

    Raises:
        ValueError: It is no finite number.
    """

    def __init__(self, value: float) -> None:
        self.value = check_real("value", value)

    def reason(self, history: History) -> str | None:
        _one_objective(self, history)
        best = history.best()
        if best is None or history.losses[best, 0] > float(history.values_of(self.value)):
            return None
        reached = to_six_digits(history.values[best, 0])
        return f"trial {best} reached {reached}, and {self.value:g} was the target"


class Budget(StopRule):
    """Stops when the study has used up what it may.

    Over all its runs and workers, unlike the bounds of `optimize`.

    Only trials that are over count, however they ended. Those that run then are finished, so that
    the study may use a little more.

    Args:
        n_trials: How many trials, at least 1.
        time_s: How long all of them may take together, in seconds.
        cost: What they may cost together, as noted with `trial.set_cost`.

    Raises:
        ValueError: No bound, or one that is not positive.
    """

    def __init__(
        self, n_trials: int | None = None, time_s: float | None = None, cost: float | None = None
    ) -> None:
        if n_trials is None and time_s is None and cost is None:
            raise ValueError("a budget needs n_trials, time_s or cost, got none of them")
        self.n_trials = None if n_trials is None else check_whole("n_trials", n_trials)
        self.time_s = None if time_s is None else check_real("time_s", time_s, 0.0, above=True)
        self.cost = None if cost is None else check_real("cost", cost, 0.0, above=True)

    def reason(self, history: History) -> str | None:
        over = history.has_result
        if (
            self.n_trials is not None
            and (n := int((history.state >= State.COMPLETE).sum())) >= self.n_trials
        ):
            verb = agree(n, "is", "are")
            return f"{count_of(n, 'trial')} {verb} over, of a budget of {self.n_trials}"
        if (
            self.time_s is not None
            and (spent := float(np.nansum(history.duration_s[over]))) >= self.time_s
        ):
            return f"trials took {to_six_digits(spent)} seconds, of a budget of {self.time_s:g}"
        if self.cost is not None and (spent := float(np.nansum(history.cost[over]))) >= self.cost:
            return f"trials cost {to_six_digits(spent)}, of a budget of {self.cost:g}"
        return None


class RegretBound(StopRule):
    """Stops when a model expects of the next trials no gain that matters.

    That is when P(the best of the next n_next trials betters the incumbent by more than epsilon) is
    below delta, and was so at the look before. The incumbent is the trial with the best posterior
    mean. It looks after every `every` complete trials, not before 2 max(10, d) of them, and its
    answer stands until the next look. A model of few trials may be sure and wrong, so the last
    n_next complete trials must have brought no such gain either.

    Source: Wilson 2024 (arXiv 2402.16811), who bounds the regret against the whole space.
    Deviations: against what a sampler could find next, since in many dimensions no model is ever
    sure of the whole space: the points are Thompson samples, argmins of draws of the posterior over
    points of the whole space and around the leaders, and other draws judge them; a number of draws
    that is fixed; two looks in agreement; and the glance back. What is drawn to break a constraint
    is no gain, nor is a trial that breaks one an incumbent.

    Args:
        epsilon: The gain that matters, in the unit of the objective. None for what cannot be told
            from luck, or is little beside what was gained: the noise's standard deviation, and at
            least a hundredth of the distance from the median to the best.
        delta: The probability, between 0 and 1.
        n_next: How many trials ahead, and back, at least 1.
        every: How many complete trials from one look to the next, at least 1.

    Raises:
        ValueError: A setting that makes no sense.
    """

    def __init__(
        self, epsilon: float | None = None, delta: float = 0.05, n_next: int = 20, every: int = 5
    ) -> None:
        self.epsilon = None if epsilon is None else check_real("epsilon", epsilon, 0.0)
        self.delta = check_real("delta", delta, 0.0, above=True)
        if self.delta >= 1:
            raise ValueError(f"delta is a probability between 0 and 1, got {delta!r}")
        self.n_next = check_whole("n_next", n_next)
        self.every = check_whole("every", every)
        self._looks: dict[int, tuple[bytes, str | None]] = {}

    def reason(self, history: History) -> str | None:
        _one_objective(self, history)
        least, complete = 2 * max(10, history.space.d), history.state == State.COMPLETE
        n_looks = (int(complete.sum()) - least) // self.every + 1
        if n_looks < 2 or not history.space.d:
            return None
        over = np.flatnonzero(history.state >= State.COMPLETE)
        n_complete = np.cumsum(complete[over])
        answer = None
        for n in (least + (n_looks - 1) * self.every, least + (n_looks - 2) * self.every):
            # What was known when so many were complete.
            seen = over[: int(np.searchsorted(n_complete, n)) + 1]
            key = b"".join(
                of[seen].tobytes() for of in (history.X, history.losses, history.violation)
            )
            known = self._looks.get(n)
            if known is None or known[0] != key:
                later = np.ones(history.n, dtype=bool)
                later[seen] = False
                self._looks = {m: look for m, look in self._looks.items() if m > n - 3 * self.every}
                known = self._looks[n] = (key, self._look(history.without(later), n))
            if known[1] is None:
                return None
            answer = answer or known[1]
        return answer

    def _look(self, history: History, n: int) -> str | None:
        """Give the reason after n complete trials, by these alone."""
        from .models.surrogate import Surrogate

        space, rng = history.space, np.random.default_rng([history.seed, n])
        complete, feasible = history.state == State.COMPLETE, history.feasible
        rows = np.flatnonzero(complete & history.fits & feasible)
        try:
            surrogate = Surrogate(space, history)
        except SamplerError:
            return None
        if not len(rows):
            return None
        tried = history.X[rows]
        order = np.argsort(surrogate.predict(tried)[0], kind="stable")
        losses = np.where(feasible, history.losses[:, 0], np.inf)[complete]
        before, last = losses[: -self.n_next].min(initial=np.inf), losses[-self.n_next :].min()
        losses = losses[np.isfinite(losses)]
        epsilon = self.epsilon
        if epsilon is None:
            epsilon = max(float(surrogate.noise), float(np.median(losses) - losses.min()) / 100)
        if last < before - epsilon:
            return None
        X = _around(space, np.repeat(tried[order[:_N_LEADERS]], _N_NEAR, axis=0), rng)
        X = np.concatenate([space.sample(rng, _N_UNIFORM), X])
        if space.finite:
            known = set(space.keys(history.X[complete & history.fits]))
            X = X[[key not in known for key in space.keys(X)]]
        if not len(X):
            return "every point that was looked at has been tried"
        p_feasible = _probability_feasible(history, X)
        if p_feasible is None:
            return None
        chosen = np.unique(
            _draw_feasible(surrogate.draws(X, self.n_next, rng), p_feasible, rng).argmin(axis=1)
        )
        f = surrogate.draws(np.concatenate([tried[order[:1]], X[chosen]]), _N_DRAWS, rng)
        gains = _draw_feasible(f[:, 1:], p_feasible[chosen], rng).min(axis=1) < f[:, 0] - epsilon
        p = float(gains.mean())
        if p >= self.delta:
            return None
        chance = f"below {1 / _N_DRAWS:.1%}" if p == 0 else f"{p:.1%}"
        verb = agree(self.n_next, "betters", "better")
        return (
            f"the chance that the next {_count(self.n_next)} {verb} trial {rows[order[0]]} by "
            f"more than {epsilon:.3g} is {chance}"
        )


class FoldNoise(StopRule):
    """Stops when what is left to gain is less than what cross-validation can tell apart.

    That is when the upper end of the best configuration's loss, less the lower end of any other's,
    is below the standard error of the best trial's value over its folds. Going on would find what
    suits these folds better, and not new data.

    For trials that report each fold's own score as a step, as `luthier.evaluation.Evaluate` does.

    Args:
        n_startup_trials: Number of complete trials before which it does not look, at least 2.
        every: How many complete trials from one look to the next, at least 1.
        delta: How much the bounds of the model may be wrong, between 0 and 1.

    Raises:
        ValueError: A setting that makes no sense.

    Source: Makarova 2022 (arXiv 2104.08166), with its beta of 0.2 x 2 ln(d t^2 pi^2 / (6 delta))
    and its error s sqrt(1/k + 1/(k - 1)) of k folds with standard deviation s. Deviation: the
    lowest bound is sought among random points and points near the leaders.
    """

    def __init__(self, n_startup_trials: int = 20, every: int = 5, delta: float = 0.1) -> None:
        self.n_startup_trials = check_whole("n_startup_trials", n_startup_trials, 2)
        self.every = check_whole("every", every)
        self.delta = check_real("delta", delta, 0.0, above=True)
        if self.delta >= 1:
            raise ValueError(f"delta is a probability between 0 and 1, got {delta!r}")

    def reason(self, history: History) -> str | None:
        _one_objective(self, history)
        complete = (history.state == State.COMPLETE) & ~history.confirming & history.fits
        t, best = int(complete.sum()), history.best()
        if t < self.n_startup_trials or best is None or not history.space.d:
            return None
        _, folds = history.reports_of(best)
        k = len(folds)
        if (t - self.n_startup_trials) % self.every or k < 2 or not np.isfinite(folds).all():
            return None
        left = self._bound_regret(history, history.X[complete], t)
        error = float(folds.std(ddof=1)) * float(np.sqrt(1 / k + 1 / (k - 1)))
        if left is None or left >= error:
            return None
        return (
            f"a model expects at most {left:.3g} to gain, which is less than the error "
            f"{error:.3g} of trial {best} over its {k} folds"
        )

    def _bound_regret(self, history: History, tried: Array, t: int) -> float | None:
        """Return by how much a configuration could be better than the best of those tried."""
        from .models.surrogate import Surrogate

        space, rng = history.space, np.random.default_rng([history.seed, t])
        try:
            surrogate = Surrogate(space, history)
        except SamplerError:
            return None
        beta = 0.4 * np.log(space.d * t**2 * np.pi**2 / (6 * self.delta))
        mean, sd = surrogate.predict(tried)
        leaders = tried[np.argsort(mean, kind="stable")[:_N_LEADERS]]
        near = _around(space, np.repeat(leaders, _N_NEAR, axis=0), rng)
        others, other_sd = surrogate.predict(np.concatenate([space.sample(rng, _N_UNIFORM), near]))
        width = float(np.sqrt(beta))
        lowest = min(float((others - width * other_sd).min()), float((mean - width * sd).min()))
        return float((mean + width * sd).min()) - lowest


def _count(n: int) -> str:
    return agree(n, "trial", f"{n:,} trials")


def _probability_feasible(history: History, X: Array) -> Array | None:
    """Probability (k,) that constraints are kept at X (k, d); None while no model can tell."""
    from .models.surrogate import probability_of_feasibility

    if not history.constraint_names:
        return np.ones(len(X))
    try:
        return probability_of_feasibility(history.space, history, X)
    except SamplerError:
        return None


def _draw_feasible(f: Array, p_feasible: Array, rng: np.random.Generator) -> Array:
    """Draw losses (n, k): f, or infinity where a draw breaks a constraint.

    `p_feasible` (k,) is the probability that all constraints are kept.
    """
    is_certain = (p_feasible == 1).all()
    return f if is_certain else np.where(rng.random(f.shape) < p_feasible, f, np.inf)


def _around(space: Space, X: Array, rng: np.random.Generator) -> Array:
    """Feasible points near X (n, d).

    Numbers moved by a normal of sd 0.02 to 0.2, some choices drawn anew.
    """
    U = space.sample(rng, len(X))  # a parameter that the others switch on is taken from here
    sd = np.exp(rng.uniform(np.log(0.02), np.log(0.2), (len(X), 1)))
    moved = np.clip(X + rng.normal(size=X.shape) * sd, 0.0, 1.0)
    unordered = np.isin(np.arange(space.d), space.unordered)
    moved[:, unordered] = X[:, unordered]
    anew = np.isnan(moved) | (unordered & (rng.random(X.shape) < 1 / space.d))
    moved = np.where(anew, U, moved)
    moved = np.where(np.isnan(moved), np.where(unordered, 0.0, 0.5), moved)  # switched off in both
    moved = space.settle(moved)
    return moved[space.feasible(moved)]
