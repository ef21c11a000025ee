"""Candidates: the configurations that can be chosen from, and the values that a rule may name."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import msgspec
import numpy as np

from ..errors import find_closest
from ..history.history import History
from ..numerics.pareto import is_non_dominated
from ..trial.record import State, TrialRow
from ..typing import Array, Index, Mask
from ..validation import is_number
from ..wording import count_of, to_six_digits
from .no_results import no_complete_trials
from .rule_language import COMPARE, Comparison, Name, refuse

ABSENT = object()


class Condition(NamedTuple):
    """A condition that excludes candidates.

    Attributes:
        text: As it was written.
        passes: (k,) who satisfies it.
        off: (k,) by how much others miss it; inf where that is no number.
        given: (k,) values of what it is about; ABSENT where there is none.
    """

    text: str
    passes: Mask
    off: Array
    given: list[Any]


class Sought(NamedTuple):
    """A quantity to make small or large: `values` (k,), NaN where there is none; see `Order`."""

    name: str
    values: Array
    largest: bool
    tolerance: float = 0.0
    relative: bool = False


class Front(NamedTuple):
    """Candidates that no other beats in all objectives.

    Attributes:
        rows: (f,) their positions among the candidates.
        Z: (f, m) their losses, 0 for the best of the front and 1 for the worst.
        low: (m,) the loss that is 0.
        span: (m,) worst minus best.
    """

    rows: Index
    Z: Array
    low: Array
    span: Array


class Candidates:
    """The k configurations that were run to the end, in the order of their first trial.

    Runs of the same params count as one, which has the mean of their values; re-runs of
    `Study.confirm` are among them. Of a constraint it has the largest value of any of its runs,
    also of those that did not come to an end: one that breaks it is enough. NaN counts as inf. A
    trial of which no params are known stands for itself.

    Args:
        history: The trials.
        rows_of: Reads rows of trials by their numbers.
        states: Of the trials that count as runs. Only complete ones have values.

    Attributes:
        runs: (k,) the trials of each that count, ordinary ones first.
        limits: (k,) constraint to value, "crash" among them where failing breaks one.
        values: (k, m) in the user's units.
        losses: (k, m) signed so that smaller is better; inf where there is no mean.

    Raises:
        NoCompletedTrialsError: There is none.
    """

    def __init__(
        self,
        history: History,
        rows_of: Callable[[list[int]], list[TrialRow]],
        states: Collection[State] = (State.COMPLETE,),
    ) -> None:
        self.objectives = history.objectives
        self.directions = history.directions
        of_use = np.isin(history.state, list(states)) | bool(history.constraint_names)
        groups: dict[Any, list[TrialRow]] = {}
        limits: dict[Any, dict[str, float]] = {}
        for row in rows_of(np.flatnonzero(of_use).tolist()):
            key = _configuration(row)
            if row.state in states and not history.hidden[row.number]:
                groups.setdefault(key, []).append(row)
            worst = limits.setdefault(key, {})
            crashed = row.state == State.FAILED and not row.disturbed
            crash = {"crash": 1.0 if crashed else -1.0} if history.crash else {}
            for name, value in (row.constraints | crash).items():
                worst[name] = max(
                    worst.get(name, -math.inf), math.inf if math.isnan(value) else value
                )
        runs = [
            (sorted(same, key=lambda row: (row.confirms is not None, row.number)), limits[key])
            for key, same in groups.items()
        ]
        runs = sorted((r for r in runs if r[0][0].confirms is None), key=lambda r: r[0][0].number)
        self.runs = [same for same, _ in runs]
        self.limits = [worst for _, worst in runs]
        if not self.runs:
            raise no_complete_trials(history)
        self._noun = "trial" if all(len(same) == 1 for same in self.runs) else "configuration"
        none = (math.nan,) * len(history.directions)
        by_run = [
            zip(*(_take(row, len(none)) or none for row in same), strict=True) for same in self.runs
        ]
        self.values = np.array(
            [_numbers([_mean(values) for values in by_objective]) for by_objective in by_run]
        )
        losses = history.losses_of(self.values)
        self.losses = np.where(np.isnan(losses), np.inf, losses)

    def __len__(self) -> int:
        return len(self.runs)

    def count(self) -> str:
        """How many there are, in words: 1 trial, 5 configurations."""
        return count_of(len(self), self._noun)

    def objective(self, name: str, tolerance: float = 0.0) -> Sought:
        """An objective as a quantity to make small or large, by its direction."""
        j = self.objectives.index(name)
        return Sought(name, self.values[:, j], self.directions[j] == "maximize", tolerance)

    def constraints(self) -> list[Condition]:
        """Constraints that exclude anything; a candidate without a value of one keeps it."""
        found = []
        for name in dict.fromkeys(name for worst in self.limits for name in worst):
            given = [worst.get(name, ABSENT) for worst in self.limits]
            off = np.fmax(_numbers(given), 0.0)
            if off.any():
                found.append(Condition(f"constraint {name} <= 0", off == 0, off, given))
        return found

    def numbers(self, name: Name, text: str) -> Array:
        """Values (k,) of what a rule names, NaN where it is no number.

        Raises:
            RuleError: No trial has that, or none as a number.
        """
        given = self._look_up(name, text)
        numbers = _numbers(given)
        if np.isnan(numbers).all():
            some = next((v for v in given if v is not ABSENT), math.nan)
            refuse(text, name.at, f"{name.text!r} holds no numbers, but values like {some!r:.50}")
        return numbers

    def condition(self, c: Comparison, text: str) -> Condition:
        """A condition of a rule; nobody passes it by having nothing of that name.

        Raises:
            RuleError: No trial has what it names, or none as a number.
        """
        given = self._look_up(c.name, text)
        passes = np.array([v is not ABSENT for v in given])
        off = np.zeros(len(self))
        for sign, bound in c.bounds:
            if isinstance(bound, str):
                passes &= COMPARE[sign](
                    np.array([str(v) for v in given], dtype=object), bound
                ).astype(bool)
                beyond = np.full(len(self), np.inf)
            else:
                x = self.numbers(c.name, text)
                passes &= COMPARE[sign](x, bound)
                beyond = {
                    "<": x - bound,
                    ">": bound - x,
                    "=": np.abs(x - bound),
                    "!": np.zeros(len(self)),
                }[sign[0]]
            off = np.maximum(off, np.where(np.isnan(beyond), np.inf, beyond))
        return Condition(c.text, passes, np.where(passes, 0.0, off), given)

    def front(self, fits: Mask) -> Front:
        """The front of some candidates (k,).

        Of what no other beats only finite ones count if there are any, else those without a loss of
        inf if there are.
        """
        rows = np.flatnonzero(fits)
        rows = rows[is_non_dominated(self.losses[rows])]
        for good in (np.isfinite(self.losses[rows]), self.losses[rows] < np.inf):
            if good.all(axis=1).any():
                rows = rows[good.all(axis=1)]
                break
        losses = np.where(np.isfinite(self.losses[rows]), self.losses[rows], 0.0)
        low = losses.min(axis=0)
        span = losses.max(axis=0) - low
        Z = (losses - low) / np.where(span > 0, span, 1.0)
        return Front(rows, np.nan_to_num(Z), low, span)

    def _means(self, noted: Callable[[TrialRow], Mapping[str, Any]], key: str) -> list[Any]:
        """Mean values (k,) that trials noted under a key; ABSENT where there is none."""
        return [_mean([noted(row)[key] for row in same if key in noted(row)]) for same in self.runs]

    def _look_up(self, name: Name, text: str) -> list[Any]:
        if name.text in self.objectives:
            return [
                ABSENT if math.isnan(v) else v for v in self.objective(name.text).values.tolist()
            ]
        meanings = self._find_meanings(name.text)
        if not meanings:
            self._refuse_unknown(name, text)
        given = next(iter(meanings.values()))
        if any(other != given for other in meanings.values()):
            refuse(
                text,
                name.at,
                f"{name.text!r} stands for {len(meanings)} things with different values; write "
                f"{' or '.join(meanings)}",
            )
        return given

    def _find_meanings(self, text: str) -> dict[str, list[Any]]:
        """What a name may stand for beside an objective: its name with a prefix to values (k,).

        With a prefix it stands for one thing. Of what trials have anyway, a param or a tag of the
        same name takes nothing away.
        """
        meanings: dict[str, list[Any]] = {}
        limit = text.removeprefix("constraints.")
        if any(limit in worst for worst in self.limits):
            meanings[f"constraints.{limit}"] = [worst.get(limit, ABSENT) for worst in self.limits]
            if limit != text:
                return meanings
        for prefix, noted in _NOTED.items():
            key = text.removeprefix(prefix)
            given = self._means(noted, key)
            if all(v is ABSENT for v in given):
                continue
            if key != text:
                return {text: given}
            meanings[prefix + key] = given
            if noted is _costs_of:
                break
        return meanings

    def _refuse_unknown(self, name: Name, text: str) -> NoReturn:
        rows = [row for same in self.runs for row in same]
        limits = (limit for worst in self.limits for limit in worst)
        others = (key for noted in _NOTED.values() for row in rows for key in noted(row))
        known = [*self.objectives, *dict.fromkeys([*limits, *others])]
        near = find_closest(name.text, known)
        hint = f"did you mean {near!r}? " if near else ""
        refuse(
            text, name.at, f"unknown name {name.text!r}; {hint}there are {', '.join(known):.500}"
        )


def _costs_of(row: TrialRow) -> dict[str, Any]:
    costs = {"cost": row.cost, "duration_s": row.duration_s}
    return {name: value for name, value in costs.items() if value is not None}


_NOTED: dict[str, Callable[[TrialRow], Mapping[str, Any]]] = {
    "trial.": _costs_of,
    "params.": lambda row: row.params,
    "tags.": lambda row: row.tags,
}
# By the prefix of a name, which may be left out.


def _configuration(row: TrialRow) -> Any:
    """A key that runs of one configuration share: its params, and earlier ones that it had."""
    earlier = [turn.params for turn in row.turns if turn.params != row.params]
    return msgspec.json.encode([row.params, earlier], order="sorted") if row.params else row.number


def _take(row: TrialRow, m: int) -> tuple[float, ...] | None:
    """Values of a complete trial, or None where others have stored too few or too many."""
    values = row.values if row.state == State.COMPLETE else None
    return None if values is None or len(values) != m else values


def _numbers(values: Sequence[Any]) -> Array:
    return np.array([float(v) if is_number(v) else math.nan for v in values])


def _mean(values: Sequence[Any]) -> Any:
    """The mean of numbers, the first of anything else. NaN is left out; ABSENT of nothing."""
    values = [v for v in values if v == v]
    if not values:
        return ABSENT
    if not all(map(is_number, values)) or all(v == values[0] for v in values):
        return values[0]
    return sum(values) / len(values)


def format_value(value: Any) -> str:
    """Format a value for a message."""
    return (
        "nothing"
        if value is ABSENT or value is None
        else to_six_digits(value)
        if is_number(value)
        else repr(value)
    )
