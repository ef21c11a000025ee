"""The trials of one study in a database, as of the last look."""

from __future__ import annotations

from ...distributions import BaseDistribution
from ...trial.frozen import FrozenTrial
from .database import Database
from .rows import read_trials


class SeenStudy:
    """What is known of a study, so that trials that are over are read once.

    Attributes:
        trials: The trials by number; a trial that changes is replaced.
        place: The number of each trial in the study, by its number in the storage.
        distributions: The distribution that each name had first.
    """

    def __init__(self, study_id: int) -> None:
        self.study_id = study_id
        self.trials: list[FrozenTrial] = []
        self.place: dict[int, int] = {}
        self.distributions: dict[str, BaseDistribution] = {}
        self._open: set[int] = set()  # of trials that are not over
        self._last = -1

    def put(self, trial: FrozenTrial) -> None:
        """Note a trial as it is now."""
        trial_id = trial.trial_id
        if trial_id in self.place:
            self.trials[self.place[trial_id]] = trial
        else:
            self.place[trial_id] = len(self.trials)
            self.trials.append(trial)
            self._last = max(self._last, trial_id)
        if trial.state.is_finished():
            self._open.discard(trial_id)
        else:
            self._open.add(trial_id)
        for name, distribution in trial.distributions.items():
            self.distributions.setdefault(name, distribution)

    def refresh(self, database: Database) -> None:
        """Read what others have written."""
        new = database.read(
            "SELECT trial_id FROM trials WHERE study_id = ? AND trial_id > ? ORDER BY trial_id",
            (self.study_id, self._last),
        )
        wanted = [*sorted(self._open), *(row[0] for row in new)]
        for trial in read_trials(database, wanted):
            self.put(trial)
        self.trials.sort(key=lambda t: t.number)
        self.place = {t.trial_id: i for i, t in enumerate(self.trials)}
