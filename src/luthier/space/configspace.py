"""ConfigSpace's configuration spaces as spaces of luthier, and back."""

from __future__ import annotations

import keyword
import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ConfigSpace
import numpy as np

from ..errors import SpaceError
from .constraints import Rule
from .distributions import Categorical, Distribution, Float, Int
from .normal import Normal
from .space import Space

_NORMAL = ConfigSpace.NormalFloatHyperparameter | ConfigSpace.NormalIntegerHyperparameter
_UNIFORM = ConfigSpace.UniformFloatHyperparameter | ConfigSpace.UniformIntegerHyperparameter
_WHOLE = ConfigSpace.UniformIntegerHyperparameter | ConfigSpace.NormalIntegerHyperparameter
_SIGNS = {
    "ForbiddenEqualsRelation": "==",
    "ForbiddenLessThanRelation": "<",
    "ForbiddenLessThanEqualsRelation": "<=",
    "ForbiddenGreaterThanRelation": ">",
    "ForbiddenGreaterThanEqualsRelation": ">=",
    "ForbiddenEqualsClause": "==",
    "ForbiddenLessThanClause": "<",
    "ForbiddenLessThanEqualsClause": "<=",
    "ForbiddenGreaterThanClause": ">",
    "ForbiddenGreaterThanEqualsClause": ">=",
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def read_space(configuration_space: Any) -> Space:
    """Return a configuration space as a space; see `Space.from_configspace`."""
    if not isinstance(configuration_space, ConfigSpace.ConfigurationSpace):
        raise SpaceError(
            f"expected a ConfigSpace.ConfigurationSpace, got {type(configuration_space).__name__}"
        )
    when: dict[str, dict[str, tuple[Any, ...]]] = {}
    for condition in configuration_space.conditions:
        found = _read_condition(condition)
        for parent, values in found.items():
            known = when.setdefault(condition.child.name, {}).get(parent)
            kept = values if known is None else tuple(v for v in values if v in known)
            if not kept:
                raise SpaceError(f"no value of {parent!r} activates {condition.child.name!r}")
            when[condition.child.name][parent] = kept
    params = {h.name: _read(h, when.get(h.name)) for h in configuration_space.values()}
    rules = [_read_forbidden(c, params) for c in configuration_space.forbidden_clauses]
    return Space(params, rules)


def _read(h: Any, when: dict[str, Any] | None) -> Distribution:
    """Return a hyperparameter as a distribution."""
    if isinstance(h, ConfigSpace.Constant):
        return Categorical((plain(h.value),), when=when)
    if isinstance(h, ConfigSpace.OrdinalHyperparameter):
        values = tuple(plain(v) for v in h.sequence)
        return Categorical(values, ordered=True, default=plain(h.default_value), when=when)
    if isinstance(h, ConfigSpace.CategoricalHyperparameter):
        weights = None if h.weights is None else [float(w) for w in h.weights]
        values = tuple(plain(v) for v in h.choices)
        default = plain(h.default_value)
        return Categorical(values, default=default, prior=weights, when=when)
    if not isinstance(h, _UNIFORM | _NORMAL):
        raise SpaceError(
            f"{type(h).__name__} {h.name!r} cannot be read; use a uniform or a normal one with "
            "the same bounds"
        )
    kind: Any = Int if isinstance(h, _WHOLE) else Float
    settings: dict[str, Any] = {"scale": "log" if h.log else "linear", "when": when}
    settings["default"] = plain(h.default_value)
    if isinstance(h, _NORMAL):
        settings["prior"] = _read_prior(h, kind)
    made: Distribution = kind(plain(h.lower), plain(h.upper), **settings)
    return made


def _read_prior(h: Any, kind: Any) -> tuple[Any, float]:
    """Return where a normal hyperparameter has its middle, and its deviation, of the range."""
    low, high, middle = float(h.lower), float(h.upper), float(h.mu)
    if h.log:
        low, high = math.log(low), math.log(high)
        middle = math.exp(middle)
    middle = min(max(middle, float(h.lower)), float(h.upper))
    return (round(middle) if kind is Int else middle), float(h.sigma) / ((high - low) or 1.0)


def plain(value: Any) -> Any:
    """Return a value of ConfigSpace in Python's types."""
    return value.item() if isinstance(value, np.generic) else value


# -- conditions


def _read_condition(condition: Any) -> dict[str, tuple[Any, ...]]:
    """Return a condition as parent -> values with which the child is active; all must hold."""
    if isinstance(condition, ConfigSpace.AndConjunction):
        found: dict[str, tuple[Any, ...]] = {}
        for part in condition.components:
            for parent, values in _read_condition(part).items():
                known = found.get(parent, values)
                found[parent] = tuple(v for v in values if v in known)
        return found
    if isinstance(condition, ConfigSpace.OrConjunction):
        parts = [_read_condition(part) for part in condition.components]
        parents = {parent for part in parts for parent in part}
        if len(parents) > 1 or any(len(part) != 1 for part in parts):
            warnings.warn(
                f"the condition {condition} is an OR of several parents, {sorted(parents)}, where "
                "luthier takes an AND; the parameter is always active in this space",
                UserWarning,
                stacklevel=4,
            )
            return {}
        (parent,) = parents
        return {parent: tuple(dict.fromkeys(v for part in parts for v in part[parent]))}
    parent = condition.parent
    return {parent.name: _list_values(condition, parent)}


def _list_values(condition: Any, parent: Any) -> tuple[Any, ...]:
    """Return the values of a parent with which a condition holds."""
    if isinstance(condition, ConfigSpace.EqualsCondition):
        return (plain(condition.value),)
    if isinstance(condition, ConfigSpace.InCondition):
        return tuple(plain(v) for v in condition.values)
    values = _list_all(parent)
    if values is None:
        raise SpaceError(
            f"the condition {condition} depends on {parent.name!r}, which is continuous; make it "
            "ordinal or an integer"
        )
    place = {repr(v): i for i, v in enumerate(values)}
    at = place[repr(plain(condition.value))]
    if isinstance(condition, ConfigSpace.NotEqualsCondition):
        return tuple(v for i, v in enumerate(values) if i != at)
    if isinstance(condition, ConfigSpace.LessThanCondition):
        return tuple(values[:at])
    if isinstance(condition, ConfigSpace.GreaterThanCondition):
        return tuple(values[at + 1 :])
    raise SpaceError(f"the condition {condition} ({type(condition).__name__}) cannot be read")


def _list_all(h: Any) -> list[Any] | None:
    """Return all values of a hyperparameter, in order; None of a continuous one."""
    if isinstance(h, ConfigSpace.Constant):
        return [plain(h.value)]
    if isinstance(h, ConfigSpace.OrdinalHyperparameter):
        return [plain(v) for v in h.sequence]
    if isinstance(h, ConfigSpace.CategoricalHyperparameter):
        return [plain(v) for v in h.choices]
    return list(range(int(h.lower), int(h.upper) + 1)) if isinstance(h, _WHOLE) else None


# -- forbidden clauses


def _read_forbidden(clause: Any, params: Mapping[str, Distribution]) -> Rule:
    """Return what a clause forbids as a hard constraint: text where it can be, else a function."""
    names = {h.name for h in _find_hyperparameters(clause)}
    if all(n.isidentifier() and not keyword.iskeyword(n) for n in names):
        return f"not ({_write(clause)})"

    def is_allowed(values: dict[str, Any]) -> bool:
        return not _holds(clause, values)

    is_allowed.__name__ = f"allows_not_{clause}"
    return is_allowed


def _find_hyperparameters(clause: Any) -> list[Any]:
    if hasattr(clause, "components"):
        return [h for part in clause.components for h in _find_hyperparameters(part)]
    if hasattr(clause, "left"):
        return [clause.left, clause.right]
    if not hasattr(clause, "hyperparameter"):
        raise SpaceError(f"the forbidden clause {clause} ({type(clause).__name__}) cannot be read")
    return [clause.hyperparameter]


def _write(clause: Any) -> str:
    """Return a clause as text."""
    if isinstance(clause, ConfigSpace.ForbiddenAndConjunction | ConfigSpace.ForbiddenOrConjunction):
        joint = " and " if isinstance(clause, ConfigSpace.ForbiddenAndConjunction) else " or "
        return joint.join(f"({_write(part)})" for part in clause.components)
    if isinstance(clause, ConfigSpace.ForbiddenInClause):
        values = ", ".join(repr(plain(v)) for v in clause.values)
        return f"{clause.hyperparameter.name} in [{values}]"
    sign = _find_sign(clause)
    if hasattr(clause, "left"):
        return f"{clause.left.name} {sign} {clause.right.name}"
    return f"{clause.hyperparameter.name} {sign} {plain(clause.value)!r}"


def _holds(clause: Any, values: Mapping[str, Any]) -> bool:
    """Whether params are as a clause forbids; one that is not active never is."""
    if hasattr(clause, "components"):
        found = (_holds(part, values) for part in clause.components)
        return all(found) if isinstance(clause, ConfigSpace.ForbiddenAndConjunction) else any(found)
    if any(h.name not in values for h in _find_hyperparameters(clause)):
        return False
    if isinstance(clause, ConfigSpace.ForbiddenInClause):
        return values[clause.hyperparameter.name] in [plain(v) for v in clause.values]
    compare = _COMPARE[_find_sign(clause)]
    if hasattr(clause, "left"):
        return compare(values[clause.left.name], values[clause.right.name])
    return compare(values[clause.hyperparameter.name], plain(clause.value))


def _find_sign(clause: Any) -> str:
    sign = _SIGNS.get(type(clause).__name__)
    if sign is None:
        raise SpaceError(f"the forbidden clause {clause} ({type(clause).__name__}) cannot be read")
    return sign


# -- and back


def write_space(space: Space, seed: int | None = None) -> Any:
    """Return a space as a configuration space; see `Space.to_configspace`."""
    if space.constraints:
        raise SpaceError(
            f"ConfigSpace has no expressions such as {space.constraints[0].text!r}; write its "
            "forbidden clauses yourself, and pass Space(space.params) here"
        )
    made = ConfigSpace.ConfigurationSpace(seed=seed)
    made.add(*(_write_one(name, dist) for name, dist in space.params.items()))
    for name, dist in space.params.items():
        parts = [
            ConfigSpace.InCondition(made[name], made[p], list(v))
            for p, v in (dist.when or {}).items()
        ]
        if parts:
            made.add(parts[0] if len(parts) == 1 else ConfigSpace.AndConjunction(*parts))
    return made


def _write_one(name: str, dist: Distribution) -> Any:
    default: dict[str, Any] = {} if dist.default is None else {"default_value": dist.default}
    if isinstance(dist, Categorical):
        return _write_choices(name, dist.choices, dist.ordered, default, dist.prior)
    if isinstance(dist, Normal):
        raise SpaceError(
            f"{name!r} has no bounds, which ConfigSpace asks for; use Float with prior"
        )
    if dist.scale == "reverse_log":
        raise SpaceError(f"{name!r} has scale='reverse_log', which ConfigSpace does not have")
    if dist.step is not None and not (isinstance(dist, Int) and dist.step == 1):
        values = [dist.value(v) for v in dist.values(np.arange(dist.n_values or 1))]
        return _write_choices(name, values, True, default, None)
    is_log = dist.scale == "log"
    settings: dict[str, Any] = {"lower": dist.low, "upper": dist.high, "log": is_log, **default}
    whole = isinstance(dist, Int)
    if dist.prior is None:
        kind: Any = (
            ConfigSpace.UniformIntegerHyperparameter
            if whole
            else ConfigSpace.UniformFloatHyperparameter
        )
        return kind(name, **settings)
    middle, share = dist.prior
    low, high = (math.log(b) if is_log else b for b in (dist.low, dist.high))
    settings |= {"mu": math.log(middle) if is_log else middle, "sigma": share * (high - low)}
    kind = (
        ConfigSpace.NormalIntegerHyperparameter if whole else ConfigSpace.NormalFloatHyperparameter
    )
    return kind(name, **settings)


def _write_choices(
    name: str, choices: Iterable[Any], ordered: bool, default: dict[str, Any], prior: Any
) -> Any:
    values = list(choices)
    if len(values) == 1:
        return ConfigSpace.Constant(name, values[0])
    if ordered:
        return ConfigSpace.OrdinalHyperparameter(name, values, **default)
    weights = None if prior is None else list(prior)
    return ConfigSpace.CategoricalHyperparameter(name, values, weights=weights, **default)
