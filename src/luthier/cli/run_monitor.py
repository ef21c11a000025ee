"""Monitor of a run: its counts, its last failure, and lines of progress."""

from __future__ import annotations

import sys
import time

import click

from ..study.progress import Tally
from ..study.study import Study
from ..trial.record import TrialRow

MAX_FAILURES = 10  # a run whose first trials all fail is stopped after so many


class RunMonitor:
    """Counts the trials of a run, and stops it when its first ones all fail.

    Where stderr is no terminal, it prints a line of progress now and then.

    Args:
        n_trials: How many trials the run is to have; None for no bound.
        every_s: Time between lines of progress, in seconds.

    Attributes:
        counts: Number of trials that ended, by state.
        failure: The last trial that failed.
        gave_up: Whether the run was stopped because its first trials all failed.
    """

    def __init__(self, n_trials: int | None, every_s: float = 10.0) -> None:
        self.n_trials = n_trials
        self.every_s = every_s
        self.counts: dict[int, int] = {}
        self.failure: TrialRow | None = None
        self.gave_up = False
        self._next_line_s = time.monotonic() + every_s
        self._tally: Tally | None = None

    @property
    def n_finished(self) -> int:
        """Number of trials that ended in this run."""
        return sum(self.counts.values())

    @property
    def all_failed(self) -> bool:
        """Whether trials ended, and all of them failed."""
        return self.failure is not None and self.counts[self.failure.state] == self.n_finished

    def require_success(self, who: str) -> None:
        """Refuse to end well where trials ended, and all of them failed.

        Args:
            who: The "run" or the "worker", for the message.

        Raises:
            click.ClickException: They have.
        """
        if self.gave_up:
            raise click.ClickException(
                f"the first {MAX_FAILURES} trials all failed, so the {who} was stopped"
            )
        if self.all_failed:
            raise click.ClickException(f"all trials of this {who} failed")

    def count(self, study: Study, row: TrialRow) -> None:
        """Count a trial that ended; a callback of `Study.optimize`."""
        self.counts[row.state] = self.counts.get(row.state, 0) + 1
        if row.error:
            self.failure = row
            if self.all_failed and self.n_finished == MAX_FAILURES:
                self.gave_up = True
                study.stop()
        if not sys.stderr.isatty() and time.monotonic() >= self._next_line_s:
            self._next_line_s = time.monotonic() + self.every_s
            self._print_line(study)

    def _print_line(self, study: Study) -> None:
        self._tally = self._tally or Tally(study.engine, self.n_trials, None)
        self._tally.look()
        of = "" if self.n_trials is None else f" of {self.n_trials}"
        parts = [f"{self.n_finished}{of} trials", self._tally.describe_best()]
        click.echo(", ".join(filter(None, parts)), err=True)
