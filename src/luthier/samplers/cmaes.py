"""Covariance matrix adaptation: CMA-ES, and CatCMA with margin where parameters are discrete.

Notation, as in Hansen 2016: d parameters, a generation of lambda trials, numbers drawn from
N(m, sigma^2 C). The updates themselves are those of the package `cmaes`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ..errors import SamplerError
from ..history.constraint_columns import violation
from ..history.history import History
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index
from ..validation import check_real, check_whole
from .base import Sampler, replace_seen
from .cmaes_columns import OptimizerColumns
from .cmaes_state import Optimizer, copy_optimizer, is_finite
from .ranking import rank_trials
from .startup import require_one_objective, untried_centre

Restarts = Literal["ipop", "bipop"] | None

_MAX_COLUMNS = 500  # beyond which a covariance takes too long
_MAX_PROBABILITIES = 1_000_000  # of categories, for all of which there is room for as many choices
_EPOCH = 10_000  # trials after which the search begins anew, from the best
_CONTINUED = 0.01  # share of the earlier trials from which it does
_MAX_GENERATIONS = 16  # that a late result may fall back to without a replay from the beginning
_ATTEMPTS = 50  # draws for a point inside the cube that is feasible and new
_ALPHA = 0.03  # alpha of Nomura 2021: least standard deviation of a warm start


class CMAES(Sampler):
    """CMA-ES: draws from a normal distribution that adapts to the better half of each generation.

    A generation is the next `population_size` finished trials in the order of their numbers,
    whoever proposed them and however late they came. The distribution is a function of that order
    alone. So any number of workers may draw from it at once, none waits, and no result is wasted: a
    late result takes its place in the order, and the generations after it are replayed. Steps that
    are too long for the present distribution, such as those of trials added by hand, are shortened
    (Hansen 2011).

    After every 10,000 trials the search begins anew, from the mean and the covariance of the best
    hundredth of all before: so no more than these are ever replayed. There may be 500 parameters.

    Only ranks count: feasible complete trials by loss, behind them infeasible ones by how far they
    are from feasible, then pruned and then failed ones. Categories have a probability each, and
    discrete numbers a margin that keeps them from freezing. What lies within a cell, or is
    inactive, is drawn anew from the present distribution when a generation is learned from.

    When to use: from about 50 trials a parameter on, where parameters are mostly numbers that
    depend on one another or differ in scale.

    Args:
        sigma0: First standard deviation, on the unit interval, above 0 and at most 1.
        population_size: Trials in a generation, 4 to 100,000; 4 + floor(3 ln d) if None.
        restarts: What happens when a search has converged: "ipop" starts another elsewhere with
            twice the population, "bipop" in turns with a small and narrow one, None goes on.
        start_at: Number of the first trial that counts; from earlier ones, of another sampler, only
            the start is learned.
        warm_start: Share of the earlier trials, the best, whose mean and covariance the search
            starts with, 0 to 1; 0 for none. Where two of those are feasible, the others are left
            out.
        lr_adapt: Adapts the learning rate to noise and to many optima; continuous parameters only,
            more trials needed.

    Raises:
        ValueError: An argument is out of range.

    Source: Hansen 2016; Hamano 2025 (CatCMA with margin); Nomura 2021 (warm start) and 2023
    (lr_adapt); Auger & Hansen 2005 (IPOP); Hansen 2009 (BIPOP); Deb 2000 (constraints); as in the
    package `cmaes`. Deviations: asynchronous generations, as above; a warm start may be narrower,
    0.03 instead of 0.1.
    """

    def __init__(
        self,
        sigma0: float = 1 / 6,
        population_size: int | None = None,
        restarts: Restarts = "ipop",
        start_at: int = 0,
        warm_start: float = 0.1,
        lr_adapt: bool = False,
    ) -> None:
        check_real("sigma0", sigma0, least=0, most=1, above=True)
        if population_size is not None:
            check_whole("population_size", population_size, least=4, most=100_000)
        if restarts not in ("ipop", "bipop", None):
            raise ValueError(f"restarts must be 'ipop', 'bipop' or None, got {restarts!r}")
        check_whole("start_at", start_at, least=0)
        check_real("warm_start", warm_start, least=0, most=1)
        self.sigma0 = sigma0
        self.population_size = population_size
        self.restarts = restarts
        self.start_at = start_at
        self.warm_start = warm_start
        self.lr_adapt = lr_adapt
        self._columns: tuple[Space, OptimizerColumns] | None = None
        self._replayed: Array = np.empty((0, 0))  # rows of the trials replayed so far
        self._searches: list[_Search] = []  # the latest generations

    def check_objectives(self, n: int) -> None:
        require_one_objective("CMAES", n)

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        self.check_objectives(len(history.directions))
        known = self._columns
        if known is None or known[0] is not space:
            known = (space, OptimizerColumns(space))
            self._columns = known
            self._searches = []
        columns = known[1]
        if self.lr_adapt and not columns.continuous:
            raise SamplerError(
                "lr_adapt takes continuous parameters only; leave it out, or use Float without "
                "steps"
            )
        _require_size(columns)
        if not columns.d:
            return replace_seen(space, history, space.sample(rng, n), rng)

        search = self._replay(space, history, columns)
        if not self.start_at and history.info.memory:
            from .memory_start import next_of_portfolio  # its models take long to load

            led = next_of_portfolio(space, history, n)
            if led is not None:
                return led
        if not self.start_at and (centre := untried_centre(space, history, n)) is not None:
            return centre
        search.optimizer.reseed_rng(int(rng.integers(2**32)))
        X = np.empty((0, space.d))
        for _ in range(n):
            taken = set(space.keys(X))
            x = self._draw(space, history, columns, search.optimizer, taken, rng)
            X = np.concatenate([X, x])
        return replace_seen(space, history, X, rng)

    def _draw(
        self,
        space: Space,
        history: History,
        columns: OptimizerColumns,
        optimizer: Optimizer,
        taken: set[bytes],
        rng: np.random.Generator,
    ) -> Array:
        """Return a feasible point (1, d), if possible new and drawn inside the unit cube.

        Args:
            space: The space to search.
            history: All trials so far.
            columns: Of the space.
            optimizer: What to draw from.
            taken: Keys of points of the same batch.
            rng: For a random point where all draws are infeasible.
        """
        last: Array | None = None
        for _ in range(_ATTEMPTS):
            x, inside = columns.draw(optimizer)
            x = space.settle(x)
            if not space.feasible(x)[0]:
                continue
            seen = space.finite and (history.seen(x)[0] or space.keys(x)[0] in taken)
            if inside and not seen:
                return x
            last = x
        return space.sample(rng, 1) if last is None else last

    # -- replay of the trials -----------------------------------------------------------------

    def _replay(self, space: Space, history: History, columns: OptimizerColumns) -> _Search:
        """Return the search after all full generations.

        Generations of an earlier call are used again as far as the trials agree.
        """
        finished = history.has_result & history.fits & ~np.isnan(history.X).all(axis=1)
        finished &= ~history.unblamed
        begin = self._begin(history)
        finished[:begin] = False
        numbers = np.flatnonzero(finished)
        n_agreed = self._compare(_rows_of(history, numbers))

        start = self._start_of(history, begin)
        self._searches = [s for s in self._searches if s.end <= n_agreed and s.start == start]
        if not self._searches:
            self._searches = [self._first_search(space, history, columns, begin)]

        place = np.empty(0)  # (n,) of each trial in the order of all, the best first
        while (search := self._searches[-1]).end + search.size <= len(numbers):
            if not len(place):
                order, _ = rank_trials(history)
                place = np.empty(history.n)
                place[order] = np.arange(len(order))
            members = numbers[search.end : search.end + search.size]
            best_first = _infeasible_last(history, members[np.argsort(place[members])])
            following = search.advance(history, columns, best_first)
            if self.restarts and following.is_over(columns):
                following = self._restart(space, history, columns, following)
            self._searches = [*self._searches[-_MAX_GENERATIONS:], following]
        return search

    def _compare(self, rows: Array) -> int:
        """Return how many of the first trials are as at the last call, and remember these.

        Args:
            rows: (k, r) of finished trials.
        """
        before = self._replayed
        self._replayed = rows
        k = min(len(rows), len(before))
        if not k or rows.shape[1] != before.shape[1]:
            return 0
        differ = (rows[:k].view(np.int64) != before[:k].view(np.int64)).any(axis=1)
        return int(np.argmax(differ)) if differ.any() else k

    def _begin(self, history: History) -> int:
        """Return the number of the first trial that is replayed: that of the present epoch."""
        n = max(history.n - self.start_at, 0)
        return self.start_at + n // _EPOCH * _EPOCH

    def _warm_share(self, begin: int) -> float:
        """Return the share of the trials before `begin` that a search starts with."""
        return self.warm_start if begin == self.start_at else _CONTINUED

    def _start_of(self, history: History, begin: int) -> tuple[Any, ...]:
        """Return what the first generation depends on, beside the settings."""
        complete = history.state[:begin] == State.COMPLETE
        before = np.flatnonzero(complete & history.fits[:begin])
        if not self._warm_share(begin):
            return (history.seed,)
        loss = history.losses[before, 0]
        parts = (before, loss, history.constraints[before], history.X[before])
        good = self._find_good(history, begin)
        return (history.seed, *(a.tobytes() for a in parts), good.tobytes())

    def _find_good(self, history: History, begin: int) -> Array:
        """Return (k, d) good rows of earlier tasks, where the first search begins with them."""
        if begin or not self.warm_start or not history.info.memory:
            return np.empty((0, history.space.d))
        from .memory_start import good_rows

        return good_rows(history.space, history, self.warm_start)

    def _generation_size(self, columns: OptimizerColumns) -> int:
        """Return lambda; the default is eq. 48 of Hansen 2016."""
        return self.population_size or 4 + math.floor(3 * math.log(columns.d))

    def _first_search(
        self, space: Space, history: History, columns: OptimizerColumns, begin: int
    ) -> _Search:
        """Return the search before any generation, with a warm start where there are trials for it.

        Source: Nomura 2021 (mean and covariance of the best trials).
        """
        size = self._generation_size(columns)
        start = self._start_of(history, begin)
        order, _ = rank_trials(history)
        earlier = order[(order < begin) & (history.state[order] == State.COMPLETE)]
        earlier = _infeasible_last(history, earlier)
        best = earlier[: math.ceil(self._warm_share(begin) * len(earlier))]
        feasible = best[history.feasible[best]]
        best = feasible if len(feasible) > 1 else best
        good = np.concatenate([history.X[best], self._find_good(history, begin)])
        if len(good) < 2:
            centre = space.centre()
            if centre is None:
                centre = np.full((1, space.d), np.nan)
            mean = columns.numbers_of(centre)[0]
            optimizer = columns.make_optimizer(mean, self.sigma0, size, self.lr_adapt)
            return _Search(optimizer, size, start)

        V = columns.numbers_of(good)
        Y = V - V.mean(axis=0)
        cov = _ALPHA**2 * np.eye(Y.shape[1]) + Y.T @ Y / len(Y)
        # sigma is such that the determinant of C is 1.
        sigma = math.exp(np.linalg.slogdet(cov)[1] / 2 / max(len(cov), 1))
        optimizer = columns.make_optimizer(
            V.mean(axis=0), sigma, size, self.lr_adapt, cov / sigma**2, good
        )
        return _Search(optimizer, size, start)

    def _restart(
        self, space: Space, history: History, columns: OptimizerColumns, old: _Search
    ) -> _Search:
        """Return another search, from a random point.

        Source: Auger & Hansen 2005 (twice the population); Hansen 2009, section 2 (whichever of
        large and small searches has used fewer trials is next).
        """
        rng = np.random.default_rng([history.seed, old.restart])
        n_large = old.n_large + (0 if old.narrow else old.n)
        n_narrow = old.n_narrow + (old.n if old.narrow else 0)
        least = self._generation_size(columns)
        largest = old.largest
        narrow = self.restarts == "bipop" and old.restart > 0 and n_narrow <= n_large
        if narrow:
            # lambda_s = lambda (lambda_l / (2 lambda))^(u^2) and sigma = sigma0 10^(-2 u)
            size = math.floor(least * (0.5 * largest / least) ** (rng.random() ** 2))
            sigma = self.sigma0 * 10 ** (-2 * rng.random())
        else:
            largest = 2 * largest
            size = largest
            sigma = self.sigma0
        size = max(size, least)
        mean = columns.numbers_of(space.sample(rng, 1))[0]
        return _Search(
            optimizer=columns.make_optimizer(mean, sigma, size, self.lr_adapt),
            size=size,
            start=old.start,
            end=old.end,
            restart=old.restart + 1,
            largest=largest,
            narrow=narrow,
            n_large=n_large,
            n_narrow=n_narrow,
        )


def _require_size(columns: OptimizerColumns) -> None:
    """Refuse a space whose distribution takes too much time or memory."""
    if columns.d > _MAX_COLUMNS:
        raise SamplerError(
            f"CMAES learns how each parameter depends on every other, of {_MAX_COLUMNS} at most, "
            f"got {columns.d:,}; use TPE, DE or Evolution"
        )
    if columns.n_probabilities > _MAX_PROBABILITIES:
        raise SamplerError(
            f"CMAES takes {_MAX_PROBABILITIES:,} categories times choices of the largest at most, "
            f"got {columns.n_probabilities:,}; use TPE, DE or Evolution"
        )


@dataclass
class _Search:
    """A search after the first `end` trials.

    Attributes:
        optimizer: The distribution; its generator is seeded before each draw.
        size: Trials in a generation.
        start: What the first generation depended on.
        end: Number of finished trials that were replayed, in all searches.
        restart: Number of searches before.
        largest: The largest population so far.
        narrow: Whether this is a small search of BIPOP.
        n_large: Trials of earlier large searches.
        n_narrow: Trials of earlier small searches.
        n: Trials of this search.
        bands: Smallest and largest loss of its latest generations.
    """

    optimizer: Optimizer
    size: int
    start: tuple[Any, ...]
    end: int = 0
    restart: int = 0
    largest: int = 0
    narrow: bool = False
    n_large: int = 0
    n_narrow: int = 0
    n: int = 0
    bands: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.largest = self.largest or self.size

    def advance(self, history: History, columns: OptimizerColumns, members: Index) -> _Search:
        """Return the search one generation on.

        Args:
            history: All trials.
            columns: Of the space.
            members: (size,) trials of the generation, the best first.
        """
        new = replace(self, optimizer=copy_optimizer(self.optimizer))
        rng = np.random.default_rng([history.seed, members.min(), self.end])
        with np.errstate(all="ignore"):  # `is_over` notices what overflows
            solutions = columns.make_solutions(new.optimizer, history.X[members], rng)
            new.optimizer.tell(solutions)

        complete = members[history.state[members] == State.COMPLETE]
        loss = np.where(history.feasible[complete], history.losses[complete, 0], np.inf)
        band = (float(loss.min(initial=np.inf)), float(loss.max(initial=-np.inf)))
        new.bands = [*self.bands, band][-self._plateau_length(columns) :]
        new.end = self.end + self.size
        new.n = self.n + self.size
        return new

    def _plateau_length(self, columns: OptimizerColumns) -> int:
        """Return the number of generations without any difference after which it is over.

        Source: Hansen 2016, appendix B.3 (EqualFunValues).
        """
        return 10 + math.ceil(30 * columns.d / self.size)

    def is_over(self, columns: OptimizerColumns) -> bool:
        """Whether it has converged, or is stuck on a plateau."""
        if not is_finite(self.optimizer) or columns.has_converged(self.optimizer):
            return True
        low = min(band[0] for band in self.bands)
        high = max(band[1] for band in self.bands)
        finite = math.isfinite(low) and math.isfinite(high)
        level = finite and high - low <= 1e-12 * max(1.0, abs(low))
        if level and len(self.bands) == self._plateau_length(columns):
            return True
        with np.errstate(all="ignore"):
            return bool(columns.n_numbers and self.optimizer.should_stop())


def _rows_of(history: History, numbers: Index) -> Array:
    """Return all that the order of some trials, and what is learned of them, depends on.

    Args:
        history: All trials.
        numbers: (k,) trials.

    Returns:
        (k, r), whose bits can be compared.
    """
    ranked_by = (
        history.state,
        history.losses[:, 0],
        history.last_step,
        history.last_loss,
        *history.constraints.T,
    )
    parts = [numbers, *(a[numbers] for a in ranked_by), history.X[numbers]]
    rows = np.column_stack([np.asarray(a, dtype=np.float64) for a in parts])
    rows[np.isnan(rows)] = np.nan  # one NaN, as bits are compared
    return rows


def _infeasible_last(history: History, numbers: Index) -> Index:
    """Return ordered trials with infeasible and unfinished ones behind the others.

    Infeasible ones are ordered by their violation in units of the largest among these trials, and
    equal ones by number. In units of the whole study, later trials would change the order of
    earlier ones.

    Args:
        history: All trials.
        numbers: (k,) trials, the best first.
    """
    violated = violation(history.constraints[numbers])
    violated[history.state[numbers] != State.COMPLETE] = np.inf
    infeasible = (violated > 0) & (violated < np.inf)
    among_equals = np.where(infeasible, numbers, np.arange(len(numbers)))
    return numbers[np.lexsort((among_equals, violated))]
