"""Checks of a search space before a run: what is likely to waste trials. One check a function."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import msgspec
import numpy as np

from ..typing import Array, Mask
from ..validation import check_whole
from .constraints import Expression, Predicate
from .distributions import Categorical, Distribution, Float, Int
from .normal import Normal

Severity = Literal["note", "advice", "warning"]

_N_POINTS = 4096
_DECADES = 6
_WIDE = 100  # high by low, from which a log scale is due
_EACH = 10  # trials for each parameter that are enough
_FEW = 3  # and that are too few
_STRICT = 0.01  # share of points that a constraint keeps
_RARE = 0.02  # share of points in which a parameter is active

# Words of names: what is searched best on a log scale, and near 1.
_RATES = {
    "lr",
    "rate",
    "decay",
    "alpha",
    "lambda",
    "l1",
    "l2",
    "reg",
    "c",
    "gamma",
    "eps",
    "epsilon",
    "tol",
    "eta",
    "nu",
}
_SHARES = {"dropout", "momentum", "subsample", "colsample", "mutation", "crossover", "sampling"}
_NEAR_ONE = {"momentum", "beta", "beta1", "beta2", "discount", "polyak"}
# Words of what costs time or memory, and the largest value that is usual.
_COSTLY = (
    dict.fromkeys(["layers", "depth"], 64)
    | dict.fromkeys(["units", "width", "hidden", "neurons"], 8192)
    | dict.fromkeys(["estimators", "trees"], 20000)
    | {"heads": 128, "epochs": 1000, "leaves": 65_536, "iterations": 100_000, "steps": 1_000_000}
)
_UNITS = (
    {"s", "ms", "us", "ns", "min", "h", "sec", "minutes", "hours"},
    {"b", "kb", "mb", "gb"},
)
# Words of the parameters with which a search begins, what matters most first.
_FIRST = [
    set(words.split())
    for words in (
        "lr eta rate",
        "depth leaves units width hidden",
        "decay l2 lambda alpha c reg",
        "estimators trees epochs layers",
        "batch dropout momentum subsample gamma",
    )
]


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing about a space that is likely to waste trials.

    Attributes:
        name: Name of the check.
        severity: "warning": trials will be lost; "advice": a change would gain much; "note": good
            to know.
        title: What is the matter, in one sentence.
        advice: What to do.
        subject: The parameter that it is about; "" for the space.
        remedy: The line of code to write; "" where there is none.
    """

    name: str
    severity: Severity
    title: str
    advice: str
    subject: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        lines = [f"{self.severity}: {self.title}", f"  {self.advice}"]
        return "\n".join([*lines, f"  write: {self.remedy}"] if self.remedy else lines)


class Design(NamedTuple):
    """What the checks look at.

    Attributes:
        params: Name to distribution.
        kept: Text of a constraint to the share of random points that keep it.
        kept_by_all: The share that keep all.
        active: (d,) share of random points in which each parameter is active.
        n_trials: How many trials there are to be; None where that is not known.
        default_kept: Whether the defaults together keep all constraints.
    """

    params: Mapping[str, Distribution]
    kept: Mapping[str, float]
    kept_by_all: float
    active: Array
    n_trials: int | None = None
    default_kept: bool = True


class CheckedSpace(Protocol):
    """A `Space`, as far as it is looked at."""

    params: dict[str, Distribution]
    d: int
    constraints: list[Expression | Predicate]

    def place(self, U: Array) -> Array:
        """Return the unit columns (n, d) that points of the unit cube stand for."""

    def feasible(self, X: Array) -> Mask:
        """Return which rows of unit columns (n, d) break no hard constraint (n,)."""

    def keeps(self, rule: Expression | Predicate, X: Array, raw: Array | None = None) -> Mask:
        """Return which rows of unit columns (n, d) keep one hard constraint (n,)."""

    def encode(self, params: Mapping[str, Any]) -> Array:
        """Return params as unit columns (1, d)."""


def measure_design(space: CheckedSpace, n_trials: int | None = None) -> Design:
    """Return what the checks look at, from random points of a space.

    Raises:
        ValueError: n_trials is no whole number above 0.
    """
    if n_trials is not None:
        check_whole("n_trials", n_trials)
    X = space.place(np.random.default_rng(0).random((_N_POINTS, space.d)))
    given = {name: p.default for name, p in space.params.items() if p.default is not None}
    return Design(
        params=space.params,
        kept={c.text: float(space.keeps(c, X).mean()) for c in space.constraints},
        kept_by_all=float(space.feasible(X).mean()),
        active=(~np.isnan(X)).mean(axis=0),
        n_trials=n_trials,
        default_kept=not given or bool(space.feasible(space.encode(given))[0]),
    )


