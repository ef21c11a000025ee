"""The automatic choice."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import models
from ..history.history import History
from ..history.resources import is_partial
from ..models.obstacles import LATEST, Obstacle, find_obstacles
from ..space.distributions import Categorical
from ..space.space import Space
from ..typing import Array
from ..wording import count_of
from .base import Sampler
from .qmc import QMC
from .startup import sample_startup, untried_first

N_STARTUP = 8  # finished trials before the first model, as GP and TPE have it
# time that the Gaussian process may always take, and as a share of the time spent in trials
_GRACE_S = 5.0
_SHARE = 0.05
_CHECK_EVERY = 25  # finished trials between two checks of the model
_MAX_CHECKED = 300  # the latest finished trials that a check compares
_POOR_TAU = 0.15  # a rank correlation below this is no better than chance
_MAX_PARTIAL = 1000  # partly trained trials beyond which their curves are not modelled
_FEW_WORKERS = 4  # that any method keeps busy
_MAX_CMAES = 500  # parameters that CMAES takes
_MANY_MODELS = 30  # Gaussian processes that take too long together
_MANY_INACTIVE = (
    0.5  # share of parameters that trials lack, where the model knows few of each branch
)
_MANY_WORKERS = 64  # too many for a model that takes long


class Method(NamedTuple):
    """The method of a proposal, and the reason for it.

    Attributes:
        name: Name of the sampler, or "start".
        why: The reason, in words.
        since: Number of the first trial that it is responsible for.
    """

    name: str
    why: str
    since: int = 0


class Auto(Sampler):
    """Automatic choice: takes the method that fits the study so far, and explains it.

    `study.sampler.explain()` says why. The first row that holds decides:

    - first rows of the space, such as the portfolio of a ready-made one, that no trial has: these,
      unless the study has earlier tasks to learn from, which then lead;
    - more than 4 workers, that run more than half of all trials at once: QMC;
    - fewer than 8 finished trials: the declared defaults or the centre, then QMC;
    - the Gaussian process has used up its time: CMAES for one objective where all parameters are
      numbers without conditions, and no more than 500, else TPE;
    - more than 30 objectives and constraints, each of which would need a model: TPE;
    - more than 64 workers, or more than 1,000 trials of which some were stopped early: TPE;
    - predictions of left-out trials that rank them no better than chance, twice in a row and in all
      objectives: TPE;
    - conditional parameters, of which a trial has less than half on average: GP and TPE in turns;
    - everything else: GP.

    The Gaussian process may take 5 seconds for each objective and constraint, and beyond that 5 %
    of the time spent in trials. Trials that take no time get it for about 300 proposals, long ones
    always. The time of a proposal is estimated from the numbers of trials and parameters, not
    measured; how long trials took is what their rows say. Where trials are stopped early there is
    no such limit: they are long, and the model of their curves stays small.

    When to use: always, unless you know a better method for your study, or a long study must come
    out the same on another machine: then name the sampler.

    Source: none. Deviation: none.
    """

    def __init__(self) -> None:
        self._samplers: dict[tuple[str, int], Sampler] = {}
        self._method = Method("Auto", "nothing has been proposed yet")
        # by number of finished trials: the trials that were checked, and Kendall's tau
        self._checks: dict[int, tuple[bytes, float]] = {}
        # how many times 20 trials there were at the last look, and what keeps models from learning
        self._obstacles: tuple[int, list[Obstacle]] = (0, [])

    def explain(self) -> str:
        """Return the method of the last proposal, the reason for it, and what keeps models out."""
        parts = [f"{self._method.name}: {self._method.why}"]
        if self.memory_weight is not None:
            parts.append(f"earlier tasks have a weight of {self.memory_weight:.2f} in its model")
        return "; ".join([*parts, *map(str, self._obstacles[1])])

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        method = self._choose(space, history, n)
        self._method = method
        self.memory_weight = None
        self.memory_tasks = ()
        if (n_looks := history.n // LATEST) != self._obstacles[0]:
            self._obstacles = (n_looks, find_obstacles(history))
        if method.name == "start":
            return sample_startup(space, history, n, rng)
        sampler = self._sampler(method.name, method.since)
        X = sampler.sample(space, history, n, rng)
        self.memory_weight = sampler.memory_weight
        self.memory_tasks = sampler.memory_tasks
        return X

    def _sampler(self, name: str, since: int) -> Sampler:
        """Return the sampler of a name; CMAES counts trials from number `since` on."""
        key = (name, since)
        if key not in self._samplers:
            self._samplers[key] = _make(name, since)
        return self._samplers[key]

    def _choose(self, space: Space, history: History, n: int) -> Method:
        """Return the method for the next n proposals."""
        n_left = 0 if history.info.memory else len(untried_first(space, history))
        if n_left:
            return Method("start", _explain_first(space, n_left))
        n_workers = len(history.running) + n
        if n_workers > _FEW_WORKERS and history.budget and 2 * n_workers > history.budget:
            why = f"{n_workers} trials at a time of {history.budget} leave nothing to learn from"
            return Method("QMC", why)
        n_finished = int(history.has_result.sum())
        n_start = N_STARTUP
        if history.info.memory:
            from .memory_start import start_length  # its models take long to load

            n_start = start_length(space, history, N_STARTUP)
        if n_finished < n_start:
            why = f"{n_finished} of {n_start} finished trials that a model needs"
            return Method("start", why)

        m = len(history.directions)
        n_models = m + len(history.constraint_names)
        d = sum(p.n_values != 1 for p in space.dists)
        size = _describe_size(d, m, n_models - m)
        partial = m == 1 and is_partial(history)
        if not partial and (since := find_time_limit(history, d, n_models)) is not None:
            why = f"a Gaussian process of {size} has used up its time to think since trial {since}"
            categories = any(isinstance(p, Categorical) for p in space.dists)
            if m > 1 or space.conditional or categories or d > _MAX_CMAES:
                return Method("TPE", why)
            return Method("CMAES", f"{why}; starts from what it has found", since)
        if n_models > _MANY_MODELS:
            return Method("TPE", f"{n_models} objectives and constraints need a model each")
        if n_workers > _MANY_WORKERS or (partial and n_finished > _MAX_PARTIAL):
            return Method("TPE", f"{n_workers} trials at a time, {n_finished} finished ones")

        tau = [] if partial else self._check_model(space, history)
        if len(tau) > 1 and max(tau[-2:]) < _POOR_TAU:
            found = " and ".join(f"{t:.2f}" for t in tau[-2:])
            why = f"a Gaussian process ranks left-out trials no better than chance (tau {found})"
            return Method("TPE", why)
        takes_turns = space.conditional and _share_of_inactive(history) > _MANY_INACTIVE
        if takes_turns and history.n % 2:
            why = f"{size}, in turns with a Gaussian process as most of them are inactive"
            return Method("TPE", why)
        turns = ", in turns with TPE as most of them are inactive" if takes_turns else ""
        checked = f"; it ranks left-out trials with tau = {tau[-1]:.2f}" if tau else ""
        known = count_of(n_finished, "finished trial")
        why = f"{size}{turns}, {known}, {n_workers} at a time{checked}"
        return Method("GP", why)

    def _check_model(self, space: Space, history: History) -> list[float]:
        """Return how well the model ranked left-out trials, at the last two checks.

        A check comes after every 25th finished trial. It is Kendall's tau of losses and of what the
        model predicts for each from the others; of several objectives the first that is not poor,
        or the best.
        """
        number, losses, _ = models.collect_objectives(history)
        checks = range(_CHECK_EVERY, len(number) + 1, _CHECK_EVERY)[-2:]
        for m in checks:
            latest = slice(max(0, m - _MAX_CHECKED), m)
            X = history.X[number[latest]]
            L = losses[latest]
            key = X.tobytes() + L.tobytes()
            if self._checks.get(m, (b"",))[0] != key:
                tau = -1.0
                for loss in L.T:
                    tau = max(tau, models.rank_correlation(space, X, loss))
                    if tau >= _POOR_TAU:
                        break
                self._checks[m] = (key, tau)
        return [self._checks[m][1] for m in checks]


def _share_of_inactive(history: History) -> float:
    """Return how many of the parameters a finished trial does not have, from 0 to 1, on average."""
    inactive = np.isnan(history.X[history.has_result])
    return float(inactive.sum() / max(inactive.size, 1))


def _explain_first(space: Space, n_left: int) -> str:
    X, left_out = space.first_points
    why = f"{n_left} of {count_of(len(X), 'first row')} of the space have not been tried"
    return "; ".join([why, *left_out])


def _make(name: str, since: int) -> Sampler:
    """Return a sampler with default settings; what takes long to load is loaded only here."""
    match name:
        case "QMC":
            return QMC()
        case "TPE":
            from .tpe import TPE

            return TPE()
        case "CMAES":
            from .cmaes import CMAES

            return CMAES(start_at=since)
        case _:
            from .gp import GP

            return GP()


def _describe_size(d: int, m: int, n_constraints: int) -> str:
    """Return the numbers of parameters, objectives and constraints in words."""
    parts = [count_of(d, "parameter")]
    if m > 1:
        parts.append(count_of(m, "objective"))
    if n_constraints:
        parts.append(count_of(n_constraints, "constraint"))
    return ", ".join(parts)


def proposal_times_s(n: int, d: int) -> Array:
    """Return (n,) the seconds that the first n proposals of a Gaussian process take on one core.

    With d parameters, after k trials: 5 ms + 60 us k + 12 ns d k^2, as measured on one machine. The
    trials that it learns from are at most 500.
    """
    n_known = np.minimum(np.arange(n), 500.0)
    return np.asarray(0.005 + 6e-5 * n_known + 1.2e-8 * d * n_known**2)


def find_time_limit(history: History, d: int, n_models: int = 1) -> int | None:
    """Return the number of the first trial after the time of Gaussian processes is used up.

    None while it is not.

    Args:
        history: All trials.
        d: Number of parameters.
        n_models: Number of Gaussian processes.
    """
    ended = np.flatnonzero(np.isfinite(history.finished_s))
    total = n_models * np.cumsum(proposal_times_s(len(ended), d))
    grace = n_models * _GRACE_S
    if not len(ended) or total[-1] <= grace:
        return None
    in_trials = np.cumsum(np.nan_to_num(history.duration_s[ended]))
    late = np.flatnonzero(total > np.maximum(grace, _SHARE * in_trials))
    return int(ended[late[0]]) + 1 if len(late) else None
