"""Integrations that luthier has in another way."""

from __future__ import annotations

from typing import Any

from ...remarks import refuse


class DaskStorage:
    """A storage on a cluster of Dask.

    Raises:
        CompatError: Always.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        raise refuse(
            "optuna.integration.DaskStorage",
            "Run trials on the cluster: luthier's study.optimize(objective, executor=client).",
        )


class MLflowCallback:
    """Writes trials to MLflow.

    Raises:
        CompatError: Always.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        raise refuse("optuna.integration.MLflowCallback", "Use luthier.integrations.mlflow.")


class WeightsAndBiasesCallback:
    """Writes trials to Weights & Biases.

    Raises:
        CompatError: Always.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        raise refuse(
            "optuna.integration.WeightsAndBiasesCallback", "Use luthier.integrations.wandb."
        )
