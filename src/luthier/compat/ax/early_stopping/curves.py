"""The reports of an experiment as luthier's history, which grows with them."""

from __future__ import annotations

from ..core.experiment import Experiment
from ..core.optimization_config import OptimizationConfig
from ..core.trial import Trial
from ..history import read_history, read_reports


class Curves:
    """The reports of an experiment.

    Where only reports of running trials are new, they are added; else all is read again.

    Args:
        experiment: The experiment; it has an objective.
    """

    def __init__(self, experiment: Experiment) -> None:
        assert experiment.optimization_config is not None
        self.experiment = experiment
        self.config: OptimizationConfig = experiment.optimization_config
        self.space = experiment.search_space
        self.numbers: dict[int, int] = {}
        self.history = read_history(experiment, self.space.to_space({}), self.numbers)
        self._seen = {t.index: _list_facts(t) for t in experiment.trials.values()}

    def grow(self) -> bool:
        """Add new reports of running trials; return whether nothing else has changed."""
        experiment = self.experiment
        if experiment.optimization_config is not self.config:
            return False
        if experiment.search_space is not self.space or len(experiment.trials) != len(self._seen):
            return False
        for trial in experiment.trials.values():
            status, n_attached, n_kept = self._seen[trial.index]
            facts = _list_facts(trial)
            n_new = len(trial.measurements) - n_kept
            if facts[0] != status or facts[1] - n_attached != n_new:
                return False
            if n_new and trial.index in self.numbers:
                self._add(trial, n_kept)
            self._seen[trial.index] = facts
        return True

    def _add(self, trial: Trial, n_kept: int) -> None:
        steps = {m.step for m in trial.measurements[n_kept:]}
        same = (m for m in trial.measurements if m.step in steps)
        for step, value in read_reports(self.config, same):
            self.history.put_report(self.numbers[trial.index], step, value)


def _list_facts(trial: Trial) -> tuple[str, int, int]:
    return trial.status.name, trial.n_attached, len(trial.measurements)
