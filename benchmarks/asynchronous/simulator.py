"""Workers that train recorded curves on a virtual clock, for a real study."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

import luthier
from benchmarks.asynchronous.curve_table import Array, CurveTable
from benchmarks.common.timing import Timer
from luthier.errors import NothingToAskError

MAX_EPOCHS = 30_000


@dataclass
class Run:
    """The figures of a simulation.

    Attributes:
        end_s: Virtual seconds until it ended.
        target_s: Virtual seconds until the target was reached; infinite if it was not.
        epochs: How many were trained.
        idle_s: (W,) how long each worker had nothing to do.
        present_s: (W,) until when each was there: to the end, or to when it was sent home because
            the study was over.
        asks_ms: Real milliseconds of each ask.
        reports_ms: Real milliseconds of each report, with the decision about it.
    """

    end_s: float = 0.0
    target_s: float = float("inf")
    epochs: int = 0
    idle_s: Array = field(default_factory=lambda: np.zeros(0))
    present_s: Array = field(default_factory=lambda: np.zeros(0))
    asks_ms: list[float] = field(default_factory=list)
    reports_ms: list[float] = field(default_factory=list)

    @property
    def idle(self) -> Array:
        """(W,) the share of its time that each worker idled."""
        return self.idle_s / np.maximum(self.present_s, 1e-12)


@dataclass
class Training:
    """One trial on one worker."""

    worker: int
    trial: luthier.Trial
    n_epochs: int  # trained so far
    error: Array  # (E,) after each epoch
    epoch_s: float


class Simulator:
    """A virtual clock, and workers that train or idle.

    Args:
        study: New, with the table's space.
        table: What trials report, and how long an epoch takes.
        n_workers: How many there are.
        startup_s: What each turn of a trial costs before its first epoch, in virtual seconds.
    """

    def __init__(
        self, study: luthier.Study, table: CurveTable, n_workers: int, startup_s: float = 0.0
    ) -> None:
        self._study = study
        self._table = table
        self._n_workers = n_workers
        self._startup_s = startup_s

        self._run = Run(idle_s=np.zeros(n_workers))
        self._now = 0.0
        self._events: list[tuple[float, int, Training]] = []
        self._n_events = 0
        self._free = dict.fromkeys(range(n_workers), 0.0)  # since when; the longest first

    def run(self, epochs: int, target: float = np.inf, max_epochs: int = MAX_EPOCHS) -> Run:
        """Let the workers train.

        Args:
            epochs: Ends after so many epochs of all workers together ...
            target: ... if an error as low as this was reported by then; and
            max_epochs: after so many in any case. It also ends when the study is over.
        """
        run = self._run
        while run.epochs < epochs or (run.target_s == np.inf and run.epochs < max_epochs):
            self._hand_out()
            if not self._events:
                break
            self._now, _, training = heapq.heappop(self._events)
            error = float(training.error[training.n_epochs])
            run.epochs += 1
            if error <= target and run.target_s == np.inf:
                run.target_s = self._now
            self._report(training, error)
        self._end()
        return run

    def _hand_out(self) -> None:
        """Ask for a trial for every free worker, until the study has none."""
        while self._free:
            with Timer() as timer:
                try:
                    trial = self._study.ask()
                except NothingToAskError:  # what one worker is refused now, all are
                    trial = None
            self._run.asks_ms.append(timer.wall_ms)
            if trial is None:
                return
            worker = next(iter(self._free))
            self._run.idle_s[worker] += self._now - self._free.pop(worker)
            error, epoch_s = self._table.curve(trial.params)
            training = Training(worker, trial, int(trial.step), error, epoch_s)
            self._schedule(training, self._startup_s + epoch_s)

    def _schedule(self, training: Training, in_s: float) -> None:
        """Let the next epoch of a trial end after some seconds."""
        heapq.heappush(self._events, (self._now + in_s, self._n_events, training))
        self._n_events += 1

    def _report(self, training: Training, error: float) -> None:
        """Report an epoch, and go on, pause or end as the scheduler decides."""
        trial = training.trial
        training.n_epochs += 1
        with Timer() as timer:
            trial.report(error, training.n_epochs, checkpoint=training.n_epochs)
            if training.n_epochs == self._table.n_epochs:
                self._study.tell(trial, error)
                self._free[training.worker] = self._now
            elif trial.should_stop():
                self._study.tell(trial, state="pruned")
                self._free[training.worker] = self._now
            else:
                self._schedule(training, training.epoch_s)
        self._run.reports_ms.append(timer.wall_ms)

    def _end(self) -> None:
        """Count the idle time of those who have nothing to do at the end."""
        run = self._run
        run.end_s = self._now
        run.present_s = np.full(self._n_workers, self._now)
        for worker, since_s in self._free.items():
            if self._events:
                run.idle_s[worker] += self._now - since_s
            else:  # the study is over
                run.present_s[worker] = since_s


def simulate(
    study: luthier.Study,
    table: CurveTable,
    n_workers: int,
    epochs: int,
    target: float = np.inf,
    max_epochs: int = MAX_EPOCHS,
    startup_s: float = 0.0,
) -> Run:
    """Return the figures of a study on a virtual clock; see `Simulator` and its `run`."""
    return Simulator(study, table, n_workers, startup_s).run(epochs, target, max_epochs)
