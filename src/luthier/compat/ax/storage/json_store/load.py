"""Reads experiments from JSON files."""

from __future__ import annotations

from ...core.experiment import Experiment
from ...saving import experiment_from_dict, read_json


def load_experiment(filepath: str = "experiment.json") -> Experiment:
    """Return the experiment of a file that was written here, by `save_experiment` or a client.

    Raises:
        CompatError: The file was written by Ax itself.
    """
    return experiment_from_dict(read_json(filepath)["experiment"])
