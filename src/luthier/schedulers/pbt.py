"""PBT: a population whose worst members go on from varied copies of its best."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import Any, final

import numpy as np

from ..history.history import History
from ..history.rungs import replace_non_finite
from ..numerics.pareto import fronts
from ..space.distributions import Float
from ..space.normal import Normal
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index
from ..validation import check_real, check_whole, show
from ..warn_once import WarnOnce
from .base import Decision, Next, Resume, Scheduler
from .perturb import explore
from .replay import schedule as _schedule

_Standing = tuple[Index, Array]  # numbers of members, and the numbers by which they rank


def _are_names(names: Any) -> bool:
    is_list = isinstance(names, Collection) and not isinstance(names, str | bytes)
    return is_list and all(isinstance(name, str) for name in names)


class Population(Scheduler):
    """Population whose members exploit one another; subclasses say how they explore.

    See `PBT` for the arguments, the errors and how members are compared.
    """

    def __init__(
        self,
        population_size: int = 20,
        interval: float = 5,
        max_resource: float | None = None,
        quantile: float = 0.25,
        resample_probability: float = 0.25,
        factors: Sequence[float] = (1.2, 0.8),
        synchronous: bool = False,
        mutate: Iterable[str] | None = None,
    ) -> None:
        check_whole("population_size", population_size, 0)
        if population_size < 2:
            raise ValueError(
                f"PBT needs at least 2 members, got population_size={population_size!r}"
            )
        check_real("interval", interval, 0, above=True)
        if max_resource is not None:
            check_real("max_resource", max_resource, 0, above=True)
        check_real("quantile", quantile, 0, 0.5, above=True)
        check_real("resample_probability", resample_probability, 0, 1)
        if not isinstance(factors, list | tuple) or not factors:
            raise ValueError(
                f"factors must be a list of numbers such as (1.2, 0.8), got {factors!r}"
            )
        for factor in factors:
            check_real("a factor", factor, 0, above=True)
        if mutate is not None and not _are_names(mutate):
            raise ValueError(f"mutate must be a list of names or None, got {show(mutate)}")
        self.population_size = population_size
        self.interval = interval
        self.max_resource = max_resource
        self.quantile = quantile
        self.resample_probability = resample_probability
        self.factors = tuple(factors)
        self.synchronous = synchronous
        self.mutate = None if mutate is None else tuple(mutate)
        self._warn_once = WarnOnce()

    # -- the contract -----------------------------------------------------------------------------

    def decide(self, history: History, number: int) -> Decision:
        """Pause a member at its first report in an interval, if it copies or others are behind.

        In synchronous populations every member pauses there.
        """
        last = float(history.last_step[number])
        k = self._round(last)
        if self._at_end(last) or k <= self._round(float(history.granted[number])):
            return Decision.CONTINUE
        if self.synchronous:
            return Decision.PAUSE
        steps, _ = history.reports_of(number)
        if len(steps) > 1 and self._round(float(steps[-2])) == k:
            return Decision.CONTINUE
        waiting = history.waiting | history.paused
        behind = any(
            m in waiting and self._round(position(history, m)) < k for m in self._open(history)
        )
        pauses = (
            behind
            or self._grows(history)
            or self._donor(history, number, generator(history, number)) is not None
        )
        return Decision.PAUSE if pauses else Decision.CONTINUE

    def next(self, history: History) -> Next | Resume:
        """Start members until there are enough, then resume the furthest behind, copiers first."""
        if self._grows(history):
            return Next.START
        members = self._open(history)
        paused = [m for m in members if m in history.paused]
        rounds = {m: self._round(position(history, m)) for m in paused}
        if self.synchronous:  # a running member counts where it was resumed
            rounds |= {
                m: self._round(float(history.granted[m]))
                for m in members
                if m not in history.paused
            }
        first = min(rounds.values(), default=0)
        ready = [m for m in paused if rounds[m] == first]
        standings: dict[float, _Standing] = {}
        for m in ready:  # copiers go on before their donors do
            rng = generator(history, m)
            donor = self._donor(history, m, rng, standings)
            if donor is not None:
                self._check(history)
                return Resume(m, self._explore(history, m, donor, rng), donor)
        if ready:
            return Resume(ready[0])
        return Next.WAIT if any(m in history.running for m in members) else Next.DONE

    # -- members and their positions --------------------------------------------------------------

    def _round(self, step: float) -> int:
        """Number of intervals that are over at a step."""
        return max(0, math.floor(step / self.interval + 1e-9)) if step == step else 0

    def _at_end(self, step: float) -> bool:
        return self.max_resource is not None and step >= self.max_resource * (1 - 1e-9)

    @staticmethod
    def _members(history: History) -> list[int]:
        added = (history.state >= State.COMPLETE) & (history.n_claims == 0)
        return [int(m) for m in np.flatnonzero(~history.confirming & ~added)]

    def _open(self, history: History) -> list[int]:
        """Numbers of unfinished members, without those that wait and can never begin."""
        not_started = history.waiting - history.turns.keys()
        spent = history.budget is not None and history.n - len(not_started) >= history.budget
        over = history.state >= State.COMPLETE
        return [
            m for m in self._members(history) if not over[m] and not (spent and m in not_started)
        ]

    def _grows(self, history: History) -> bool:
        """Whether another member can be started."""
        room = history.budget is None or history.n < history.budget
        return room and len(self._members(history)) < self.population_size

    # -- exploit ----------------------------------------------------------------------------------

    def _donor(
        self,
        history: History,
        number: int,
        rng: np.random.Generator,
        standings: dict[float, _Standing] | None = None,
    ) -> int | None:
        """Number of the member that one copies in a new interval; None if it goes on by itself.

        `standings` caches ranks by step, for others that are judged there too.
        """
        last = float(history.last_step[number])
        k = self._round(last)
        if (
            self._at_end(last)
            or k <= self._round(float(history.granted[number]))
            or not history.space.d
        ):
            return None
        standings = {} if standings is None else standings
        at = k if self.synchronous else last
        if at not in standings:
            standings[at] = self._standing(history, last, k)
        numbers, rank = standings[at]
        n = min(math.ceil(self.quantile * len(rank) - 1e-9), len(rank) // 2)
        order = np.argsort(rank, kind="stable")
        if number not in numbers[order[len(order) - n :]]:
            return None
        best = [int(m) for m in numbers[order[:n]] if history.state[m] < State.COMPLETE]
        donors = [m for m in best if self._can_donate(history, m, last)]
        if best and not donors:
            self._warn_once(
                "behind",
                f"trial {number} cannot copy {best} at step {last:g}: none of them has a "
                "checkpoint of its own from there on; report one at each multiple of the interval",
            )
        return int(rng.choice(donors)) if donors else None

    def _standing(self, history: History, last: float, k: int) -> _Standing:
        """Numbers of the members that have come to a step, and what they rank by.

        In synchronous populations these are the members that have come to the k-th round.
        """
        losses: dict[int, Array] = {}
        for m in self._members(history):
            step: float | None = last if position(history, m) >= last else None
            if self.synchronous:
                # The report with which it came here: later ones change nothing.
                steps, _ = history.reports_of(m)
                first = np.searchsorted(steps, (k - 1e-9) * self.interval)
                step = next(iter(steps[first:].tolist()), None)
            if step is None or history.state[m] == State.FAILED:
                continue
            loss = loss_at(history, m, step)
            if loss is not None:
                losses[m] = loss
        return np.array(list(losses), dtype=np.int64), ranks(np.array(list(losses.values())))

    def _can_donate(self, history: History, donor: int, step: float) -> bool:
        """Whether a member has a checkpoint of its own from a step on."""
        last = float(history.checkpoint_step[donor])
        copied = max(
            (t.step for t in history.turns.get(donor, ()) if t.source is not None),
            default=-math.inf,
        )
        return last >= step and last > copied and not self._at_end(last)

    # -- explore ----------------------------------------------------------------------------------

    @abstractmethod
    def _explore(
        self, history: History, number: int, donor: int, rng: np.random.Generator
    ) -> dict[str, Any]:
        """Params of a member that goes on from a copy of another."""

    def _perturb(self, history: History, donor: int, rng: np.random.Generator) -> dict[str, Any]:
        """Params near those of another member, by the rule of Jaderberg 2017."""
        given = history.params(donor)
        mutated = self._mutated(history.space)
        return explore(history.space, given, mutated, self.resample_probability, self.factors, rng)

    def _mutated(self, space: Space) -> Collection[str]:
        """Names of the parameters that are explored."""
        if self.mutate is not None:
            return self.mutate
        return [name for name, dist in space.params.items() if isinstance(dist, Float | Normal)]

    # -- warnings ---------------------------------------------------------------------------------

    def _check(self, history: History) -> None:
        """Warn once of names in `mutate` that the space does not have."""
        if not self._mutated(history.space) and self.mutate is None:
            self._warn_once(
                "mutate",
                "members are copied and nothing of them is varied: without mutate only real "
                "numbers are, as whole numbers and choices may be an architecture, and there are "
                f"none; name what may change in training, such as "
                f"mutate={list(history.space.names)[:3]!r}",
            )
        if unknown := sorted({*(self.mutate or ())} - history.space.params.keys()):
            self._warn_once(
                "mutate",
                f"mutate names {unknown}, which the space does not have so far: "
                f"{list(history.space.names)}",
            )

    schedule = staticmethod(_schedule)


@final
class PBT(Population):
    """Population-based training.

    Every trial is a member, whose params may change at each multiple of `interval`.

    There a member is judged by truncation selection among those that have come as far: the worst
    ceil(quantile · n) of the n, at most half of them, go on from the checkpoint of one of as many
    best ones, drawn uniformly, with its params explored: with `resample_probability` a parameter is
    drawn anew from its domain (its prior, if there is one); otherwise a number is multiplied by one
    of `factors`, a choice of an ordered list moves to a neighbour, and a choice without order is
    drawn anew. What comes out of its range is moved to its end; whole numbers and steps move by one
    at least. Parameters that a condition switches on are drawn, others left out; where twenty
    attempts break a constraint, the best member's params stay as they are.

    Trials report a checkpoint at least wherever they are judged, as only members with one are
    copied, ask `should_prune` after each
    report, and go on from `trial.checkpoint` after step `trial.step`. There may be more members
    than workers: those behind go first. All trials of the study are members, whoever began them, so
    give a population a study of its own; only re-runs that confirm, and finished trials added from
    elsewhere, are none. `optimize` needs no `n_trials`.

    A member counts at a step with its last report by then; one that has copied, and not reported
    since, with the loss it copied; at steps that a copy leapt over, not at all. It is compared with
    those only that have come as far. So steps never go back: a donor's checkpoint is as far as the
    copier. A member that completes stays in comparisons at the steps it reached, and is copied no
    more. One that fails stays failed: the population shrinks.

    Args:
        population_size: Number of members; fewer where `n_trials` allows no more.
        interval: Steps between two times a member is judged.
        max_resource: The step at which trials end, from where on none is paused or copied. None
            if it is not known: a member may then be resumed with nothing left to train, and returns
            what its checkpoint came to.
        quantile: Share of the members that is replaced, and share that is copied.
        resample_probability: Probability with which a parameter is drawn anew.
        factors: Numbers are multiplied by one of these; on a reverse log scale the distance to
            their end is.
        synchronous: All members wait at each multiple of the interval until the last has come.
            Otherwise none waits, and the first to come find few to be compared with.
        mutate: Names of the parameters that are explored; the others are copied as they are, as an
            architecture must be. None for all real numbers (`Float`): whole numbers and choices may
            be an architecture, which a checkpoint of another does not fit.

    Raises:
        ValueError: An argument is out of its range.

    Source: Jaderberg 2017; Ray Tune and Syne Tune for the asynchronous form. Deviation: losses are
    compared at the same step, not as they are now; with several objectives, ranks are those of
    non-dominated sorting; a paused member is judged again when a worker is free, by what is known
    then.
    """

    def _explore(
        self, history: History, number: int, donor: int, rng: np.random.Generator
    ) -> dict[str, Any]:
        return self._perturb(history, donor, rng)


def position(history: History, number: int) -> float:
    """Step to which a member has come, by itself or by a copy; 0 where it has reported nothing."""
    return float(np.nan_to_num(np.fmax(history.last_step[number], history.granted[number])))


def generator(history: History, number: int) -> np.random.Generator:
    """Random generator of a member at its present step."""
    bits = np.float64(history.last_step[number]).view(np.uint64)
    return np.random.default_rng([history.seed, number, 4, int(bits)])


def losses_of(history: History, number: int) -> tuple[Array, Array]:
    """Steps (k,) and finite losses (k, m) that a trial reported."""
    steps, values = history.reports.of(number)
    return steps, replace_non_finite(history.losses_of(values))


def loss_at(history: History, number: int, step: float) -> Array | None:
    """Losses (m,) with which a member counts at a step.

    None where it has none, or where a copy leapt over the step.
    """
    steps, losses = losses_of(history, number)
    i = int(np.searchsorted(steps, step, side="right")) - 1
    if i >= 0 and steps[i] == step:
        return np.asarray(losses[i])

    # Copies since its last report: the loss is the donor's at the step of the copy.
    last = steps[i] if i >= 0 else -math.inf
    following = steps[i + 1] if i + 1 < len(steps) else math.inf
    for turn in reversed(history.turns.get(number, ())):
        if turn.source is not None and last <= turn.step <= step:
            steps, losses = losses_of(history, turn.source)
            i = int(np.searchsorted(steps, turn.step, side="right")) - 1
            break
        if turn.source is not None and step < turn.step < following:
            return None
    return np.asarray(losses[i]) if i >= 0 else None


def ranks(losses: Array) -> Array:
    """Numbers (n,) to rank by: the loss, or with several objectives (n, m) the front."""
    if losses.ndim < 2 or losses.shape[1] == 1:
        return losses.reshape(-1)
    return fronts(losses).astype(np.float64)
