"""Experiments as JSON, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import CompatError
from .adapter.registry import Generators
from .core.arm import Arm
from .core.data import Measurement
from .core.experiment import Experiment
from .core.generator_run import GeneratorRun
from .core.metric import Metric
from .core.objective import Objective
from .core.optimization_config import OptimizationConfig
from .core.outcome_constraint import ComparisonOp, ObjectiveThreshold, OutcomeConstraint
from .core.parameter import (
    ChoiceParameter,
    DerivedParameter,
    FixedParameter,
    Parameter,
    ParameterType,
    RangeParameter,
)
from .core.parameter_constraint import ParameterConstraint
from .core.search_space import SearchSpace
from .core.trial import Trial
from .core.trial_status import TrialStatus
from .generation_strategy.generation_node import GenerationNode
from .generation_strategy.generation_strategy import GenerationStrategy
from .generation_strategy.generator_spec import GeneratorSpec
from .linear import Linear

FORMAT = "luthier.compat.ax"
_PICKLE = b"\x80"  # first byte of all protocols since the second
_EXPORT = (
    "Export its trials with Ax: client.get_trials_data_frame().to_csv('trials.csv'), and attach "
    "each of them here with attach_trial and complete_trial."
)
_KINDS: dict[str, type[Parameter]] = {
    c.__name__: c for c in (RangeParameter, ChoiceParameter, FixedParameter, DerivedParameter)
}
_NODE = ("num_trials", "min_trials_observed", "max_parallelism", "enforce_num_trials", "counts_all")


def write_json(path: str, data: Mapping[str, Any]) -> None:
    """Write what JSON can hold, non-finite numbers too, to a file."""
    Path(path).write_text(json.dumps(_pack(data), allow_nan=False, indent=1), encoding="utf-8")


def read_json(path: str) -> dict[str, Any]:
    """Read what `write_json` wrote.

    Raises:
        CompatError: The file is Ax's own, or none of these.
    """
    found = Path(path).read_bytes()
    if found.startswith(_PICKLE):
        raise CompatError(
            f"{path} is a pickle, which may run any code when it is read, and holds classes of "
            f"Ax. {_EXPORT}"
        )
    try:
        data = json.loads(found)
    except ValueError as e:
        raise CompatError(f"{path} is no JSON file: {e}") from None
    return check_format(_unpack(data), path)


def check_format(data: Any, where: str) -> dict[str, Any]:
    """Return a snapshot that was written here.

    Raises:
        CompatError: It is Ax's own, or none.
    """
    if isinstance(data, dict) and data.get("format") == FORMAT:
        return data
    if isinstance(data, dict) and ("_type" in data or "experiment" in data):
        raise CompatError(
            f"{where} was written by Ax, whose format changes with its version. {_EXPORT}"
        )
    raise CompatError(f"{where} is no snapshot of {FORMAT}.")


def _pack(value: Any) -> Any:
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"__number__": repr(value)}
    if isinstance(value, Mapping):
        return {str(k): _pack(v) for k, v in value.items()}
    return [_pack(v) for v in value] if isinstance(value, list | tuple) else value


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"__number__"}:
            return float(value["__number__"])
        return {k: _unpack(v) for k, v in value.items()}
    return [_unpack(v) for v in value] if isinstance(value, list) else value


# -- parts


def _parameter_to_dict(parameter: Parameter) -> dict[str, Any]:
    facts = {k: v for k, v in vars(parameter).items() if not k.startswith("_")}
    facts["parameter_type"] = parameter.parameter_type.name
    facts["dependents"] = list((parameter.dependents or {}).items()) or None
    return {"kind": type(parameter).__name__, **facts}


def _parameter_from_dict(data: Mapping[str, Any]) -> Parameter:
    facts = {**data, "parameter_type": ParameterType[data["parameter_type"]]}
    pairs = facts["dependents"]
    facts["dependents"] = None if pairs is None else {v: list(names) for v, names in pairs}
    return _KINDS[facts.pop("kind")](**facts)


def _space_to_dict(space: SearchSpace) -> dict[str, Any]:
    return {
        "parameters": [_parameter_to_dict(p) for p in space.parameters.values()],
        "constraints": [
            [c.constraint_dict, c.bound, c.is_equality] for c in space.parameter_constraints
        ],
    }


def _space_from_dict(data: Mapping[str, Any]) -> SearchSpace:
    rules = []
    for weights, bound, is_equality in data["constraints"]:
        rules.append(ParameterConstraint(weights, bound))
        rules[-1].is_equality = is_equality
    return SearchSpace([_parameter_from_dict(p) for p in data["parameters"]], rules)


def _config_to_dict(config: OptimizationConfig) -> dict[str, Any]:
    target = config.pruning_target_parameterization
    return {
        "objective": [[s.weights, s.constant] for s in config.objective.sums],
        "constraints": [_limit_to_list(c) for c in config.outcome_constraints],
        "thresholds": [_limit_to_list(c) for c in config.objective_thresholds],
        "pruning_target": None if target is None else target.parameters,
    }


def _limit_to_list(c: OutcomeConstraint) -> list[Any]:
    return [c.sum.weights, c.op.name, c.bound, c.relative]


def _config_from_dict(data: Mapping[str, Any]) -> OptimizationConfig:
    def read(kind: Any, limit: list[Any]) -> Any:
        weights, op, bound, relative = limit
        made = kind(Metric(next(iter(weights))), bound=bound, relative=relative)
        made.sum, made.op = Linear(dict(weights)), ComparisonOp[op]
        return made

    target = data["pruning_target"]
    return OptimizationConfig(
        Objective.of_sums([Linear(dict(w), constant) for w, constant in data["objective"]]),
        [read(OutcomeConstraint, c) for c in data["constraints"]],
        [read(ObjectiveThreshold, c) for c in data["thresholds"]],
        None if target is None else Arm(target),
    )


def _trial_to_dict(trial: Trial) -> dict[str, Any]:
    run = trial.generator_run
    return {
        "index": trial.index,
        "params": trial.params,
        "arm": trial.arms[0].name if trial.arms else None,
        "status": trial.status.name,
        "reason": trial.status_reason,
        "run_metadata": trial.run_metadata,
        "origin": None if run is None else [run.generator_key, run.node_name],
        "results": [[m.metric_name, m.mean, m.sem, m.step] for m in trial.measurements],
        "latest": {n: trial.measurements.index(m) for n, m in trial.latest.items()},
    }


def _add_trial(experiment: Experiment, data: Mapping[str, Any]) -> None:
    index = data["index"]
    trial = experiment.trials[index] = Trial(experiment, index)
    arm = Arm(data["params"], data["arm"])
    trial.add_arm(arm)
    origin = None if data["origin"] is None else GeneratorRun([arm], *data["origin"])
    trial.restore(TrialStatus[data["status"]], data["reason"], origin)
    trial.run_metadata = data["run_metadata"]
    trial.measurements = [
        Measurement(index, str(arm.name), name, mean, sem, step)
        for name, mean, sem, step in data["results"]
    ]
    trial.latest = {n: trial.measurements[i] for n, i in data["latest"].items()}


def experiment_to_dict(experiment: Experiment) -> dict[str, Any]:
    """Return an experiment in JSON's types. Its runner is left out."""
    config, baseline = experiment.optimization_config, experiment.status_quo
    return {
        "name": experiment.name,
        "description": experiment.description,
        "is_test": experiment.is_test,
        "experiment_type": experiment.experiment_type,
        "properties": experiment.properties,
        "space": _space_to_dict(experiment.search_space),
        "config": None if config is None else _config_to_dict(config),
        "metrics": [[m.name, m.lower_is_better, m.properties] for m in experiment.metrics.values()],
        "baseline": None if baseline is None else [baseline.parameters, baseline.name],
        "trials": [_trial_to_dict(t) for t in experiment.trials.values()],
    }


