"""Choice of one of several good trials.

By a rule, weights, an aspiration, the knee, or one objective after another.
"""

from __future__ import annotations

import contextlib
import html
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import msgspec
import numpy as np

from ..errors import NoFeasibleTrialsError, NothingFitsError, RuleError, find_closest
from ..history.constraint_columns import violation
from ..history.history import History
from ..numerics.pareto import is_non_dominated
from ..terminal import escape_lines
from ..trial.record import TrialRow
from ..typing import Array, Mask
from ..validation import check_flag, to_number
from ..wording import agree, list_params, to_six_digits
from .arguments import takes_history
from .candidates import ABSENT, Candidates, Condition, Front, Sought, format_value
from .rule_language import Rule, parse

WAYS = (
    "a rule ('accuracy >= 0.9, then smallest size'), weights, aspiration, knee=True or "
    "lexicographic"
)
_RHO = 1e-4  # of the augmentation: decides between what is equal in the worst objective
_EQUAL = 1e-9  # what differs by less is equal

Pick = Callable[[Mask], tuple[int, str]]
"""Takes which candidates may be chosen, (k,); gives one of them, and why."""

Score = tuple[Array, Callable[[int], str]]
"""(f,) of the members of a front, the smaller the better; and what to say of one of them."""


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """The trial that would be chosen otherwise.

    Attributes:
        number: The trial.
        values: Name of what is sought to (its value, that of the choice), in the user's units.
    """

    number: int
    values: dict[str, tuple[float, float]]

    def __str__(self) -> str:
        differ = [
            f"{name} {to_six_digits(a)} instead of {to_six_digits(b)}"
            for name, (a, b) in self.values.items()
            if _differ(a, b)
        ]
        return f"trial {self.number}: {', '.join(differ) or 'no different in what is sought'}"


def _differ(a: float, b: float) -> bool:
    return a != b and not (math.isnan(a) and math.isnan(b))


