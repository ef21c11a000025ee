"""Labelled parameters as expressions, and which of them an expression has under what conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, wraps
from typing import Any, NamedTuple

import numpy as np

from .exceptions import DuplicateLabel
from .pyll.base import Apply, Function, Literal, MissingArgument, as_apply, scope


def validate_label(f: Function) -> Function:
    """Return the function, which refuses labels that are no text."""

    @wraps(f)
    def checked(label: Any, *args: Any, **kwargs: Any) -> Any:
        text = label.obj if isinstance(label, Literal) else label
        if not isinstance(text, str | bytes):
            raise TypeError(f"require string label, got {label!r} ({type(label).__name__})")
        return f(label, *args, **kwargs)

    return checked


def validate_distribution_range(f: Function) -> Function:
    """Return the function, which refuses ranges without width."""

    @wraps(f)
    def checked(label: Any, *args: Any, **kwargs: Any) -> Any:
        low = args[0] if args else kwargs.get("low")
        high = args[1] if len(args) > 1 else kwargs.get("high")
        if isinstance(low, float | int) and isinstance(high, float | int) and not low < high:
            raise ValueError(f"low should be less than high: {low} is not smaller than {high}")
        return f(label, *args, **kwargs)

    return checked


@validate_label
def hp_choice(label: str, options: Iterable[Any]) -> Apply:
    """One of several options, which may have parameters of their own.

    Args:
        label: Name of the parameter; a point has the index of the option.
        options: Values, containers or expressions.

    Raises:
        ValueError: There is none.
    """
    branches = list(options)
    if not branches:
        raise ValueError(f"hp.choice({label!r}) needs at least one option")
    return scope.switch(scope.hyperopt_param(label, scope.randint(len(branches))), *branches)


@validate_label
def hp_pchoice(label: str, p_options: Sequence[tuple[float, Any]]) -> Apply:
    """One of several options, with the probability that a random search takes each.

    Args:
        label: Name of the parameter; a point has the index of the option.
        p_options: Pairs of probability and option.

    Raises:
        ValueError: The probabilities do not add up to 1.
    """
    shares, branches = zip(*p_options, strict=True)
    are_numbers = all(isinstance(p, float | int) for p in shares)
    if are_numbers and (min(shares) < 0 or abs(sum(shares) - 1) > 1e-6):
        raise ValueError(f"the probabilities of hp.pchoice({label!r}) add up to {sum(shares)}")
    return scope.switch(scope.hyperopt_param(label, scope.categorical(shares)), *branches)


_ARGUMENTS = {
    **dict.fromkeys(("uniform", "loguniform", "randint"), ("low", "high")),
    **dict.fromkeys(("quniform", "qloguniform"), ("low", "high", "q")),
    **dict.fromkeys(("normal", "lognormal"), ("mu", "sigma")),
    **dict.fromkeys(("qnormal", "qlognormal"), ("mu", "sigma", "q")),
}


def _check_arguments(name: str, given: Sequence[Any], named: Mapping[str, Any]) -> None:
    """Refuse arguments that a distribution does not have, or that are missing.

    Raises:
        TypeError: There are such.
    """
    expected = _ARGUMENTS[name]
    missing = [n for n in expected[len(given) :] if n not in named]
    if name == "randint" and missing == ["high"]:
        missing = []  # one number is the upper end
    unknown = [n for n in named if n not in expected[len(given) :] and n != "rng"]
    if missing or unknown or len(given) > len(expected):
        got = ", ".join([*map(repr, given), *(f"{n}={v!r}" for n, v in named.items())])
        raise TypeError(f"hp.{name} takes a label and {', '.join(expected)}, got {got}")
    q = given[2] if len(given) > 2 else named.get("q")
    if isinstance(q, float | int) and not q > 0:
        raise ValueError(f"q of hp.{name} is above 0, got {q!r}")


def _make(name: str, cast: str, text: str, ranged: bool) -> Callable[..., Apply]:
    """Return what makes parameters of one distribution.

    Args:
        name: Of the distribution in the scope.
        cast: Name of the function that values pass through.
        text: First line of the docstring.
        ranged: Whether it has two ends.
    """

    def parameter(label: str, *args: Any, **kwargs: Any) -> Apply:
        _check_arguments(name, args, kwargs)
        drawn = getattr(scope, name)(*args, **kwargs)
        made: Apply = getattr(scope, cast)(scope.hyperopt_param(label, drawn))
        return made

    parameter.__name__ = f"hp_{name}"
    parameter.__doc__ = text
    return validate_label(validate_distribution_range(parameter) if ranged else parameter)


_REAL = "A real number"
hp_uniform = _make("uniform", "float", f"{_REAL} between low and high.", True)
hp_quniform = _make("quniform", "float", "A multiple of q between low and high.", True)
hp_loguniform = _make("loguniform", "float", f"{_REAL} from exp(low) to exp(high).", True)
hp_qloguniform = _make("qloguniform", "float", "A multiple of q, exp(low) to exp(high).", True)
hp_normal = _make("normal", "float", f"{_REAL} about mu, without bounds.", False)
hp_qnormal = _make("qnormal", "float", "A multiple of q about mu, without bounds.", False)
hp_lognormal = _make("lognormal", "float", f"{_REAL} whose logarithm is about mu.", False)
hp_qlognormal = _make("qlognormal", "float", "A multiple of q, its log about mu.", False)
hp_randint = _make("randint", "int", "A whole number in [0, upper) or [low, high).", False)


@validate_label
def hp_uniformint(label: str, *args: Any, **kwargs: Any) -> Apply:
    """A whole number from low to high, both included."""
    kwargs["q"] = 1.0
    return scope.int(hp_quniform(label, *args, **kwargs))


class Cond(NamedTuple):
    """That a choice takes a branch."""

    name: str
    val: Any
    op: str


EQ = partial(Cond, op="=")


def expr_to_config(
    expr: Any, conditions: tuple[Any, ...] | None, hps: dict[str, dict[str, Any]]
) -> None:
    """Add the parameters of an expression, with their conditions.

    Args:
        expr: The expression.
        conditions: What must hold for all of it.
        hps: Gets for each label its node, its label, and its conditions: a set of tuples, of which
            one must hold.

    Raises:
        DuplicateLabel: Two parameters have one label.
    """
    whole = conditions or ()
    _collect(as_apply(expr), whole, hps)
    for entry in hps.values():
        if _are_all_branches(entry["conditions"], hps):
            entry["conditions"] = {whole}


def _collect(node: Apply, conditions: tuple[Any, ...], hps: dict[str, dict[str, Any]]) -> None:
    if node.name == "hyperopt_param":
        label, drawn = node.arg["label"].obj, node.arg["obj"]
        entry = hps.setdefault(label, {"node": drawn, "conditions": set(), "label": label})
        if entry["node"] is not drawn:
            raise DuplicateLabel(label)
        entry["conditions"].add(conditions)
        return
    if node.name == "switch" and node.pos_args[0].name == "hyperopt_param":
        chosen, *branches = node.pos_args
        _collect(chosen, conditions, hps)
        label = chosen.arg["label"].obj
        for i, branch in enumerate(branches):
            _collect(branch, (*conditions, EQ(label, i)), hps)
        return
    for below in node.inputs():
        _collect(below, conditions, hps)


def _are_all_branches(conditions: set[tuple[Any, ...]], hps: dict[str, dict[str, Any]]) -> bool:
    """Whether conditions are together all branches of one choice."""
    plain = [[c for c in one if isinstance(c, Cond)] for one in conditions]
    plain = [one for one in plain if one]
    if len(conditions) < 2 or not plain:
        return len(conditions) > 1
    if any(len(one) != 1 or one[0].name != plain[0][0].name for one in plain):
        return False
    node = hps[plain[0][0].name]["node"]
    if isinstance(node, Literal):
        return False
    return {one[0].val for one in plain} == set(range(count_branches(node)))


def count_branches(node: Apply) -> int:
    """Return how many values the index of a choice has."""
    given = node.arg
    if node.name == "categorical":
        return int(np.size(given["p"].eval()))
    low, high = given["low"], given["high"]
    return int(low.eval() if high is MissingArgument else high.eval() - low.eval())