def experiment_from_dict(data: Mapping[str, Any]) -> Experiment:
    """Return the experiment of what `experiment_to_dict` returned."""
    experiment = Experiment(
        _space_from_dict(data["space"]),
        data["name"],
        data["description"],
        tracking_metrics=[Metric(*facts) for facts in data["metrics"]],
        status_quo=None if data["baseline"] is None else Arm(*data["baseline"]),
        is_test=data["is_test"],
        properties=data["properties"],
        experiment_type=data["experiment_type"],
    )
    if data["config"] is not None:
        experiment.optimization_config = _config_from_dict(data["config"])
    for trial in data["trials"]:
        _add_trial(experiment, trial)
    return experiment


def strategy_to_dict(strategy: GenerationStrategy) -> dict[str, Any]:
    """Return a strategy in JSON's types.

    Raises:
        CompatError: A step is a method of the user's own.
    """
    if own := [n.name for n in strategy.nodes if n.is_external]:
        raise CompatError(
            f"the steps {own} are of your own and cannot be saved; save the client before you set "
            "the strategy, and set it again on the client that is loaded"
        )
    nodes = [
        {
            "name": n.name,
            "method": n.spec.generator_enum.name,
            "seed": n.spec.seed,
            **{k: getattr(n, k) for k in _NODE},
        }
        for n in strategy.nodes
    ]
    return {
        "name": strategy.name,
        "nodes": nodes,
        "seed": strategy.seed,
        "starts_at_centre": strategy.starts_at_centre,
        "place": strategy.current_step_index,
    }


def strategy_from_dict(data: Mapping[str, Any]) -> GenerationStrategy:
    """Return the strategy of what `strategy_to_dict` returned."""
    nodes = []
    for facts in data["nodes"]:
        settings = {} if facts["seed"] is None else {"seed": facts["seed"]}
        spec = GeneratorSpec(Generators[facts["method"]], settings)
        node = GenerationNode(facts["name"], [spec])
        for name in _NODE:
            setattr(node, name, facts[name])
        nodes.append(node)
    strategy = GenerationStrategy(nodes, name=data["name"])
    strategy.seed, strategy.starts_at_centre = data["seed"], data["starts_at_centre"]
    strategy.begin_at(data["place"])
    return strategy


def client_to_dict(
    experiment: Experiment, strategy: GenerationStrategy | None, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a client has in JSON's types, under the name of the format.

    Args:
        experiment: Its experiment.
        strategy: Its strategy.
        facts: What else it has.
    """
    return {
        "format": FORMAT,
        "experiment": experiment_to_dict(experiment),
        "strategy": None if strategy is None else strategy_to_dict(strategy),
        **facts,
    }