class RuleCost(msgspec.Struct, frozen=True, kw_only=True):
    """Cost of a condition: the candidates that it excludes, and the choice without it.

    Attributes:
        rule: The condition; "constraint name <= 0" for a constraint on results.
        n: How many candidates there are.
        n_excluded: How many of them it excludes.
        n_alone: How many it excludes that all other conditions allow.
        without: Which of those that it excludes would be chosen without it; None where none would,
            or one that is no different in what is sought.
        at: What the condition is about, as `without` has it: how far it would have to give way.
    """

    rule: str
    n: int
    n_excluded: int
    n_alone: int
    without: Alternative | None
    at: Any = None

    def __str__(self) -> str:
        cost = (
            "it costs nothing"
            if self.without is None
            else f"without it (at {format_value(self.at)}) {self.without}"
        )
        verb = agree(self.n_alone, "passes", "pass")
        alone = f", {self.n_alone or 'none'} of which {verb} all else" if self.n_excluded else ""
        return f"{self.rule} excludes {self.n_excluded} of {self.n}{alone}; {cost}"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen configuration, and the reasons.

    Attributes:
        trial: The first trial that ran it.
        numbers: All that ran it to the end, that one first.
        values: Objective to value in the user's unit; the mean where it was run more than once.
        way: "rule", "weights", "aspiration", "knee", "lexicographic", or "best" where none was
            given.
        why: In words.
        rules: What each condition of the rule cost, and each constraint that excluded anything.
        runner_up: What would be chosen if this one were not there; None where nothing else may be.
    """

    trial: TrialRow
    numbers: tuple[int, ...]
    values: dict[str, float]
    way: str
    why: str
    rules: tuple[RuleCost, ...]
    runner_up: Alternative | None

    @property
    def number(self) -> int:
        """The number of `trial`."""
        return self.trial.number

    @property
    def params(self) -> dict[str, Any]:
        """Name to value."""
        return self.trial.params

    def __str__(self) -> str:
        values = ", ".join(f"{k}={to_six_digits(v)}" for k, v in self.values.items())
        mean = "" if len(self.numbers) == 1 else f" (mean of {len(self.numbers)} runs)"
        params = list_params(self.params)
        lines = [f"Trial {self.number}: {values}{mean}", f"Params: {params}", f"Why: {self.why}."]
        lines += [f"Rule: {rule}." for rule in self.rules]
        lines.append(f"Otherwise: {self.runner_up or 'nothing else may be chosen'}.")
        return escape_lines("\n".join(lines))

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


@takes_history
@np.errstate(over="ignore", invalid="ignore")  # of infinite values
def choose(
    history: History,
    rows_of: Callable[[list[int]], list[TrialRow]],
    rule: str | None = None,
    *,
    weights: Mapping[str, float] | None = None,
    aspiration: Mapping[str, float] | None = None,
    knee: bool = False,
    lexicographic: Sequence[str | tuple[str, float]] | None = None,
) -> Choice:
    """`Study.choose`, of the candidates that break no constraint in any of their runs.

    At most one way is given.

    Args:
        history: The trials that are taken into account.
        rows_of: The trials of some numbers.
        rule: See `rule_language.parse`. Where it does not say what is sought, that is the
            objective, or the knee of several.
        weights: Objective to weight; see `_pick_by_weights`.
        aspiration: Objective to the value that is hoped for; see `_pick_by_aspiration`.
        knee: Whether to take the knee of the front; see `_pick_knee`.
        lexicographic: Objectives, the most important first, each alone or with how much worse than
            the best is equal.

    Raises:
        RuleError: More than one way is given, or none although several trials are beaten by no
            other; a way cannot be read, or names what is not there.
        NothingFitsError: No candidate satisfies the rule; it says which conditions are to blame. Or
            none of those that do has a number for what is sought.
        NoFeasibleTrialsError: Every candidate breaks a constraint.
        NoCompletedTrialsError: No trial is complete.
    """
    given = {
        "rule": rule,
        "weights": weights,
        "aspiration": aspiration,
        "lexicographic": lexicographic,
    }
    ways = [name for name, what in given.items() if what is not None] + ["knee"] * check_flag(
        "knee", knee
    )
    if len(ways) > 1:
        raise RuleError(f"choose takes one way, got {' and '.join(ways)}; give one of {WAYS}")
    names = history.objectives
    read = Rule("", (), ()) if rule is None else parse(rule)
    steps = [] if lexicographic is None else _read_steps(lexicographic, names)
    weight = None if weights is None else _read_weights(weights, names)
    wanted = None if aspiration is None else _read_numbers(aspiration, names, "aspiration")

    candidates = Candidates(history, rows_of)
    all_ = f"none of {candidates.count()}"
    rules = candidates.constraints()
    if not _passing_all(rules, len(candidates)).any():
        raise NoFeasibleTrialsError(f"{all_} is feasible\n{_diagnosis(candidates, rules)}")
    rules += [candidates.condition(c, read.text) for c in read.conditions]
    sought = [candidates.objective(name, tolerance) for name, tolerance in steps]
    sought += [
        Sought(
            o.name.text, candidates.numbers(o.name, read.text), o.largest, o.tolerance, o.relative
        )
        for o in read.orders
    ]
    fits = _passing_all(rules, len(candidates))
    if not fits.any():
        raise NothingFitsError(f"{all_} satisfies {read.text!r}\n{_diagnosis(candidates, rules)}")

    if not sought and len(names) == 1:
        sought = [candidates.objective(names[0])]
    if weight is not None:
        pick = _pick_by_weights(candidates, weight)
    elif wanted is not None:
        pick = _pick_by_aspiration(candidates, wanted, history.losses_of(wanted))
    elif sought:
        pick = _pick_in_order(candidates, sought)
    else:
        pick = _pick_knee(candidates)
        front = candidates.front(fits)
        if not ways and front.span.any():
            raise RuleError(
                f"{len(front.rows)} of {candidates.count()} are beaten by no other "
                f"in all of {', '.join(names)}; choose by {WAYS}"
            )
    return _explain(
        candidates,
        rules,
        pick,
        sought or [candidates.objective(n) for n in names],
        (*ways, "best")[0],
    )


def _read_numbers(given: Any, objectives: Sequence[str], what: str) -> Array:
    """(m,) Finite numbers by objective, NaN where none is given."""
    if not isinstance(given, Mapping) or not given:
        raise RuleError(
            f"{what} is a dict of objective to number, like {{{objectives[0]!r}: 1.0}}, got "
            f"{given!r:.100}"
        )
    for name, value in given.items():
        _require_objective(name, objectives, what)
        number = to_number(value)
        if number is None or not math.isfinite(number):
            raise RuleError(f"{what}: expected a finite number for {name!r}, got {value!r:.100}")
    return np.array([float(given.get(name, math.nan)) for name in objectives])


def _read_weights(given: Any, objectives: Sequence[str]) -> Array:
    """(m,) Weights that sum up to 1."""
    weights = np.nan_to_num(_read_numbers(given, objectives, "weights"))
    if not (weights >= 0).all() or not weights.any():
        raise RuleError(f"weights are numbers >= 0, not all of them 0, got {given!r:.200}")
    return np.asarray(weights / weights.max() / (weights / weights.max()).sum())


def _read_steps(given: Any, objectives: Sequence[str]) -> list[tuple[str, float]]:
    """Objectives and tolerances."""
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        raise RuleError(
            "lexicographic is a list of objectives or (objective, tolerance), the most important "
            f"first, like [({objectives[0]!r}, 0.01), ...], got {given!r:.100}"
        )
    steps = []
    for step in given:
        name, tolerance = step if isinstance(step, tuple | list) and len(step) == 2 else (step, 0.0)
        _require_objective(name, objectives, "lexicographic")
        number = to_number(tolerance)
        if number is None or not 0 <= number < math.inf:
            raise RuleError(
                f"lexicographic: expected a tolerance >= 0 for {name!r}, got {tolerance!r:.100}"
            )
        steps.append((name, float(number)))
    return steps


def _require_objective(name: Any, objectives: Sequence[str], what: str) -> None:
    if name not in objectives:
        near = find_closest(str(name), objectives)
        hint = f"did you mean {near!r}? " if near else ""
        raise RuleError(
            f"{what}: unknown objective {name!r:.100}; {hint}there are {', '.join(objectives)}"
        )


def _pick_in_order(candidates: Candidates, sought: Sequence[Sought]) -> Pick:
    """Pick by one quantity after another.

    Each decides among the candidates within the tolerance of the best in the ones before. A
    candidate without a number for one of them is out. Of several that are left it is the first that
    no other of them beats in all objectives.

    Raises:
        NothingFitsError: Nothing that is left has a number.
    """

    def pick(fits: Mask) -> tuple[int, str]:
        left, steps = np.flatnonzero(fits), list[str]()
        for s in sought:
            n, left = len(left), left[~np.isnan(s.values[left])]
            if not len(left):
                raise NothingFitsError(
                    f"none of the {n} that fit{' so far' * bool(steps)} has a number for "
                    f"{s.name!r}, which is sought; a condition on it leaves out what has none"
                )
            losses = (-s.values if s.largest else s.values)[left]
            best = losses.min()
            slack = s.tolerance * (abs(best) if s.relative and np.isfinite(best) else 1.0)
            edge = best + slack
            left = left[
                ~(losses > edge) | np.isclose(losses, edge, rtol=1e-12, atol=_EQUAL * slack)
            ]
            tolerance = f"{100 * s.tolerance:.6g} %" if s.relative else f"{s.tolerance:.6g}"
            verb = f"within {tolerance} of" if s.tolerance else "with"
            end, value = ("largest", -best) if s.largest else ("smallest", best)
            extreme = f"{end} {s.name}, {to_six_digits(value)}"
            steps.append(f"{len(left)} of these {verb} the {extreme}")
        first = int(left[is_non_dominated(candidates.losses[left])][0])
        return first, ", ".join(steps) + (
            ", the first of which is beaten by none" if len(left) > 1 else ""
        )

    return pick


def _pick_by_weights(candidates: Candidates, w: Array) -> Pick:
    """Pick the smallest weighted sum of normalised losses on the front; others have weight 0.

    Whatever the weights, a trial in a dent of the front is never chosen; an aspiration or a rule
    can choose it.
    """

    def score(front: Front) -> Score:
        total = front.Z @ w

        def why(i: int) -> str:
            named = [(j, name) for j, name in enumerate(candidates.objectives) if w[j]]
            parts = [f"{w[j]:.3g} * {front.Z[i, j]:.3g} ({name})" for j, name in named]
            return (
                f"the smallest weighted sum, {' + '.join(parts)} = {total[i]:.3g}; 0 is the "
                "best, 1 the worst"
            )

        return total, why

    return _on_front(candidates, score)


def _pick_by_aspiration(candidates: Candidates, aspiration: Array, goal: Array) -> Pick:
    """Pick the candidate of the front closest to the aspiration, or exceeding it most.

    Minimises max_j d_j + 1e-4 sum_j d_j, where d_j is (loss - goal) / (worst - best of the front).
    Objectives that are not named do not count, nor those in which the front does not differ.

    Args:
        candidates: To choose from.
        aspiration: (m,) in the user's units, NaN where an objective is not named.
        goal: (m,) the same as losses.

    Source: Wierzbicki 1980, the achievement scalarising function; augmented as in Miettinen 1999.
    """

    def score(front: Front) -> Score:
        counts = ~np.isnan(aspiration) & (front.span > 0)
        d = front.Z[:, counts] - (goal - front.low)[counts] / front.span[counts]

        def why(i: int) -> str:
            said = []
            for j in np.flatnonzero(~np.isnan(aspiration)):
                gap = candidates.losses[front.rows[i], j] - goal[j]
                reached = "is reached" if gap <= 0 else f"is missed by {to_six_digits(gap)}"
                said.append(f"{candidates.objectives[j]} {to_six_digits(aspiration[j])} {reached}")
            return f"the closest to what is hoped for: {', '.join(said)}"

        return (d.max(axis=1) if counts.any() else np.zeros(len(d))) + _RHO * d.sum(axis=1), why

    return _on_front(candidates, score)


def _pick_knee(candidates: Candidates) -> Pick:
    """Pick the knee: furthest from the hyperplane through the extremes, on the side of the best.

    The extremes are the best in each objective. Where their hyperplane does not face the best
    point, it is the one on which normalised losses sum up to 1. Where nothing lies on that side the
    front has no knee, and what is nearest to the best of all objectives is taken.

    Source: Das 1999, on normalised objectives.
    """

    def score(front: Front) -> Score:
        Z, m = front.Z, front.Z.shape[1]
        extremes = [int(np.lexsort((Z.sum(axis=1), Z[:, j]))[0]) for j in range(m)]
        normal: Array = np.ones(m)
        with contextlib.suppress(np.linalg.LinAlgError):
            solved = np.linalg.solve(Z[extremes], np.ones(m))
            normal = np.asarray(solved, dtype=np.float64) if (solved > 0).all() else normal
        distance = (1 - Z @ normal) / np.linalg.norm(normal)
        if (distance <= _EQUAL).all():
            return np.linalg.norm(
                Z, axis=1
            ), lambda _: "the nearest to the best of all objectives; there is no knee"
        ends = " and ".join(
            str(candidates.runs[front.rows[i]][0].number) for i in dict.fromkeys(extremes)
        )
        return (
            -distance,
            lambda i: (
                f"the knee: {distance[i]:.3g} before the line through the extremes, trials {ends}"
            ),
        )

    return _on_front(candidates, score)


def _on_front(candidates: Candidates, score: Callable[[Front], Score]) -> Pick:
    """Pick the smallest score on the front, the first of equals."""

    def pick(fits: Mask) -> tuple[int, str]:
        front = candidates.front(fits)
        if not front.span.any():
            better = (candidates.losses[fits] < candidates.losses[front.rows[0]]).any()
            return int(
                front.rows[0]
            ), f"none {'that is finite ' if better else ''}is better in any objective"
        scores, why = score(front)
        i = int(np.argmin(np.round(scores / _EQUAL)))
        return int(
            front.rows[i]
        ), f"{_count_front(len(front.rows))} beaten by no other, of which it is {why(i)}"

    return pick


def _count_front(n: int) -> str:
    return f"{n} of these {agree(n, 'is', 'are')}"


def _passing_all(rules: Sequence[Condition], k: int) -> Mask:
    """Mask (k,) of the candidates that pass all conditions."""
    return (
        np.asarray(np.logical_and.reduce([r.passes for r in rules], axis=0))
        if rules
        else np.ones(k, dtype=bool)
    )


def _explain(
    candidates: Candidates, rules: list[Condition], pick: Pick, sought: Sequence[Sought], way: str
) -> Choice:
    k = len(candidates)
    fits = _passing_all(rules, k)
    chosen, why = pick(fits)

    def alternative(allowed: Mask) -> tuple[int, Alternative | None]:
        try:
            i, _ = pick(allowed)
        except NothingFitsError:
            return chosen, None
        values = {s.name: (float(s.values[i]), float(s.values[chosen])) for s in sought}
        return i, Alternative(number=candidates.runs[i][0].number, values=values)

    costs = []
    for j, rule in enumerate(rules):
        others = _passing_all(rules[:j] + rules[j + 1 :], k)
        i, without = alternative(others)
        if without and (
            rule.passes[i] or not any(_differ(a, b) for a, b in without.values.values())
        ):
            without = None
        costs.append(
            RuleCost(
                rule=rule.text,
                n=k,
                n_excluded=int((~rule.passes).sum()),
                n_alone=int((others & ~rule.passes).sum()),
                without=without,
                at=None if without is None or rule.given[i] is ABSENT else rule.given[i],
            )
        )
    left = fits & (np.arange(k) != chosen)
    return Choice(
        trial=candidates.runs[chosen][0],
        numbers=tuple(row.number for row in candidates.runs[chosen]),
        values=dict(zip(candidates.objectives, candidates.values[chosen].tolist(), strict=True)),
        way=way,
        why=f"{fits.sum()} of {candidates.count()} may be chosen; {why}",
        rules=tuple(costs),
        runner_up=alternative(left)[1] if left.any() else None,
    )


def _diagnosis(candidates: Candidates, rules: Sequence[Condition]) -> str:
    """Explain why nothing passes all conditions.

    How many pass each, which of them conflict, and what comes nearest.
    """
    lines = []
    for rule in rules:
        lines.append(f"{rule.text}: {rule.passes.sum()} of {len(candidates)} pass")
        if not rule.passes.any() and np.isfinite(rule.off).any():
            lines[-1] += f", the closest has {format_value(rule.given[np.argmin(rule.off)])}"
    for conflict in _conflicts(np.array([rule.passes for rule in rules]))[:3]:
        together = " together" if len(conflict) > 1 else ""
        lines.append(f"nothing satisfies {' and '.join(rules[j].text for j in conflict)}{together}")
    nearest = int(np.argmin(violation(np.stack([rule.off for rule in rules], axis=1))))
    misses = []
    for rule in rules:
        if not rule.passes[nearest]:
            off = rule.off[nearest]
            by = f", {to_six_digits(off)} off" if 0 < off < math.inf else ""
            misses.append(f"{rule.text} (it has {format_value(rule.given[nearest])}{by})")
    lines.append(
        f"nearest is trial {candidates.runs[nearest][0].number}, which misses "
        f"{' and '.join(misses)}"
    )
    return "\n".join(f"  {line}" for line in lines)


def _conflicts(passes: Mask) -> list[tuple[int, ...]]:
    """Conditions (c, k) that exclude everything.

    Single ones, else pairs, else one set of which none can be dropped.

    Source: Chinneck 1991, deletion filtering, for the last.
    """
    for size in (1, 2):
        found = [
            c
            for c in combinations(range(len(passes)), size)
            if not passes[list(c)].all(axis=0).any()
        ]
        if found:
            return found
    kept = list(range(len(passes)))
    for j in range(len(passes)):
        others = [i for i in kept if i != j]
        if not passes[others].all(axis=0).any():
            kept = others
    return [tuple(kept)]
