"""Writes experiments to JSON files."""

from __future__ import annotations

from ...core.experiment import Experiment
from ...saving import FORMAT, experiment_to_dict, write_json


def save_experiment(experiment: Experiment, filepath: str = "experiment.json") -> None:
    """Write an experiment to a file; its runner is left out."""
    write_json(filepath, {"format": FORMAT, "experiment": experiment_to_dict(experiment)})
