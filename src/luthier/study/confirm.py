"""Confirmation: the leaders of a study are run anew, with fresh random numbers, and compared."""

from __future__ import annotations

import html
import math
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from ..analysis.recommendation import Recommendation, recommend
from ..errors import NoCompletedTrialsError, StudyError
from ..numerics.stats import mean_interval, paired_t
from ..trial.outcome import Objective
from ..trial.record import State, TrialRow
from ..validation import check_probability, check_whole
from ..wording import count_of, list_params, to_six_digits
from .engine import Engine
from .loop import run
from .run_settings import RunSettings, check_n_jobs

_UNKNOWN = "confirm needs an objective: none was given to optimize in this process, so pass it here"
_MAX_REPEATS = 100_000  # of one leader
_LOOK_S = 0.2  # from one look at repeats that run elsewhere to the next


class Leader(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration that was run anew.

    Attributes:
        number: The trial that it was first run in.
        params: Name to value.
        values: What the repeats came to, repeat to value; those that failed are not in it.
        mean: The mean of them, in the user's direction and unit; NaN if all failed.
        low: Lower end of its t interval; NaN with fewer than two finite values.
        high: Upper end.
        expected: What the model had expected before.
        n_failed: How many repeats came to nothing.
        kept: Repeat to whether it kept all constraints; empty where the study has none. A repeat
            that failed is in it only if it broke one.
    """

    number: int
    params: dict[str, Any]
    values: dict[int, float]
    mean: float
    low: float
    high: float
    expected: float
    n_failed: int
    kept: dict[int, bool] = {}

    @property
    def n_broken(self) -> int:
        """Number of repeats that violated a constraint."""
        return len(self.kept) - sum(self.kept.values())

    @property
    def feasible(self) -> bool:
        """Whether at least half of its repeats kept all constraints."""
        return 2 * self.n_broken <= len(self.kept)


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """Result of `Study.confirm`.

    Attributes:
        direction: Of the study.
        leaders: By the mean of their repeats, the best first; those of which most repeats broke a
            constraint behind others, and those without a value last.
        level: Coverage of the intervals.
        n_pairs: Repeats that both the first and the second have.
        difference: Mean of first minus second over these; NaN where there are fewer than two.
        p: Two-sided p-value of the paired t test between first and second; NaN as above. A t test,
            and not signed ranks, because of five pairs these cannot give less than 0.06.
    """

    direction: str
    leaders: tuple[Leader, ...]
    level: float
    n_pairs: int
    difference: float
    p: float

    @property
    def best(self) -> Leader:
        """The leader with the best mean, of those that keep the constraints if any does."""
        return self.leaders[0]

    @property
    def significant(self) -> bool:
        """Whether the first is better than the second by more than chance, on repeats of both.

        Never where most repeats of the first broke a constraint.
        """
        better = self.difference < 0 if self.direction == "minimize" else self.difference > 0
        return self.best.feasible and better and self.p < 1 - self.level

    @property
    def verdict(self) -> str:
        """The conclusion, in one sentence."""
        best = self.best
        if not best.feasible:
            return f"No leader keeps the constraints: trial {best.number} {_broke(best)}."
        if len(self.leaders) == 1:
            return f"Trial {best.number} was confirmed alone; there is nothing to compare it with."
        first, second = self.leaders[:2]
        if not second.feasible:
            return (
                f"Only trial {first.number} keeps the constraints: trial {second.number} "
                f"{_broke(second)}."
            )
        if math.isnan(self.p):
            return (
                f"Trials {first.number} and {second.number} have too few repeats in common to be "
                "compared."
            )
        if all(len(set(x.values.values())) == 1 for x in (first, second)):
            return (
                "Every repeat gave the same value: there is no noise, or the objective does not "
                "use trial.rng."
            )
        p = "p < 0.0001" if self.p < 1e-4 else f"p = {self.p:.2g}"
        pairs = count_of(self.n_pairs, "repeat")
        found = f"(difference {self.difference:.3g}, paired t test over {pairs}, {p})"
        if self.significant:
            but = f", but {_broke(first)}" if first.n_broken else ""
            return f"Trial {first.number} is better than trial {second.number} {found}{but}."
        return (
            f"Trial {first.number} cannot be told from trial {second.number} {found}: either will "
            "do."
        )

    def _table(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = []
        limited = any(x.kept for x in self.leaders)
        for x in self.leaders:
            interval = (
                "" if math.isnan(x.low) else f"{to_six_digits(x.low)} to {to_six_digits(x.high)}"
            )
            repeats = f"{len(x.values)}" + (f", {x.n_failed} failed" if x.n_failed else "")
            params = list_params(x.params)
            kept = (f"{sum(x.kept.values())} of {len(x.kept)}",) * limited
            rows.append(
                (
                    str(x.number),
                    to_six_digits(x.mean),
                    interval,
                    to_six_digits(x.expected),
                    repeats,
                    *kept,
                    params,
                )
            )
        head = (
            "trial",
            "mean",
            f"{self.level:.0%} interval",
            "expected",
            "repeats",
            *("feasible",) * limited,
            "params",
        )
        return [head, *rows]

    def __str__(self) -> str:
        rows = self._table()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = (
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
        return "\n".join([*lines, self.verdict])

    def _repr_html_(self) -> str:
        head, *rows = self._table()
        th = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
        trs = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        return f"<table><tr>{th}</tr>{trs}</table><p>{html.escape(self.verdict)}</p>"


def _broke(leader: Leader) -> str:
    return f"broke a constraint in {leader.n_broken} of {count_of(len(leader.kept), 'repeat')}"


def confirm(
    engine: Engine, k: int, repeats: int, objective: Objective | None, n_jobs: int, level: float
) -> Confirmation:
    """Confirm the leaders of a study; `Study.confirm` describes arguments and errors."""
    repeats = check_whole("repeats", repeats, most=_MAX_REPEATS)
    level = check_probability("level", level)
    check_n_jobs(n_jobs)

    leaders, numbers = _enqueue_repeats(engine, k, repeats, objective is not None)
    while pending := engine.pending(numbers):
        if objective is None:
            raise StudyError(_UNKNOWN)
        if any(pending.values()):
            settings = RunSettings(n_trials=len(pending), n_jobs=n_jobs, catch=Exception)
            run(engine, objective, settings, only=pending)
        else:  # they run elsewhere: to be waited for, or taken over should their worker die
            time.sleep(min(_LOOK_S, engine.storage.lease_s / 3))
    return _compare(engine, leaders, engine.rows(sorted(numbers)), level)


def _enqueue_repeats(
    engine: Engine, k: int, repeats: int, known: bool
) -> tuple[list[Recommendation], set[int]]:
    """Choose the leaders, and add those of their repeats that are missing, to wait.

    The leaders are chosen as if there were no repeats yet: so they are the same when called again,
    and no repeat has a part in the choice of what it measures. Where the objective is not known,
    trials that are missing are an error.

    Returns:
        The leaders, and the numbers of all trials that repeat them.
    """
    while True:
        with engine.reading() as history:
            leaders = recommend(history.without(history.confirming), k, engine.rows)
            reruns = engine.rows(np.flatnonzero(history.confirming).tolist())
            there = _repeats(leaders, reruns)
            new = [
                TrialRow(
                    number=-1,
                    state=State.WAITING,
                    params=leader.params,
                    tags={"confirms": leader.number, "repeat": repeat},
                )
                for repeat in range(repeats)
                for leader in leaders
                if (leader.number, repeat) not in there
            ]
            if not new:
                return leaders, set(there.values())
            if not known:
                raise StudyError(_UNKNOWN)
            added = engine.add_trials(new, expected=history.n)
            if added:  # nobody was quicker
                return leaders, {*there.values(), *added}


def _repeats(
    leaders: Sequence[Recommendation], rows: Sequence[TrialRow]
) -> dict[tuple[int, int], int]:
    """Map (leader, repeat) to the number of the trial that is this repeat and has not failed.

    The first, if several.
    """
    params = {x.number: x.params for x in leaders}
    found: dict[tuple[int, int], int] = {}
    for row in rows:
        key = row.confirms, row.tags.get("repeat")
        if key[0] in params and type(key[1]) is int and row.state != State.FAILED:
            wanted = params[
                key[0]
            ]  # a trial that came from another study may bear the number of another one
            if all(row.params[name] == wanted[name] for name in row.params.keys() & wanted.keys()):
                found.setdefault((key[0], key[1]), row.number)
    return found


def _compare(
    engine: Engine, leaders: Sequence[Recommendation], rows: Sequence[TrialRow], level: float
) -> Confirmation:
    """Compare the leaders on the trials that are over."""
    sign = float(engine.history.values_of(1.0))
    limited = bool(engine.history.constraint_names)
    crash = engine.history.crash
    found = []
    for x in leaders:
        mine = [row for row in rows if row.confirms == x.number]
        values = {
            row.tags["repeat"]: row.values[0]
            for row in mine
            if row.state == State.COMPLETE and row.values
        }
        values = dict(sorted(values.items()))
        broken = {
            row.tags["repeat"]
            for row in mine
            if not row.feasible or (crash and row.state == State.FAILED and not row.disturbed)
        }
        kept = {repeat: repeat not in broken for repeat in sorted(values.keys() | broken)}
        y = np.array([*values.values()])
        with np.errstate(invalid="ignore"):  # of both infinities
            mean = float(y.mean()) if len(y) else math.nan
        finite = len(y) > 1 and bool(np.isfinite(y).all())
        low, high = mean_interval(y, level) if finite else (math.nan, math.nan)
        found.append(
            Leader(
                number=x.number,
                params=x.params,
                values=values,
                mean=mean,
                low=low,
                high=high,
                expected=x.mean,
                n_failed=len({row.tags["repeat"] for row in mine} - values.keys()),
                kept=kept if limited else {},
            )
        )
    found.sort(
        key=lambda x: (
            math.isnan(x.mean),
            not x.feasible,
            0.0 if math.isnan(x.mean) else sign * x.mean,
        )
    )
    if math.isnan(found[0].mean):
        error = next((row.error for row in rows if row.error), None) or "they did not end"
        raise NoCompletedTrialsError(f"no repeat has a value: {error.splitlines()[0]}")
    first, second = (found[0].values, found[1].values) if len(found) > 1 else (found[0].values, {})
    pairs = np.array([(first[r], second[r]) for r in first if r in second]).reshape(-1, 2)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    enough = len(pairs) > 1
    return Confirmation(
        direction=engine.directions[0],
        leaders=tuple(found),
        level=level,
        n_pairs=len(pairs),
        difference=float((pairs[:, 0] - pairs[:, 1]).mean()) if enough else math.nan,
        p=paired_t(pairs[:, 0], pairs[:, 1]) if enough else math.nan,
    )
