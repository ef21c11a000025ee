"""Covariance matrix adaptation: CMA-ES, and CatCMA with margin where parameters are discrete."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from cmaes import CMA, CatCMAwM  # type: ignore[import-untyped]
from scipy.special import ndtr, ndtri

from ..errors import SamplerError
from ..history.constraint_columns import violation
from ..history.history import History
from ..space.distributions import Categorical
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index
from .base import Sampler, replace_seen
from .ranking import rank_trials
from .startup import require_one_objective, untried_centre

Restarts = Literal["ipop", "bipop"] | None

_MAX_CELLS = 1024  # discrete numbers with more values than this have no margin
_KEPT = 16  # generations a late result may fall back into without a replay from the beginning
_ATTEMPTS = 50  # draws for a point inside the box, the constraints and what has not been seen
_PRECISION = 1e-6  # a search is over when all standard deviations are below this
_ALPHA = 0.03  # least standard deviation of a warm start


class CMAES(Sampler):
    """Draws from a normal distribution that moves and bends towards the better half of each generation.

    A generation is the next `population_size` finished trials in the order of their numbers,
    whoever proposed them and however late they came: the distribution is that order folded up, and
    there is nothing else to remember. So any number of workers may draw from it at once, none
    waits, and no result is wasted; one that comes in late takes its place in the order, and the
    generations after it are told again. Steps that are too long for the present distribution, such
    as of trials added by hand, are shortened (Hansen 2011).

    Only ranks count: feasible complete trials by loss, behind them infeasible ones by how far they
    are from feasible, then pruned and then failed ones. Categories have a probability each, and
    discrete numbers a margin that keeps them from freezing; what lies within a cell, or is
    inactive, is drawn anew from the present distribution when a generation is told.

    Worth its while from about 50 trials a parameter on, where parameters depend on one another or
    differ in scale.

    Args:
        sigma0: First standard deviation, on the unit interval.
        population_size: Trials in a generation; 4 + floor(3 ln d) if None.
        restarts: What happens when a search has converged: "ipop" begins another elsewhere with
            twice the population, "bipop" in turns with a small and narrow one, None goes on.
        start_at: Number of the first trial that counts; earlier ones, of another sampler, tell only
            where to start.
        warm_start: Share of the earlier trials, the best, whose mean and covariance the search
            starts with; 0 for none. Where two of those are feasible, the others are left out.
        lr_adapt: Adapts the learning rate to noise and to many optima; continuous parameters only,
            more trials needed.

    Raises:
        ValueError: An argument out of range.

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
        if not 0 < sigma0 <= 1:
            raise ValueError(
                "sigma0 must be above 0 and at most 1, the length of the unit interval, got "
                f"{sigma0!r}"
            )
        if population_size is not None and population_size < 4:
            raise ValueError(f"population_size must be at least 4, got {population_size!r}")
        if restarts not in ("ipop", "bipop", None):
            raise ValueError(f"restarts must be 'ipop', 'bipop' or None, got {restarts!r}")
        if start_at < 0:
            raise ValueError(f"start_at must be the number of a trial, got {start_at!r}")
        if not 0 <= warm_start <= 1:
            raise ValueError(f"warm_start must be between 0 and 1, got {warm_start!r}")
        self.sigma0 = sigma0
        self.population_size = population_size
        self.restarts = restarts
        self.start_at = start_at
        self.warm_start = warm_start
        self.lr_adapt = lr_adapt
        self._axes: tuple[Any, Any] = (None, None)  # a space, and what its columns are
        self._told: Array = np.empty((0, 0))  # rows of trials folded up so far
        self._searches: list[_Search] = []  # the latest generations

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        require_one_objective("CMAES", history)
        if self._axes[0] is not space:
            self._axes = (space, _Axes(space))
            self._searches = []
        axes: _Axes = self._axes[1]
        if self.lr_adapt and not axes.continuous:
            raise SamplerError(
                "lr_adapt takes continuous parameters only; leave it out, or use Float without "
                "steps"
            )
        if not axes.d:
            return replace_seen(space, history, space.sample(rng, n), rng)
        search = self._replayed(space, history, axes)
        if not self.start_at and (centre := untried_centre(space, history, n)) is not None:
            return centre
        search.optimizer.reseed_rng(int(rng.integers(2**32)))
        points: list[Array] = []
        for _ in range(n):
            points.append(
                self._drawn(
                    space, history, axes, search, {k for p in points for k in space.keys(p)}, rng
                )
            )
        return replace_seen(space, history, np.concatenate([*points, np.empty((0, space.d))]), rng)

    def _drawn(
        self,
        space: Space,
        history: History,
        axes: _Axes,
        search: _Search,
        taken: set[bytes],
        rng: np.random.Generator,
    ) -> Array:
        last: Array | None = None
        for _ in range(_ATTEMPTS):
            X, inside = axes.point(search.optimizer)
            X = space.settle(X)
            if not space.feasible(X)[0]:
                continue
            if inside and not (space.finite and (history.seen(X)[0] or space.keys(X)[0] in taken)):
                return X
            last = X
        return space.sample(rng, 1) if last is None else last

    # -- folding up the trials
    # --------------------------------------------------------------------------------------

    def _replayed(self, space: Space, history: History, axes: _Axes) -> _Search:
        """The search after all full generations.

        What an earlier call made is used as far as the trials agree.
        """
        done = history.has_result & history.fits & ~np.isnan(history.X).all(axis=1)
        done[: self.start_at] = False
        numbers = np.flatnonzero(done)
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
        same, k = 0, min(len(rows), len(self._told))
        if k and rows.shape[1] == self._told.shape[1]:
            differ = (rows[:k].view(np.int64) != self._told[:k].view(np.int64)).any(axis=1)
            same = int(np.argmax(differ)) if differ.any() else k
        self._told = rows
        start = self._start(history)
        self._searches = [s for s in self._searches if s.end <= same and s.start == start]
        if not self._searches:
            self._searches = [self._first(space, history, axes)]
        place = np.empty(0)
        while (search := self._searches[-1]).end + search.size <= len(numbers):
            if not len(place):
                order, _ = rank_trials(history)
                place = np.empty(history.n)
                place[order] = np.arange(len(order))
            members = numbers[search.end : search.end + search.size]
            following = search.told(
                history, axes, _behind(history, members[np.argsort(place[members])])
            )
            if self.restarts and following.over(axes):
                following = self._restarted(space, history, axes, following)
            self._searches = [*self._searches[-_KEPT:], following]
        return search

    def _start(self, history: History) -> tuple[Any, ...]:
        """What the first generation depends on, beside the settings."""
        before = np.flatnonzero(
            (history.state[: self.start_at] == State.COMPLETE) & history.fits[: self.start_at]
        )
        parts = (before, history.losses[before, 0], history.constraints[before], history.X[before])
        return history.seed, *(a.tobytes() for a in parts if self.warm_start)

    def _size(self, axes: _Axes) -> int:
        return self.population_size or 4 + math.floor(3 * math.log(axes.d))

    def _first(self, space: Space, history: History, axes: _Axes) -> _Search:
        centre = space.centre()
        mean = axes.numeric(np.full((1, space.d), np.nan) if centre is None else centre)[0]
        size, start = self._size(axes), self._start(history)
        order, _ = rank_trials(history)
        before = _behind(
            history, order[(order < self.start_at) & (history.state[order] == State.COMPLETE)]
        )
        best = before[: math.ceil(self.warm_start * len(before))]
        feasible = best[history.feasible[best]]
        best = feasible if len(feasible) > 1 else best
        if len(best) < 2:
            return _Search(axes.optimizer(mean, self.sigma0, size, self.lr_adapt), size, start)
        V = axes.numeric(history.X[best])
        Y = V - V.mean(axis=0)
        cov = _ALPHA**2 * np.eye(Y.shape[1]) + Y.T @ Y / len(Y)
        sigma = math.exp(np.linalg.slogdet(cov)[1] / 2 / max(len(cov), 1))
        optimizer = axes.optimizer(
            V.mean(axis=0), sigma, size, self.lr_adapt, cov / sigma**2, history.X[best]
        )
        return _Search(optimizer, size, start)

    def _restarted(self, space: Space, history: History, axes: _Axes, old: _Search) -> _Search:
        """Another search, from a random point. Source: Auger & Hansen 2005.

        Hansen 2009, section 2.
        """
        rng = np.random.default_rng([history.seed, old.restart])
        spent = [
            old.spent[0] + (0 if old.narrow else old.n),
            old.spent[1] + (old.n if old.narrow else 0),
        ]
        least, large = self._size(axes), old.large
        narrow = self.restarts == "bipop" and old.restart > 0 and spent[1] <= spent[0]
        if narrow:
            size = math.floor(least * (0.5 * large / least) ** (rng.random() ** 2))
            sigma = self.sigma0 * 10 ** (-2 * rng.random())
        else:
            size = large = 2 * large
            sigma = self.sigma0
        mean = axes.numeric(space.sample(rng, 1))[0]
        return _Search(
            axes.optimizer(mean, sigma, max(size, least), self.lr_adapt),
            max(size, least),
            old.start,
            old.end,
            old.restart + 1,
            large,
            narrow,
            (spent[0], spent[1]),
        )