def check_design(design: Design) -> list[Remark]:
    """Return what is likely to waste trials, the worst first."""
    found = [remark for check in CHECKS for remark in check(design)]
    order: Sequence[Severity] = ("warning", "advice", "note")
    return sorted(found, key=lambda remark: order.index(remark.severity))


def split_words(name: str) -> list[str]:
    """Return the words of a name, in small letters: "maxDepth_2" has max, depth and 2."""
    parts = re.sub(r"([a-z])([A-Z])", r"\1_\2", name)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", parts) if word]


def linear_rates(design: Design) -> Iterator[Remark]:
    """Find what is searched best on a log scale, and is on a linear one."""
    for name, dist in design.params.items():
        if not isinstance(dist, Float) or dist.scale != "linear" or dist.low < 0:
            continue
        words = set(split_words(name))
        is_rate = bool(words & _RATES) and not words & _SHARES
        if not is_rate or (dist.low > 0 and dist.high / dist.low < _WIDE) or dist.high <= 0:
            continue
        low = dist.low or 10 ** math.floor(math.log10(dist.high) - 4)
        better = msgspec.structs.replace(dist, low=low, scale="log", step=None, default=None)
        yield Remark(
            name="linear-rate",
            severity="advice",
            subject=name,
            title=f"{name} is searched on a linear scale from {dist.low:g} to {dist.high:g}: nine "
            f"of ten trials lie above {dist.low + (dist.high - dist.low) / 10:g}",
            advice="search it on a log scale, which spends as many trials on each power of ten",
            remedy=f"{name!r}: {better!r}",
        )


def linear_near_one(design: Design) -> Iterator[Remark]:
    """Find what matters next to 1, and is on a linear scale."""
    for name, dist in design.params.items():
        if not isinstance(dist, Float) or dist.scale != "linear" or not 0.99 <= dist.high < 1:
            continue
        if dist.low >= 0 and set(split_words(name)) & _NEAR_ONE:
            better = msgspec.structs.replace(dist, scale="reverse_log", step=None)
            yield Remark(
                name="linear-near-one",
                severity="note",
                subject=name,
                title=f"{name} goes up to {dist.high:g} on a linear scale, where 0.9 and 0.99 are "
                "neighbours",
                advice="search it by its distance to 1",
                remedy=f"{name!r}: {better!r}",
            )


def wide_ranges(design: Design) -> Iterator[Remark]:
    """Find ranges over more than six decades."""
    for name, dist in design.params.items():
        if isinstance(dist, Categorical | Normal) or dist.low <= 0:
            continue
        decades = math.log10(dist.high / dist.low)
        if decades > _DECADES:
            yield Remark(
                name="wide-range",
                severity="note",
                subject=name,
                title=f"{name} spans {decades:.0f} powers of ten",
                advice=f"narrow it to {_DECADES} or fewer around a value that is known to work, or "
                "give it a prior",
            )


def ordered_choices(design: Design) -> Iterator[Remark]:
    """Find choices that are numbers, whose order a search cannot see."""
    for name, dist in design.params.items():
        if not isinstance(dist, Categorical) or dist.ordered or len(dist.choices) < 3:
            continue
        numbers = [_to_number(choice) for choice in dist.choices]
        known = [v for v in numbers if v is not None]
        if len(known) < len(numbers):
            continue
        shown = ", ".join(map(repr, dist.choices[:4])) + (", ..." if len(numbers) > 4 else "")
        yield Remark(
            name="ordered-choices",
            severity="advice",
            subject=name,
            title=f"the choices of {name} are numbers ({shown}), and their order is not used",
            advice="declare a range, or the choices as ordered: then a good value says something "
            "of its neighbours",
            remedy=f"{name!r}: {_order(dist, known)!r}",
        )


def _to_number(choice: object) -> float | None:
    if isinstance(choice, bool) or not isinstance(choice, int | float | str):
        return None
    try:
        number = float(choice)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _order(dist: Categorical, numbers: list[float]) -> Distribution:
    """The same values with their order: a range where they are powers of two, say."""
    ordered = sorted(numbers)
    is_whole = all(type(choice) is int for choice in dist.choices)
    ratios = {round(b / a, 6) for a, b in itertools.pairwise(ordered) if a > 0}
    if is_whole and ordered[0] > 0 and len(ratios) == 1:
        return Int(int(ordered[0]), int(ordered[-1]), scale="log", when=dist.when)
    choices = [choice for _, choice in sorted(zip(numbers, dist.choices, strict=True))]
    return Categorical(tuple(choices), ordered=True, when=dist.when)


