"""Optuna, as the benchmarks use it: default settings, no log lines, one thread."""

from __future__ import annotations

import warnings
from typing import Any


def import_optuna() -> Any:
    """Return Optuna's module, without log lines and warnings about experimental classes."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    return optuna


def optuna_sampler(name: str, seed: int | None = None) -> Any:
    """Return one of Optuna's samplers: "random", "tpe", "gp", "cma" or "nsga2".

    Raises:
        KeyError: Optuna has no sampler of that name here.
    """
    optuna = import_optuna()
    if name == "gp":
        import torch

        torch.set_num_threads(1)
    classes = {
        "random": optuna.samplers.RandomSampler,
        "tpe": optuna.samplers.TPESampler,
        "gp": optuna.samplers.GPSampler,
        "cma": optuna.samplers.CmaEsSampler,
        "nsga2": optuna.samplers.NSGAIISampler,
    }
    return classes[name](seed=seed)