@dataclass
class _Search:
    """Where one search stands after the first `end` trials.

    Attributes:
        optimizer: The distribution: `CMA`, or `CatCMAwM` where anything is discrete. Reseeded
            before each draw.
        size: Trials in a generation.
        start: What the first generation came from.
        end: How many finished trials are folded up, in all searches.
        restart: How many searches there were before.
        large: The largest population so far.
        narrow: Whether this is a small search of BIPOP.
        spent: Trials of earlier large and small searches.
        n: Trials of this search.
        bands: Smallest and largest loss of its latest generations.
    """

    optimizer: Any
    size: int
    start: tuple[Any, ...]
    end: int = 0
    restart: int = 0
    large: int = 0
    narrow: bool = False
    spent: tuple[int, int] = (0, 0)
    n: int = 0
    bands: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.large = self.large or self.size

    def told(self, history: History, axes: _Axes, members: Index) -> _Search:
        """The search one generation on; members are in order, the best first."""
        new = replace(self, optimizer=_copied(self.optimizer))
        rng = np.random.default_rng([history.seed, members.min(), self.end])
        with np.errstate(all="ignore"):  # what overflows is noticed by `over`
            new.optimizer.tell(axes.solutions(new.optimizer, history.X[members], rng))
        complete = members[history.state[members] == State.COMPLETE]
        loss = np.where(history.feasible[complete], history.losses[complete, 0], np.inf)
        new.bands = [
            *self.bands,
            (float(loss.min(initial=np.inf)), float(loss.max(initial=-np.inf))),
        ][-self.patience(axes) :]
        new.end = self.end + self.size
        new.n = self.n + self.size
        return new

    def patience(self, axes: _Axes) -> int:
        """Generations without any difference after which it is over."""
        return 10 + math.ceil(30 * axes.d / self.size)

    def over(self, axes: _Axes) -> bool:
        """Whether it has converged, or is stuck on a plateau."""
        if not axes.sound(self.optimizer) or axes.converged(self.optimizer):
            return True
        low, high = min(b[0] for b in self.bands), max(b[1] for b in self.bands)
        level = (
            math.isfinite(low) and math.isfinite(high) and high - low <= 1e-12 * max(1.0, abs(low))
        )
        if level and len(self.bands) == self.patience(axes):
            return True
        with np.errstate(all="ignore"):
            return bool(axes.n_numeric and self.optimizer.should_stop())


