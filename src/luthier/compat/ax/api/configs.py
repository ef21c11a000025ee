"""Descriptions of parameters for `Client`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...remarks import refuse, warn_without_effect
from ..core.parameter import (
    ChoiceParameter,
    DerivedParameter,
    FixedParameter,
    Parameter,
    ParameterType,
    RangeParameter,
    read_type,
)
from ..exceptions.core import UserInputError


@dataclass
class RangeParameterConfig:
    """Numbers between two bounds.

    Args:
        name: The parameter's name.
        bounds: The least and the greatest value.
        parameter_type: "float" or "int".
        step_size: Distance of its values; None for all between.
        scaling: "linear" or "log".
    """

    name: str
    bounds: tuple[float, float]
    parameter_type: str
    step_size: float | None = None
    scaling: str | None = None

    def to_parameter(self) -> Parameter:
        """Return the parameter.

        Raises:
            UserInputError: The bounds do not fit together, or the steps do not fit between them.
        """
        lower, upper = self.bounds
        if self.step_size is not None and self.scaling == "log":
            raise UserInputError("Non-linear parameters with step_size are not supported.")
        if self.step_size is not None:
            steps = (upper - lower) / self.step_size
            if abs(steps - round(steps)) > 1e-9:
                raise UserInputError(
                    f"The range of the parameter must be evenly divisible by the step size, got "
                    f"{self.bounds} and {self.step_size}."
                )
        return RangeParameter(
            name=self.name,
            parameter_type=read_type(self.parameter_type),
            lower=lower,
            upper=upper,
            log_scale=self.scaling == "log",
            step_size=self.step_size,
        )


@dataclass
class ChoiceParameterConfig:
    """One of several values.

    Args:
        name: The parameter's name.
        values: Its values.
        parameter_type: "float", "int", "str" or "bool".
        is_ordered: Whether their order means something; None to choose by the type.
        log_scale: Without effect: ordered values are equally far apart.
        dependent_parameters: Value to the names of the parameters that are active with it.
    """

    name: str
    values: Sequence[Any]
    parameter_type: str
    is_ordered: bool | None = None
    log_scale: bool | None = None
    dependent_parameters: Mapping[Any, Sequence[str]] | None = None

    def to_parameter(self) -> Parameter:
        """Return the parameter."""
        kind = read_type(self.parameter_type)
        if self.log_scale:
            warn_without_effect(
                "log_scale of Ax's ChoiceParameterConfig",
                "ordered choices are equally far apart; use RangeParameterConfig(scaling='log').",
            )
        dependents = {v: list(n) for v, n in (self.dependent_parameters or {}).items()} or None
        if len(self.values) == 1:
            value = self.values[0]
            return FixedParameter(
                name=self.name, parameter_type=kind, value=value, dependents=dependents
            )
        return ChoiceParameter(
            name=self.name,
            parameter_type=kind,
            values=list(self.values),
            is_ordered=self._is_ordered(kind),
            sort_values=kind.is_numeric,
            dependents=dependents,
        )

    def _is_ordered(self, kind: ParameterType) -> bool:
        return kind.is_numeric if self.is_ordered is None else self.is_ordered


@dataclass
class DerivedParameterConfig:
    """A weighted sum of other parameters.

    Args:
        name: The parameter's name.
        expression_str: The sum, "1.0 - x1 - x2".
        parameter_type: "float" or "int".
    """

    name: str
    expression_str: str
    parameter_type: str

    def to_parameter(self) -> Parameter:
        """Return the parameter."""
        return DerivedParameter(
            name=self.name,
            parameter_type=read_type(self.parameter_type),
            expression_str=self.expression_str,
        )


@dataclass
class StorageConfig:
    """A database of Ax's, which has no equivalent.

    Raises:
        CompatError: Always.
    """

    creator: Any = None
    url: str | None = None
    registry_bundle: Any = None

    def __post_init__(self) -> None:
        raise refuse(
            "Ax's StorageConfig",
            "Save the client with save_to_json_file, or keep a study in a database: "
            "luthier.create_study(storage='sqlite:///file.db').",
        )
