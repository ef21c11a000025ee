"""Hyperopt's expressions as a space of luthier: distributions, conditions, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ...space.distributions import Categorical, Distribution, Float, Int
from ...space.normal import Normal
from ...space.space import Space
from ...typing import Array
from .exceptions import BadSearchSpace
from .pyll.base import Apply, Literal, MissingArgument, dfs, random_names, rec_eval
from .pyll_utils import Cond, expr_to_config

Conditions = list[list[Cond]]


class Label(NamedTuple):
    """One parameter.

    Attributes:
        dist: Its distribution, with the conditions that luthier can express.
        step: The multiple to which values are rounded where the distribution has none; None.
        is_whole: Whether values are ints: indices of branches, and `hp.randint`.
        conditions: All conditions, of which one must hold; empty for a parameter that is always
            active.
    """

    dist: Distribution
    step: float | None
    is_whole: bool
    conditions: Conditions


class SearchSpace:
    """The parameters of an expression, searched as a space of luthier.

    Args:
        expr: The expression.

    Attributes:
        labels: Label to parameter, those of choices before those in their branches.
        space: The space of luthier.

    Raises:
        DuplicateLabel: Two parameters have one label.
        BadSearchSpace: A distribution has an argument that is no number.
    """

    def __init__(self, expr: Apply) -> None:
        found: dict[str, dict[str, Any]] = {}
        expr_to_config(expr, (), found)
        switches = (node.pos_args[0] for node in dfs(expr) if node.name == "switch")
        choices = {n.arg["label"].obj for n in switches if n.name == "hyperopt_param"}
        fixed = {k: v["node"].obj for k, v in found.items() if isinstance(v["node"], Literal)}
        self.labels: dict[str, Label] = {}
        self._nodes = {label: entry["node"] for label, entry in found.items()}
        for label, entry in found.items():
            conditions = [[c for c in one if isinstance(c, Cond)] for one in entry["conditions"]]
            conditions = [
                one for one in conditions if all(fixed.get(c.name, c.val) == c.val for c in one)
            ]
            if not conditions:  # only in branches that are never taken
                continue
            some = [] if any(not one for one in conditions) else conditions
            try:
                self.labels[label] = _read_label(entry["node"], some, label in choices)
            except (TypeError, AttributeError) as e:
                raise BadSearchSpace(
                    f"the distribution of {label!r} needs numbers as arguments, and got an "
                    f"expression or another value: {e}"
                ) from None
        self.space = Space({label: found.dist for label, found in self.labels.items()})

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return the values of one draw from the distributions, as Hyperopt draws it.

        Args:
            rng: Source of randomness.
        """
        values: dict[str, Any] = {}
        waiting = dict(self.labels)
        while waiting:
            for name, label in list(waiting.items()):
                if any(
                    c.name in waiting and c.name != name for one in label.conditions for c in one
                ):
                    continue  # of a choice that is not drawn yet
                del waiting[name]
                if is_active(label, values):
                    value = np.asarray(rec_eval(self._nodes[name], rng=rng)).item()
                    values[name] = int(value) if label.is_whole else float(value)
        return values

    def to_values(self, X: Array) -> list[dict[str, Any]]:
        """Return points (n, d) as Hyperopt's values: floats, and indices of branches as ints."""
        return [self.keep_active(params) for params in self.space.decode(X)]

    def keep_active(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the parameters that are active by all conditions."""
        values: dict[str, Any] = {}
        for name, label in self.labels.items():
            if name not in params or not is_active(label, params):
                continue
            value = params[name]
            if label.step is not None:
                value = round(value / label.step) * label.step
            values[name] = int(value) if label.is_whole else float(value)
        return values

    def to_params(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return Hyperopt's values as params; those that the distributions do not have left out.

        Args:
            values: Label to value, as documents of trials have them.
        """
        params = {}
        for name, value in values.items():
            label = self.labels.get(name)
            if label is None:
                continue
            if label.step is not None and isinstance(label.dist, Float):
                value = min(max(float(value), label.dist.low), label.dist.high)
            found = label.dist.find(value)
            if found is not None:
                params[name] = label.dist.value(found)
        return params


def is_active(label: Label, params: Mapping[str, Any]) -> bool:
    """Whether one of the conditions of a parameter holds."""
    if not label.conditions:
        return True
    return any(all(params.get(c.name) == c.val for c in one) for one in label.conditions)


def _read_label(node: Apply, conditions: Conditions, is_choice: bool) -> Label:
    """Return the parameter of a random node; `is_choice` says that it chooses a branch.

    Raises:
        BadSearchSpace: Its distribution is not one of Hyperopt's.
    """
    if isinstance(node, Literal):
        only = Categorical((node.obj,), when=_find_when(conditions))
        return Label(only, None, isinstance(node.obj, int), conditions)
    args = {k: v for k, v in node.arg.items() if v is not MissingArgument and k != "rng"}
    if any(below.name in random_names for value in args.values() for below in dfs(value)):
        raise TypeError("one that is drawn itself")
    given = {k: v.eval() for k, v in args.items()}
    when = _find_when(conditions)
    if node.name == "categorical":
        shares = tuple(np.asarray(given["p"], dtype=float).ravel().tolist())
        branches = tuple(range(len(shares)))
        return Label(Categorical(branches, prior=shares, when=when), None, True, conditions)
    if node.name == "randint":
        low, high = (0, given["low"]) if "high" not in given else (given["low"], given["high"])
        if not low < high:
            raise BadSearchSpace(f"randint needs low < high, got {low} and {high}")
        if is_choice:
            branches = tuple(range(int(low), int(high)))
            return Label(Categorical(branches, when=when), None, True, conditions)
        return Label(Int(int(low), int(high) - 1, when=when), None, True, conditions)
    if node.name in ("normal", "qnormal", "lognormal", "qlognormal"):
        normal = Normal(
            float(given["mu"]),
            float(given["sigma"]),
            given.get("q"),
            "log" if "log" in node.name else "linear",
            when=when,
        )
        return Label(normal, None, False, conditions)
    if node.name not in ("uniform", "quniform", "loguniform", "qloguniform"):
        raise BadSearchSpace(f"{node.name!r} is no distribution of hp")
    return _read_range(node.name, given, when, conditions)


def _read_range(
    name: str, given: Mapping[str, Any], when: dict[str, Any] | None, conditions: Conditions
) -> Label:
    """Return the parameter of a distribution with two ends, whose values q perhaps rounds."""
    low, high, q = float(given["low"]), float(given["high"]), given.get("q")
    is_log = "log" in name
    if is_log:
        low, high = math.exp(low), math.exp(high)
    scale: Any = "log" if is_log else "linear"
    if q is None:
        return Label(Float(low, high, scale=scale, when=when), None, False, conditions)
    first, last = round(low / q) * q, round(high / q) * q
    if is_log and first <= 0:  # a logarithm does not reach 0
        return Label(Float(low, high, scale=scale, when=when), float(q), False, conditions)
    return Label(Float(first, last, step=q, scale=scale, when=when), None, False, conditions)


def _find_when(conditions: Conditions) -> dict[str, Any] | None:
    """Return conditions as luthier has them: each parent takes one of some values.

    Where they are more complicated, what is necessary of them: only the parents that all of them
    name.
    """
    if not conditions:
        return None
    named = [{c.name: c.val for c in one} for one in conditions]
    parents = set.intersection(*(set(one) for one in named))
    return {p: sorted({one[p] for one in named}) for p in sorted(parents)} or None
