"""Integrations that luthier has in another way."""

from __future__ import annotations

from typing import Any

from ...remarks import refuse


class LightGBMTuner:
    """Tunes LightGBM step by step, which luthier does not do.

    Raises:
        CompatError: Always.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        raise refuse(
            "optuna.integration.LightGBMTuner",
            "All parameters are better tuned together: luthier.sklearn.SearchCV with "
            "luthier.sklearn.ready_spaces, or study.optimize with "
            "luthier.integrations.lightgbm.Report.",
        )


class LightGBMTunerCV(LightGBMTuner):
    """Tunes LightGBM step by step, which luthier does not do."""


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
