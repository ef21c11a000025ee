"""The search space: parameters, and constraints on them; as a space of luthier."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from typing import Any

from ....space.space import Space
from ...remarks import refuse
from ..exceptions.core import UserInputError
from .parameter import DerivedParameter, FixedParameter, Parameter
from .parameter_constraint import ParameterConstraint

_NEAR = 1e-8  # by which rounding may break a constraint


class SearchSpace:
    """Parameters and constraints on them.

    Args:
        parameters: The parameters.
        parameter_constraints: Constraints on them.

    Raises:
        ValueError: A name stands twice, or a constraint names a parameter that is not there.
    """

    def __init__(
        self,
        parameters: Sequence[Parameter],
        parameter_constraints: Sequence[ParameterConstraint] | None = None,
    ) -> None:
        self.parameters: dict[str, Parameter] = {p.name: p for p in parameters}
        if len(self.parameters) < len(parameters):
            raise ValueError(f"Parameter names must be unique, got {[p.name for p in parameters]}")
        self.parameter_constraints = list(parameter_constraints or ())
        for constraint in self.parameter_constraints:
            self._check_constraint(constraint)
        for parameter in parameters:
            for child in (c for names in (parameter.dependents or {}).values() for c in names):
                if child not in self.parameters:
                    raise UserInputError(
                        f"{parameter.name} has the dependent {child}, which is not in the search "
                        "space."
                    )

    def _check_constraint(self, constraint: ParameterConstraint) -> None:
        for name in constraint.constraint_dict:
            parameter = self.parameters.get(name)
            if parameter is None:
                raise ValueError(
                    f"`{name}` of {constraint} does not exist in search space, which has "
                    f"{list(self.parameters)}."
                )
            if not parameter.is_numeric:
                raise ValueError(
                    f"Parameter constraints only supported for numeric parameters, got {name}."
                )

    @property
    def is_hierarchical(self) -> bool:
        """Whether some parameters depend on others."""
        return any(p.is_hierarchical for p in self.parameters.values())

    @property
    def tunable_parameters(self) -> dict[str, Parameter]:
        """Parameters that are searched."""
        skipped = FixedParameter | DerivedParameter
        return {
            n: p
            for n, p in self.parameters.items()
            if not isinstance(p, skipped) and not p.is_disabled
        }

    @property
    def range_parameters(self) -> dict[str, Parameter]:
        """Parameters with bounds."""
        return {n: p for n, p in self.parameters.items() if hasattr(p, "lower")}

    def __getitem__(self, name: str) -> Parameter:
        if name not in self.parameters:
            raise ValueError(f"Parameter '{name}' is not part of the search space.")
        return self.parameters[name]

    def add_parameters(self, parameters: Sequence[Parameter]) -> None:
        """Add parameters; one of its name that is disabled is searched again.

        Raises:
            ValueError: A name is taken.
        """
        for parameter in parameters:
            known = self.parameters.get(parameter.name)
            if known is not None and not known.is_disabled:
                raise ValueError(f"Parameter `{parameter.name}` already exists in search space.")
        self.parameters.update((p.name, p) for p in parameters)

    def add_parameter(self, parameter: Parameter) -> None:
        """Add a parameter; see `add_parameters`."""
        self.add_parameters([parameter])

    def disable_parameters(self, default_parameter_values: Mapping[str, Any]) -> None:
        """Search some parameters no longer.

        Args:
            default_parameter_values: Name to the value of all new trials.

        Raises:
            UserInputError: A parameter is not there, or cannot have that value.
        """
        if missing := [n for n in default_parameter_values if n not in self.parameters]:
            raise UserInputError(f"Cannot disable {missing}, which are not in the search space.")
        disabled = {n: self[n].disable(v) for n, v in default_parameter_values.items()}
        self.parameters.update(disabled)

    def update_parameter(self, parameter: Parameter) -> None:
        """Replace a parameter."""
        self.parameters[self[parameter.name].name] = parameter

    def add_parameter_constraints(self, constraints: Sequence[ParameterConstraint]) -> None:
        """Add constraints."""
        for constraint in constraints:
            self._check_constraint(constraint)
        self.parameter_constraints.extend(constraints)

    def find_active(self, params: Mapping[str, Any]) -> list[str]:
        """Return the names of the parameters that are active with these values."""
        inactive: set[str] = set()
        for parameter in self.parameters.values():
            for value, names in (parameter.dependents or {}).items():
                if parameter.name in inactive or params.get(parameter.name) != value:
                    inactive.update(names)
        return [n for n in self.parameters if n not in inactive]

    def check_membership(
        self,
        parameterization: Mapping[str, Any],
        raise_error: bool = False,
        check_all_parameters_present: bool = True,
    ) -> bool:
        """Whether params lie in the space.

        Args:
            parameterization: Name to value.
            raise_error: Raise an error that says why not.
            check_all_parameters_present: Whether none may be missing.
        """
        why = self._explain(parameterization, check_all_parameters_present)
        if why and raise_error:
            raise ValueError(why)
        return not why

    def _explain(self, params: Mapping[str, Any], is_whole: bool) -> str:
        """Return why params are not in the space; empty where they are."""
        active = [n for n in self.find_active(params) if not isinstance(self[n], DerivedParameter)]
        known = [n for n in params if n in self.parameters]
        if is_whole and (missing := [n for n in active if n not in params]):
            return f"Parameters {missing} are missing; the search space has {active}."
        if extra := [n for n in params if n not in self.parameters]:
            return f"Parameters {extra} are not in the search space, which has {active}."
        for name in known:
            if not self[name].validate(params[name]):
                return f"{params[name]!r} is not a valid value for parameter {self[name]}."
        for constraint in self.parameter_constraints:
            held = all(n in params for n in constraint.constraint_dict)
            if held and not constraint.check(params):
                return f"Parameter constraint {constraint} is violated by {dict(params)}."
        return ""

    def check_types(
        self,
        parameterization: Mapping[str, Any],
        allow_none: bool = True,
        raise_error: bool = False,
    ) -> bool:
        """Whether all values are of the types of their parameters."""
        for name, value in parameterization.items():
            if name not in self.parameters or (value is None and allow_none):
                continue
            if not self[name].is_valid_type(value):
                if raise_error:
                    raise ValueError(f"{value!r} is not a valid value for parameter {self[name]}.")
                return False
        return True

    @property
    def constants(self) -> dict[str, Any]:
        """Values of fixed and of disabled parameters."""
        fixed = {n: p.value for n, p in self.parameters.items() if isinstance(p, FixedParameter)}
        return fixed | {n: p.default_value for n, p in self.parameters.items() if p.is_disabled}

    def backfill(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return params of an older trial, with the parameters that were added since then."""
        values = {n: p.backfill_value for n, p in self.parameters.items()}
        added = {n: v for n, v in values.items() if v is not None and n not in params}
        if not added:
            return dict(params)
        whole = {**params, **added}
        active = self.find_active(whole)
        return {n: v for n, v in whole.items() if n in params or n in active}

    def complete(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return params with fixed and derived ones, in the order of the space."""
        found = {**self.constants, **params}
        for name, parameter in self.parameters.items():
            if isinstance(parameter, DerivedParameter):
                found.setdefault(name, parameter.compute(found))
        active = set(self.find_active(found))
        return {
            n: p.cast(found[n]) for n, p in self.parameters.items() if n in found and n in active
        }

    def to_space(self, fixed: Mapping[str, Any]) -> Space:
        """Return the space that luthier searches.

        Args:
            fixed: Parameters that are not searched, with their values.

        Raises:
            CompatError: A constraint is an equality.
        """
        searched = {n: p for n, p in self.tunable_parameters.items() if n not in fixed}
        constants = {**self.constants, **fixed}
        when: dict[str, dict[str, Any]] = {}
        for name, parameter in self.parameters.items():
            for value, children in (parameter.dependents or {}).items():
                for child in children:
                    if name in constants:
                        if constants[name] != value:
                            searched.pop(child, None)
                        continue
                    when.setdefault(child, {}).setdefault(name, []).append(value)
        params = {n: p.to_distribution(when.get(n)) for n, p in searched.items()}
        rules = [_to_rule(c, params, constants) for c in self.parameter_constraints]
        return Space(params, [r for r in rules if r is not None])

    def clone(self) -> SearchSpace:
        """Return a copy."""
        return SearchSpace(list(self.parameters.values()), list(self.parameter_constraints))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SearchSpace):
            return NotImplemented
        return (
            self.parameters == other.parameters
            and self.parameter_constraints == other.parameter_constraints
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"SearchSpace(parameters={list(self.parameters.values())}, "
            f"parameter_constraints={self.parameter_constraints})"
        )


def _to_rule(
    constraint: ParameterConstraint, params: Mapping[str, Any], constants: Mapping[str, Any]
) -> Any:
    """Return a hard constraint of luthier; None where no searched parameter is in it."""
    if constraint.is_equality:
        raise refuse(
            f"Ax's equality constraint {constraint}",
            "Make one of its parameters a DerivedParameterConfig: "
            "x2 with expression_str='1 - x1' for 'x1 + x2 == 1'.",
        )
    weights = {n: w for n, w in constraint.constraint_dict.items() if n in params}
    known = (n for n in constraint.constraint_dict if n in constants)
    bound = constraint.bound - sum(constraint.constraint_dict[n] * constants[n] for n in known)
    bound += _NEAR
    if not weights:
        return None
    if all(n.isidentifier() and not keyword.iskeyword(n) for n in weights):
        return " + ".join(f"{w!r} * {n}" for n, w in weights.items()) + f" <= {bound!r}"
    return lambda values: sum(w * values[n] for n, w in weights.items()) <= bound
