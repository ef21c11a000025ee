"""Parameters, constraints and objectives, from the dicts and texts that users write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ....remarks import refuse, refuse_space
from ...core.arm import Arm
from ...core.experiment import Experiment
from ...core.metric import Metric
from ...core.objective import MultiObjective, Objective
from ...core.optimization_config import OptimizationConfig
from ...core.outcome_constraint import ComparisonOp, ObjectiveThreshold, OutcomeConstraint
from ...core.parameter import (
    ChoiceParameter,
    DerivedParameter,
    FixedParameter,
    Parameter,
    ParameterType,
    RangeParameter,
    read_type,
)
from ...core.parameter_constraint import ParameterConstraint
from ...core.search_space import SearchSpace
from ...exceptions.core import UserInputError
from ...linear import split_comparison

TParameterRepresentation = Mapping[str, Any]
_KEYS = {
    "name",
    "type",
    "values",
    "bounds",
    "value",
    "value_type",
    "log_scale",
    "logit_scale",
    "is_fidelity",
    "target_value",
    "is_ordered",
    "is_task",
    "digits",
    "dependents",
    "sort_values",
    "step_size",
    "expression_str",
    "backfill_value",
    "default_value",
}


class MetricObjective(Enum):
    """Directions."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


@dataclass
class ObjectiveProperties:
    """Direction of an objective.

    Args:
        minimize: Whether less is better.
        threshold: The worst value that is of use, where there are several objectives.
    """

    minimize: bool
    threshold: float | None = None


@dataclass(frozen=True)
class FixedFeatures:
    """Params that are set in the next trials.

    Args:
        parameters: Name to value.
        trial_index: Accepted.
    """

    parameters: Mapping[str, Any]
    trial_index: int | None = None


