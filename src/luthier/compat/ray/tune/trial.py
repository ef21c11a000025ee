"""The record of a trial, as callbacks and results see it."""

from __future__ import annotations

import math
import os
from collections import deque
from typing import Any

from .checkpoint import Checkpoint
from .param_space import find_numbers

PENDING = "PENDING"
RUNNING = "RUNNING"
PAUSED = "PAUSED"
TERMINATED = "TERMINATED"
ERROR = "ERROR"


class Trial:
    """One trial of a run.

    Args:
        trial_id: Its id.
        trainable_name: Name of what is trained.
        config: Its configuration.
        folder: Where its files are.
        experiment_tag: Its number and params, as text.
        number: Its number in the run.
    """

    PENDING = PENDING
    RUNNING = RUNNING
    PAUSED = PAUSED
    TERMINATED = TERMINATED
    ERROR = ERROR

    def __init__(
        self,
        trial_id: str,
        trainable_name: str,
        config: dict[str, Any],
        folder: str,
        experiment_tag: str = "",
        number: int = 0,
    ) -> None:
        self.trial_id = trial_id
        self.trainable_name = trainable_name
        self.config = config
        self.local_path = folder
        self.experiment_tag = experiment_tag
        self.number = number
        self.evaluated_params: dict[str, Any] = {}
        self.status = PENDING
        self.results: list[dict[str, Any]] = []
        self.metric_analysis: dict[str, dict[str, float]] = {}
        self.metric_n_steps: dict[str, dict[str, deque[float]]] = {}
        self.checkpoints: list[tuple[Checkpoint, dict[str, Any]]] = []
        self.error: BaseException | None = None
        self.error_text: str | None = None
        self.num_failures = 0
        self.n_checkpoints = 0
        self.start_time: float | None = None
        self.custom_trial_name: str | None = None
        self._n_of: dict[str, int] = {}

    @property
    def last_result(self) -> dict[str, Any]:
        """Its last report, with the configuration; {} before the first."""
        return self.results[-1] if self.results else {"config": self.config}

    @property
    def checkpoint(self) -> Checkpoint | None:
        """Its latest checkpoint; None without one."""
        return self.checkpoints[-1][0] if self.checkpoints else None

    @property
    def path(self) -> str:
        """Its folder."""
        return self.local_path

    logdir = path
    local_dir = path

    @property
    def relative_logdir(self) -> str:
        """Name of its folder."""
        return os.path.basename(self.local_path)

    @property
    def error_file(self) -> str | None:
        """The file with its error; None where it did not fail."""
        return None if self.error_text is None else os.path.join(self.local_path, "error.txt")

    def get_error(self) -> BaseException | None:
        """Return what it failed of; None where it did not."""
        return self.error

    def get_pickled_error(self) -> BaseException | None:
        """Return what it failed of; None where it did not."""
        return self.error

    def is_finished(self) -> bool:
        """Whether it is over."""
        return self.status in (TERMINATED, ERROR)

    def metric_of(self, metric: str, scope: str = "last") -> float | None:
        """Return a metric of it.

        Args:
            metric: The metric; of nested ones "a/b".
            scope: "last", "avg", "max", "min", "last-5-avg", "last-10-avg"; "all" for "min".
        """
        found = self.metric_analysis.get(metric)
        return None if found is None else found[scope]

    def add_result(self, result: dict[str, Any]) -> None:
        """Take a report in."""
        self.results.append(result)
        for name, number in find_numbers(result):
            self._analyse(name, number)

    def _analyse(self, name: str, number: float) -> None:
        last = self.metric_n_steps.setdefault(name, {"5": deque(maxlen=5), "10": deque(maxlen=10)})
        for kept in last.values():
            kept.append(number)
        n = self._n_of[name] = self._n_of.get(name, 0) + 1
        seen = self.metric_analysis.setdefault(
            name, {"max": number, "min": number, "avg": number, "last": number}
        )
        if math.isfinite(number):
            for scope, better in (("max", max), ("min", min)):
                before = seen[scope]
                seen[scope] = better(before, number) if math.isfinite(before) else number
        seen["avg"] += (number - seen["avg"]) / n
        seen["last"] = number
        for scope, kept in last.items():
            seen[f"last-{scope}-avg"] = sum(kept) / len(kept)

    def __str__(self) -> str:
        return self.custom_trial_name or f"{self.trainable_name}_{self.trial_id}"

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trial) and other.trial_id == self.trial_id

    def __hash__(self) -> int:
        return hash(self.trial_id)
