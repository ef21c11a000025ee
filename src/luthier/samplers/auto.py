"""The automatic choice."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..history.resources import is_partial
from ..space.distributions import Categorical
from ..space.space import Space
from ..typing import Array
from .base import Sampler
from .startup import sample_startup

N_STARTUP = 8  # finished trials before the first model, as GP and TPE have it
# thinking that is always allowed, and as a share of the time spent in trials
_GRACE_S = 5.0
_SHARE = 0.05
# every how many outcomes the model is checked, and which rank correlation is poor
_CHECK = 25
_POOR = 0.15
_MANY_PARTIAL = 1000  # partly trained trials that are too many for a model of their curves
_CHECKED = 300  # the latest outcomes that a check looks at
_FEW, _MANY = 4, 64  # workers that any method keeps busy, and that are too many to think of each


class Choice(NamedTuple):
    """What proposes, and why.

    Attributes:
        name: Of the sampler.
        why: In words.
        since: Number of the first trial that it is responsible for.
    """

    name: str
    why: str
    since: int = 0


class Auto(Sampler):
    """Chooses the method from what it sees, and says why: `study.sampler.explain()`.

    In this order:

    - more than 4 workers, that run more than half of all trials at once: QMC;
    - fewer than 8 finished trials: the declared defaults or the centre, then QMC;
    - the Gaussian process has used up its time to think: CMAES for one objective where all
      parameters are numbers without conditions, else TPE;
    - more than 64 workers, or more than 1,000 trials of which some were stopped early: TPE;
    - predictions of left-out trials that rank them no better than chance, twice in a row and in all
      objectives: TPE;
    - conditional parameters: GP and TPE in turns;
    - everything else: GP.

    The Gaussian process may think for 5 seconds for each objective and constraint, and beyond that
    for 5 % of the time spent in trials. Trials that take no time get it for about 300 proposals,
    long ones for good. What a proposal costs is taken from the numbers of trials and parameters,
    not from a clock; how long trials took is what their rows say. Where trials are stopped early
    there is no such limit: they are long, and the model of their curves stays small.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[str, int], Sampler] = {}
        self._choice = Choice("Auto", "nothing has been proposed yet")
        self._tau: dict[int, tuple[bytes, float]] = {}

    def explain(self) -> str:
        """Which method made the last proposal, and why."""
        return f"{self._choice.name}: {self._choice.why}"

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        self._choice = self._chosen(space, history, n)
        if self._choice.name == "start":
            return sample_startup(space, history, n, rng)
        return self._sampler(self._choice.name, self._choice.since).sample(space, history, n, rng)

    def _sampler(self, name: str, since: int) -> Sampler:
        key = name, since
        if key not in self._made:
            if name == "CMAES":
                from .cmaes import CMAES

                self._made[key] = CMAES(start_at=since)
            else:
                from ..samplers import from_name

                self._made[key] = from_name(name)
        return self._made[key]

    def _chosen(self, space: Space, history: History, n: int) -> Choice:
        workers = len(history.running) + n
        if workers > _FEW and history.budget and 2 * workers > history.budget:
            return Choice(
                "QMC", f"{workers} trials at a time of {history.budget} leave nothing to learn from"
            )
        d, m = sum(p.n_values != 1 for p in space.dists), len(history.directions)
        models = m + len(history.constraint_names)
        what = f"{d} parameters" + (f", {m} objectives" if m > 1 else "") + _counted(models - m)
        finished = int(history.has_result.sum())
        if finished < N_STARTUP:
            return Choice("start", f"{finished} of {N_STARTUP} finished trials that a model needs")
        partial = m == 1 and is_partial(history)
        if not partial and (since := used_up(history, d, models)) is not None:
            why = f"a Gaussian process of {what} has used up its time to think since trial {since}"
            if m > 1 or space.conditional or any(isinstance(p, Categorical) for p in space.dists):
                return Choice("TPE", why)
            return Choice("CMAES", f"{why}; starts from what it has found", since)
        if workers > _MANY or (partial and finished > _MANY_PARTIAL):
            return Choice("TPE", f"{workers} trials at a time, {finished} finished ones")
        tau = [] if partial else self._checks(space, history)
        if len(tau) > 1 and max(tau[-2:]) < _POOR:
            shown = " and ".join(f"{t:.2f}" for t in tau[-2:])
            return Choice(
                "TPE",
                f"a Gaussian process ranks left-out trials no better than chance (tau {shown})",
            )
        if space.conditional and history.n % 2:
            return Choice(
                "TPE", f"{what}, in turns with a Gaussian process as there are conditions"
            )
        checked = f"; it ranks left-out trials with tau = {tau[-1]:.2f}" if tau else ""
        turns = ", in turns with TPE as there are conditions" if space.conditional else ""
        return Choice(
            "GP", f"{what}{turns}, {finished} finished trials, {workers} at a time{checked}"
        )

    def _checks(self, space: Space, history: History) -> list[float]:
        """Kendall's tau of losses and of what the others predict for each, after every 25th outcome; the last two.

        Of several objectives the first that is not poor, or the best.
        """
        from ..models.surrogate import rank_correlation
        from ..models.training_data import collect_objectives

        number, losses, _ = collect_objectives(history)
        marks = range(_CHECK, len(number) + 1, _CHECK)[-2:]
        for m in marks:
            latest = slice(max(0, m - _CHECKED), m)
            X, L = history.X[number[latest]], losses[latest]
            key = X.tobytes() + L.tobytes()
            if self._tau.get(m, (b"",))[0] != key:
                tau = -1.0
                for y in L.T:
                    tau = max(tau, rank_correlation(space, X, y))
                    if tau >= _POOR:
                        break
                self._tau[m] = (key, tau)
        return [self._tau[m][1] for m in marks]


def thinking_s(n: int, d: int) -> Array:
    """(n,) seconds that the first, second, ...

    Proposal of a Gaussian process with d parameters takes on one core.
    """
    known = np.minimum(np.arange(n), 500.0)
    return np.asarray(0.005 + 6e-5 * known + 1.2e-8 * d * known**2)


def _counted(n_constraints: int) -> str:
    return f", {n_constraints} constraint{'s' * (n_constraints > 1)}" if n_constraints else ""


def used_up(history: History, d: int, models: int = 1) -> int | None:
    """Number of the first trial after the thinking time of Gaussian processes is used up.

    None while it is not.
    """
    over = np.flatnonzero(np.isfinite(history.finished_s))
    total = models * np.cumsum(thinking_s(len(over), d))
    grace = models * _GRACE_S
    if not len(over) or total[-1] <= grace:
        return None
    spent = np.cumsum(np.nan_to_num(history.duration_s[over]))
    late = np.flatnonzero(total > np.maximum(grace, _SHARE * spent))
    return int(over[late[0]]) + 1 if len(late) else None
