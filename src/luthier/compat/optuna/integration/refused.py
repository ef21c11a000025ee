"""Integrations that luthier has in another way: each says in which."""

from __future__ import annotations

from typing import Any

from ...remarks import refuse


def _refused(name: str, way: str) -> type:
    """A class of a name that cannot be made.

    Args:
        name: As Optuna has it.
        way: luthier's, as a sentence.
    """

    def make(self: Any, *args: Any, **options: Any) -> None:
        raise refuse(f"optuna.integration.{name}", way)

    return type(name, (), {"__init__": make, "__doc__": f"Refused. {way}"})


BoTorchSampler = _refused("BoTorchSampler", "Use luthier.compat.optuna.samplers.GPSampler().")
FastAIPruningCallback = _refused(
    "FastAIPruningCallback", "Call trial.report(...) and trial.should_prune() after each epoch."
)
MLflowCallback = _refused("MLflowCallback", "Use luthier.integrations.mlflow.")
PyCmaSampler = _refused("PyCmaSampler", "Use luthier.compat.optuna.samplers.CmaEsSampler().")
ShapleyImportanceEvaluator = _refused(
    "ShapleyImportanceEvaluator", "Use study.importance(method='shapley') of a luthier study."
)
SkorchPruningCallback = _refused(
    "SkorchPruningCallback", "Call trial.report(...) and trial.should_prune() after each epoch."
)
TensorBoardCallback = _refused("TensorBoardCallback", "Use luthier.integrations.tensorboard.")
TFKerasPruningCallback = _refused(
    "TFKerasPruningCallback", "Use luthier.compat.optuna.integration.KerasPruningCallback."
)
TorchDistributedTrial = _refused(
    "TorchDistributedTrial", "Ask for the trial in the first process and send its params."
)
WeightsAndBiasesCallback = _refused("WeightsAndBiasesCallback", "Use luthier.integrations.wandb.")