class _Axes:
    """Which columns of a space are what to the optimizer.

    Continuous ones, then discrete ones, then categories.

    Attributes:
        d: Columns that vary.
        n_numeric: Those that are numbers.
        continuous: Whether all of them are numbers without steps.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        real: list[int] = []
        cells: list[int] = []
        choices: list[int] = []
        self._values: dict[int, Array] = {}  # unit columns of the discrete ones
        for j, p in enumerate(space.dists):
            k = p.n_values
            if k == 1:
                continue
            if k is None or (k > _MAX_CELLS and not isinstance(p, Categorical)):
                real.append(j)
                continue
            raw = np.arange(k, dtype=np.float64)
            raw = (
                raw
                if isinstance(p, Categorical)
                else p.from_unit(p.to_unit(p.low + raw * (p.step or 0)))
            )
            self._values[j] = p.to_unit(raw)
            (choices if k == 2 or j in space.unordered else cells).append(j)
        self._real = real
        self._cells = cells
        self._choices = choices
        self._numeric = real + cells
        self.n_numeric = len(self._numeric)
        self.d = len(self._numeric) + len(choices)
        self.continuous = (
            not cells and not choices and all(space.dists[j].n_values is None for j in real)
        )
        self._fixed = np.where(
            [p.n_values == 1 and not isinstance(p, Categorical) for p in space.dists], 0.5, 0.0
        )
        for j, p in enumerate(space.dists):
            if p.n_values == 1 and isinstance(p, Categorical):
                self._fixed[j] = p.to_unit(0.0)

    def numeric(self, X: Array) -> Array:
        """The numbers among the columns.

        Inactive ones get the mean of the others, or the middle.
        """
        V = X[:, self._numeric]
        there = ~np.isnan(V)
        mean = np.where(there, V, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        return np.where(there, V, np.where(there.any(axis=0), mean, 0.5))

    def optimizer(
        self,
        mean: Array,
        sigma: float,
        size: int,
        lr_adapt: bool,
        cov: Array | None = None,
        X: Array | None = None,
    ) -> Any:
        """A fresh distribution; X are points whose categories it takes over."""
        cov = np.eye(len(mean)) if cov is None else cov
        if not self._cells and not self._choices:
            box = np.tile([0.0, 1.0], (len(mean), 1))
            return CMA(mean, sigma, box, population_size=size, cov=cov, lr_adapt=lr_adapt, seed=0)
        ks = [len(self._values[j]) for j in self._choices]
        q = np.zeros((len(ks), max(ks, default=0)))
        for i, (j, k) in enumerate(zip(self._choices, ks, strict=True)):
            count = np.ones(k)
            if X is not None:
                np.add.at(count, self._index(j, X[~np.isnan(X[:, j]), j]), 1.0)
            q[i, :k] = count / count.sum()
        return CatCMAwM(
            x_space=[[0.0, 1.0]] * len(self._real) or None,
            z_space=[self._values[j].tolist() for j in self._cells] or None,
            c_space=ks or None,
            population_size=size,
            seed=0,
            mean=mean if len(mean) else None,
            sigma=sigma,
            cov=cov if len(mean) else None,
            cat_param=q if ks else None,
        )

    def _index(self, j: int, x: Array) -> Index:
        values = self._values[j]
        return np.searchsorted((values[1:] + values[:-1]) / 2, x)

    def point(self, optimizer: Any) -> tuple[Array, bool]:
        """One draw as unit columns (1, d), and whether it lay inside the box rather than was moved onto its edge."""
        X = self._fixed[None].copy()
        if isinstance(optimizer, CMA):
            X[0, self._numeric] = optimizer.ask()
            return X, True
        drawn = optimizer.ask()
        inside = True
        if self._real:
            X[0, self._real] = drawn.x
            inside = bool(((drawn.x > 0) & (drawn.x < 1)).all())
        if self._cells:
            X[0, self._cells] = drawn.z
        for i, j in enumerate(self._choices):
            X[0, j] = self._values[j][np.argmax(drawn.c[i])]
        return X, inside

    def solutions(
        self, optimizer: Any, X: Array, rng: np.random.Generator
    ) -> list[tuple[Any, float]]:
        """What the optimizer is told of ordered points (n, d).

        The draws they may have come from, and their ranks.
        """
        V = self._drawn_from(optimizer, X, rng) if self._numeric else np.empty((len(X), 0))
        if isinstance(optimizer, CMA):
            return [(v, float(i)) for i, v in enumerate(V)]
        q = optimizer._q if self._choices else None
        told = []
        for i, v in enumerate(V):
            c = None
            if q is not None:
                c = q.copy()  # an inactive one tells nothing
                for row, j in enumerate(self._choices):
                    if X[i, j] == X[i, j]:
                        c[row] = np.arange(q.shape[1]) == self._index(j, X[i, j])
            told.append((CatCMAwM.Solution(None, None, c, v if self._numeric else None), float(i)))
        return told

    def _drawn_from(self, optimizer: Any, X: Array, rng: np.random.Generator) -> Array:
        """Numbers (n, k): as they are, drawn within their cell, or anywhere if inactive.

        None further than likely.
        """
        mean = optimizer._mean
        sd = optimizer._sigma * np.sqrt(np.diag(optimizer._C)) * getattr(optimizer, "_A", 1.0)
        V = X[:, self._numeric]
        low, high = V.copy(), V.copy()
        for i, j in enumerate(self._numeric):
            there = ~np.isnan(V[:, i])
            p = self._space.dists[j]
            if j in self._values:
                values = self._values[j]
                edges = np.concatenate([[-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]])
                at = self._index(j, V[there, i])
                low[there, i], high[there, i] = edges[at], edges[at + 1]
            elif p.n_values is not None:
                low[there, i], high[there, i] = p.cells(p.from_unit(V[there, i]))
            low[~there, i], high[~there, i] = (-np.inf, np.inf) if j in self._values else (0.0, 1.0)
        loose = ~(low == high)
        if loose.any():
            V[loose] = _truncated(mean, sd, low, high, rng.random(V.shape), V)[loose]
        B, D = optimizer._eigen_decomposition()
        Y = (V - mean) / (getattr(optimizer, "_A", 1.0) * optimizer._sigma)
        length = np.linalg.norm((Y @ B) / D, axis=1)
        limit = math.sqrt(len(mean)) + 3.0
        far = length > limit
        V[far] = mean + (V[far] - mean) * (limit / length[far])[:, None]
        return V

    def converged(self, optimizer: Any) -> bool:
        """Whether all numbers are continuous and their standard deviations below what matters."""
        if self._cells or not self._real:
            return False
        return bool((optimizer._sigma * np.sqrt(np.diag(optimizer._C)) < _PRECISION).all())

    def sound(self, optimizer: Any) -> bool:
        """Whether all its numbers are finite."""
        parts = [optimizer._mean, optimizer._sigma, optimizer._C] if self._numeric else []
        return all(
            np.isfinite(a).all() for a in [*parts, *([optimizer._q] if self._choices else [])]
        )


def _behind(history: History, numbers: Index) -> Index:
    """Trials in order, the best first, but infeasible ones by what they violate in units of the most among them.

    In units of the whole study, later trials would change the order of earlier ones.
    """
    broken = violation(history.constraints[numbers])
    broken[history.state[numbers] != State.COMPLETE] = np.inf
    return numbers[np.argsort(broken, kind="stable")]


def _copied(optimizer: Any) -> Any:
    """A copy that shares the generator, which is seeded before each use."""
    new = object.__new__(type(optimizer))
    new.__dict__.update(
        {
            k: copy.copy(v) if isinstance(v, np.ndarray | list) else v
            for k, v in vars(optimizer).items()
        }
    )
    return new


def _truncated(mean: Array, sd: Array, low: Array, high: Array, u: Array, fallback: Array) -> Array:
    """Quantiles u of normal distributions cut to [low, high].

    The fallback, or the nearer end, where none is left.
    """
    with np.errstate(all="ignore"):
        a, b = (low - mean) / sd, (high - mean) / sd
        above = a > 0  # on the other side of the mean the tail can be told from 1
        a, b = np.where(above, -b, a), np.where(above, -a, b)
        x = ndtri(ndtr(a) + u * (ndtr(b) - ndtr(a)))
        x = mean + sd * np.where(above, -x, x)
    return np.where(
        np.isfinite(x), np.clip(x, low, high), np.where(np.isnan(fallback), mean, fallback)
    )