class InstantiationBase:
    """Reads what users write; AxClient is derived from it."""

    @staticmethod
    def _get_parameter_type(python_type: type) -> ParameterType:
        return read_type(python_type)

    @classmethod
    def parameter_from_json(cls, representation: Mapping[str, Any]) -> Parameter:
        """Return a parameter from a dict.

        Raises:
            ValueError: It misses something, or has a key that is not known.
        """
        if "parameter_type" in representation:
            raise ValueError("'parameter_type' is 'value_type' here; 'type' is range or choice.")
        if unknown := set(representation) - _KEYS:
            raise ValueError(
                f"Unexpected keys {sorted(unknown)} in a parameter; known are {sorted(_KEYS)}."
            )
        name, kind = representation.get("name"), representation.get("type")
        if not isinstance(name, str) or not name:
            raise ValueError(f"A parameter needs a name, a text, got {name!r}.")
        make = {
            "range": cls._make_range_param,
            "choice": cls._make_choice_param,
            "fixed": cls._make_fixed_param,
            "derived": cls._make_derived_param,
        }.get(str(kind))
        if make is None:
            raise ValueError(
                f"Unrecognized parameter type {kind!r} of {name}; expected range, choice, fixed or "
                "derived."
            )
        return make(name, representation)

    @staticmethod
    def _read_type(data: Mapping[str, Any], values: Sequence[Any]) -> ParameterType:
        if data.get("value_type") is not None:
            return read_type(data["value_type"])
        kinds = {type(v.item() if hasattr(v, "item") else v) for v in values}
        if kinds == {int, float}:
            return ParameterType.FLOAT
        if len(kinds) != 1:
            raise ValueError(f"Values must have one type, got {list(values)!r}; give value_type.")
        return read_type(kinds.pop())

    @classmethod
    def _make_range_param(cls, name: str, data: Mapping[str, Any]) -> Parameter:
        bounds = data.get("bounds")
        if not isinstance(bounds, list | tuple) or len(bounds) != 2:
            raise ValueError(
                f"Cannot parse parameter {name}: for range parameters, json representation should "
                f"include a list of two values, lower and upper bounds of the range, got {bounds!r}"
            )
        return RangeParameter(
            name=name,
            parameter_type=cls._read_type(data, bounds),
            lower=bounds[0],
            upper=bounds[1],
            log_scale=bool(data.get("log_scale", False)),
            logit_scale=bool(data.get("logit_scale", False)),
            digits=data.get("digits"),
            step_size=data.get("step_size"),
            is_fidelity=bool(data.get("is_fidelity", False)),
            target_value=data.get("target_value"),
            dependents=data.get("dependents"),
            backfill_value=data.get("backfill_value"),
            default_value=data.get("default_value"),
        )

    @classmethod
    def _make_choice_param(cls, name: str, data: Mapping[str, Any]) -> Parameter:
        values = data.get("values")
        if not isinstance(values, list | tuple) or not values:
            raise ValueError(
                f"Cannot parse parameter {name}: for choice parameters, json representation should "
                f"include a non-empty list of values, got {values!r}"
            )
        if len(values) == 1:
            return cls._make_fixed_param(name, {**data, "value": values[0]})
        return ChoiceParameter(
            name=name,
            parameter_type=cls._read_type(data, values),
            values=list(values),
            is_ordered=data.get("is_ordered"),
            is_task=bool(data.get("is_task", False)),
            sort_values=data.get("sort_values"),
            is_fidelity=bool(data.get("is_fidelity", False)),
            target_value=data.get("target_value"),
            dependents=data.get("dependents"),
            backfill_value=data.get("backfill_value"),
            default_value=data.get("default_value"),
        )

    @classmethod
    def _make_fixed_param(cls, name: str, data: Mapping[str, Any]) -> Parameter:
        if data.get("value") is None:
            raise ValueError(f"Cannot parse parameter {name}: a fixed parameter needs a value.")
        return FixedParameter(
            name=name,
            parameter_type=cls._read_type(data, [data["value"]]),
            value=data["value"],
            dependents=data.get("dependents"),
            backfill_value=data.get("backfill_value"),
            default_value=data.get("default_value"),
        )

    @classmethod
    def _make_derived_param(cls, name: str, data: Mapping[str, Any]) -> Parameter:
        kind = read_type(data.get("value_type", "float"))
        text = str(data.get("expression_str"))
        return DerivedParameter(name=name, parameter_type=kind, expression_str=text)

    @classmethod
    def constraint_from_str(
        cls, representation: str, parameters: Mapping[str, Parameter]
    ) -> ParameterConstraint:
        """Return a constraint on parameters from a text.

        Raises:
            ValueError: It is no comparison of weighted sums of these parameters.
        """
        try:
            split_comparison(representation)
            made = ParameterConstraint(inequality=representation)
        except (ValueError, UserInputError) as e:
            raise ValueError(
                f"Received invalid parameter constraint format: `{representation}`. Please use one "
                f"of the following forms:\n'x1 >= x2', 'x1 + 2*x2 <= 3', 'x1 + x2 == 1'. ({e}; "
                "names there cannot contain spaces)"
            ) from None
        for name in made.constraint_dict:
            parameter = parameters.get(name)
            if parameter is None:
                raise ValueError(
                    f"Constraint parameter '{name}' is not present in this experiment's search "
                    f"space parameters: {list(parameters)}."
                )
            if isinstance(parameter, ChoiceParameter) and not parameter.is_ordered:
                raise ValueError(
                    "Only ordered ChoiceParameters can be used in parameter constraints, got "
                    f"{name}"
                )
        return made

    @staticmethod
    def outcome_constraint_from_str(representation: str) -> OutcomeConstraint:
        """Return a constraint on results from a text, "m1 <= 3" or, of the baseline, "m1 >= -5%".

        Raises:
            ValueError: It is no such comparison.
        """
        text = representation.strip()
        try:
            left, op, right = split_comparison(text)
            made = OutcomeConstraint(expression=f"{left} {op} {right.rstrip('%')}")
        except ValueError as e:
            raise ValueError(
                f"Outcome constraint bound of {representation!r}: {e}; names there cannot contain "
                "spaces"
            ) from None
        made.relative = made.relative or right.endswith("%")
        return made

    @classmethod
    def make_search_space(
        cls,
        parameters: Sequence[Any],
        parameter_constraints: Sequence[str] | None = None,
    ) -> SearchSpace:
        """Return a space from dicts, and constraints as text."""
        if isinstance(parameters, str | Mapping) or not isinstance(parameters, Iterable):
            raise ValueError(
                f"parameters is a list of dicts with name, type, bounds or values: {parameters!r}"
            )
        parameters = list(parameters)
        for given in parameters:
            refuse_space(given, "luthier.compat.ax")
            if not isinstance(given, Mapping) and not hasattr(given, "to_parameter"):
                raise ValueError(f"a parameter is a dict with name and type, got {given!r}")
        made = [
            cls.parameter_from_json(p) if isinstance(p, Mapping) else p.to_parameter()
            for p in parameters
        ]
        by_name = {p.name: p for p in made}
        rules = [cls.constraint_from_str(c, by_name) for c in parameter_constraints or ()]
        return SearchSpace(made, rules)

    @staticmethod
    def _make_metric(
        name: str,
        lower_is_better: bool | None = None,
        metric_definitions: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Metric:
        settings = dict((metric_definitions or {}).get(name, {}))
        kind = settings.pop("metric_class", Metric)
        settings.setdefault("lower_is_better", lower_is_better)
        made: Metric = kind(name=name, **settings)
        return made

    @staticmethod
    def make_objectives(objectives: Mapping[str, str]) -> list[Objective]:
        """Return objectives from directions by name, each "minimize" or "maximize".

        Raises:
            ValueError: A direction is none.
        """
        known = {m.value: m for m in MetricObjective}
        found = []
        for name, direction in objectives.items():
            if str(direction).lower() not in known:
                raise ValueError(
                    f"Objective values should specify 'minimize' or 'maximize', got {direction!r} "
                    f"for {name}."
                )
            is_minimized = known[direction.lower()] is MetricObjective.MINIMIZE
            found.append(Objective(Metric(name), minimize=is_minimized))
        return found

    @classmethod
    def make_outcome_constraints(
        cls, outcome_constraints: Sequence[str], status_quo_defined: bool
    ) -> list[OutcomeConstraint]:
        """Return constraints on results from texts.

        Raises:
            ValueError: One is relative, and there is no baseline.
        """
        made = [cls.outcome_constraint_from_str(c) for c in outcome_constraints]
        _require_baseline(made, status_quo_defined)
        return made

    @classmethod
    def make_objective_thresholds(
        cls, objective_thresholds: Sequence[str], status_quo_defined: bool
    ) -> list[ObjectiveThreshold]:
        """Return the worst values of objectives that are of use from texts, "loss <= 3".

        Raises:
            ValueError: One is relative, and there is no baseline.
        """
        made = []
        for text in objective_thresholds:
            limit = cls.outcome_constraint_from_str(text)
            made.append(ObjectiveThreshold(limit.metric, limit.bound, limit.relative, limit.op))
        _require_baseline(made, status_quo_defined)
        return made

    @classmethod
    def make_optimization_config(
        cls,
        objectives: Mapping[str, str],
        objective_thresholds: Sequence[str],
        outcome_constraints: Sequence[str],
        status_quo_defined: bool,
    ) -> OptimizationConfig:
        """Return what is optimised, from directions by name and constraints as text.

        Raises:
            ValueError: One objective has a threshold, or one of these is not of its form.
        """
        parts = cls.make_objectives(objectives)
        thresholds = cls.make_objective_thresholds(objective_thresholds, status_quo_defined)
        if len(parts) == 1 and thresholds:
            raise ValueError(
                "Single-objective optimizations must not specify objective thresholds."
            )
        return OptimizationConfig(
            parts[0] if len(parts) == 1 else MultiObjective(parts),
            cls.make_outcome_constraints(outcome_constraints, status_quo_defined),
            thresholds,
        )

    @classmethod
    def make_optimization_config_from_properties(
        cls,
        objectives: Mapping[str, ObjectiveProperties] | None = None,
        outcome_constraints: Sequence[str] | None = None,
        status_quo_defined: bool = False,
    ) -> OptimizationConfig | None:
        """Return what is optimised, from `ObjectiveProperties` by name; None without objectives."""
        if not objectives:
            return None
        return cls.make_optimization_config(
            {n: "minimize" if p.minimize else "maximize" for n, p in objectives.items()},
            cls.build_objective_thresholds(objectives) if len(objectives) > 1 else (),
            outcome_constraints or (),
            status_quo_defined,
        )

    @staticmethod
    def build_objective_thresholds(objectives: Mapping[str, ObjectiveProperties]) -> list[str]:
        """Return the thresholds of objectives as texts."""
        return [
            f"{n} {'<=' if p.minimize else '>='} {p.threshold}"
            for n, p in objectives.items()
            if p.threshold is not None
        ]

    @classmethod
    def make_experiment(
        cls,
        parameters: Sequence[Any],
        name: str | None = None,
        description: str | None = None,
        owners: list[str] | None = None,
        parameter_constraints: Sequence[str] | None = None,
        outcome_constraints: Sequence[str] | None = None,
        status_quo: Mapping[str, Any] | None = None,
        experiment_type: str | None = None,
        tracking_metric_names: Sequence[str] | None = None,
        metric_definitions: Mapping[str, Mapping[str, Any]] | None = None,
        objectives: Mapping[str, str] | None = None,
        objective_thresholds: Sequence[str] | None = None,
        support_intermediate_data: bool = False,
        immutable_search_space_and_opt_config: bool = True,
        auxiliary_experiments_by_purpose: Any = None,
        default_trial_type: str | None = None,
        default_runner: Any = None,
        is_test: bool = False,
    ) -> Experiment:
        """Return an experiment.

        Args:
            parameters: The parameters, each a dict with name, type, bounds or values.
            name: Name of the experiment.
            description: Kept.
            owners: Kept.
            parameter_constraints: Texts such as "x1 + 2 * x2 <= 3".
            outcome_constraints: Texts such as "latency <= 20".
            status_quo: Params of the baseline.
            experiment_type: Kept.
            tracking_metric_names: Metrics that are only recorded.
            metric_definitions: Name of a metric to the arguments of its class.
            objectives: Metric to "minimize" or "maximize".
            objective_thresholds: Texts such as "loss <= 3", of several objectives.
            support_intermediate_data: Without effect: results may always have steps.
            immutable_search_space_and_opt_config: Kept.
            auxiliary_experiments_by_purpose: Without effect.
            default_trial_type: Refused.
            default_runner: What starts trials.
            is_test: Kept.

        Raises:
            CompatError: Trials are of several types.
            ValueError: A parameter, a constraint or an objective is none.
        """
        if default_trial_type is not None:
            raise refuse("Ax's default_trial_type", "Make a client for each type of trials.")
        space = cls.make_search_space(parameters, parameter_constraints)
        properties: dict[str, Any] = {} if owners is None else {"owners": list(owners)}
        if immutable_search_space_and_opt_config:
            properties["immutable_search_space_and_opt_config"] = True
        experiment = Experiment(
            space,
            name,
            description,
            runner=default_runner,
            is_test=is_test,
            properties=properties,
            experiment_type=experiment_type,
            auxiliary_experiments_by_purpose=auxiliary_experiments_by_purpose,
        )
        if status_quo is not None:
            space.check_membership(status_quo, raise_error=True)
            experiment.status_quo = Arm(space.complete(status_quo), "status_quo")
        if objectives:
            config = cls.make_optimization_config(
                objectives,
                objective_thresholds or (),
                outcome_constraints or (),
                status_quo is not None,
            )
            cls.set_config(experiment, config, metric_definitions)
        experiment.add_tracking_metrics(
            cls._make_metric(n, metric_definitions=metric_definitions)
            for n in tracking_metric_names or ()
        )
        return experiment

    @classmethod
    def set_config(
        cls,
        experiment: Experiment,
        config: OptimizationConfig,
        metric_definitions: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Set what an experiment optimises, with metrics as they are defined."""
        directions = {c.metric_names[0]: c.op is ComparisonOp.LEQ for c in config.all_constraints}
        directions |= {m.name: bool(m.lower_is_better) for m in config.objective.metrics}
        for name in config.metric_names:
            if name not in experiment.metrics or name in (metric_definitions or {}):
                metric = cls._make_metric(name, directions.get(name), metric_definitions)
                experiment.set_metric(metric)
        experiment.optimization_config = config

    @staticmethod
    def make_fixed_observation_features(fixed_features: FixedFeatures) -> FixedFeatures:
        """Return the same."""
        return fixed_features


def _require_baseline(constraints: Sequence[OutcomeConstraint], has_baseline: bool) -> None:
    if not has_baseline and any(c.relative for c in constraints):
        raise ValueError(
            "Must set status_quo to have relative outcome constraints or objective thresholds."
        )