def few_trials(design: Design) -> Iterator[Remark]:
    """Find too many parameters for the number of trials, and say with which to start."""
    names = [name for name, dist in design.params.items() if dist.n_values != 1]
    n, d = design.n_trials, len(names)
    if n is None or n >= _EACH * d:
        return
    first = rank_parameters(names)[:3]
    yield Remark(
        name="few-trials",
        severity="warning" if n < _FEW * d else "advice",
        title=f"{n} trials are few for {d} parameters: {_EACH * d} would be enough",
        advice=f"start with these {len(first)}: {', '.join(first)}; and fix the others at what is "
        "known to work",
    )


def rank_parameters(names: Sequence[str]) -> list[str]:
    """Return names, those that usually matter most first; equals in their order."""

    def rank(name: str) -> int:
        words = set(split_words(name))
        return next((i for i, known in enumerate(_FIRST) if words & known), len(_FIRST))

    return sorted(names, key=rank)


def strict_constraints(design: Design) -> Iterator[Remark]:
    """Find constraints that reject almost all points."""
    for text, share in design.kept.items():
        if share < _STRICT:
            yield Remark(
                name="strict-constraint",
                severity="warning",
                title=f"the constraint {text!r} keeps {100 * share:.2g} % of the space",
                advice="narrow the ranges to where it holds, or look for a sign that is reversed",
            )
    if design.kept_by_all < _STRICT and all(share >= _STRICT for share in design.kept.values()):
        yield Remark(
            name="strict-constraint",
            severity="warning",
            title=f"all constraints together keep {100 * design.kept_by_all:.2g} % of the space",
            advice="narrow the ranges to where they hold, or leave one out",
        )


def inactive_parameters(design: Design) -> Iterator[Remark]:
    """Find parameters whose conditions hold never or hardly ever."""
    for (name, dist), share in zip(design.params.items(), design.active.tolist(), strict=True):
        if share >= _RARE:
            continue
        yield Remark(
            name="never-active" if share == 0 else "rarely-active",
            severity="warning" if share == 0 else "note",
            subject=name,
            title=f"{name} is active in {100 * share:.2g} % of the space: it waits for {dist.when}",
            advice="look at the conditions of its parents as well"
            if share == 0
            else "give its parent fewer choices, or enqueue trials that have it",
        )


def costly_parameters(design: Design) -> Iterator[Remark]:
    """Find what costs time or memory, with a bound that is far from usual."""
    for name, dist in design.params.items():
        limits = [_COSTLY[word] for word in split_words(name) if word in _COSTLY]
        if isinstance(dist, Categorical | Normal) or not limits or dist.high <= min(limits):
            continue
        yield Remark(
            name="costly-parameter",
            severity="advice",
            subject=name,
            title=f"{name} goes up to {dist.high:g}, which costs time and memory",
            advice=f"bound it at {min(limits):,} or less, or set limits for a trial, and let the "
            "objective note its cost",
            remedy='study.optimize(objective, limits={"time_s": ..., "memory_mb": ...})',
        )


def defaults(design: Design) -> Iterator[Remark]:
    """Find defaults that lie at a bound, or that break a constraint together."""
    if not design.default_kept:
        yield Remark(
            name="default-forbidden",
            severity="warning",
            title="the defaults together break a constraint, so that the search cannot start there",
            advice="change a default or the constraint",
        )
    for name, dist in design.params.items():
        if isinstance(dist, Categorical) or dist.default is None or (dist.n_values or 3) < 3:
            continue
        if dist.default in (dist.low, dist.high) and dist.default not in (0, 1):
            yield Remark(
                name="default-at-bound",
                severity="note",
                subject=name,
                title=f"the default of {name}, {dist.default:g}, is a bound of its range",
                advice="widen the range around it: what works today need not be the best",
            )


def mixed_units(design: Design) -> Iterator[Remark]:
    """Find parameters in different units of the same quantity, by the last words of their names."""
    for units in _UNITS:
        used: dict[str, str] = {}
        for name, dist in design.params.items():
            words = split_words(name)
            if len(words) > 1 and words[-1] in units and not isinstance(dist, Categorical):
                used.setdefault(words[-1], name)
        if len(used) > 1:
            names = " and ".join(used.values())
            yield Remark(
                name="mixed-units",
                severity="note",
                title=f"{names} are in different units",
                advice="take one unit for all, so that constraints between them mean something",
            )


CHECKS = (
    strict_constraints,
    inactive_parameters,
    few_trials,
    linear_rates,
    linear_near_one,
    ordered_choices,
    wide_ranges,
    costly_parameters,
    defaults,
    mixed_units,
)
"""All checks."""
