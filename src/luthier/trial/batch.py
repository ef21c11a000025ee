"""Batch of trials: what an objective is given that trains many at once, as columns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, Protocol

import numpy as np

from ..errors import ObjectiveValueError, ReportError, TrialError, TrialPruned
from ..typing import Array
from ..validation import check_values, show
from .columns import ParamColumns, put_row, take_row, to_column, to_mask, to_param_columns, to_rows
from .forks import LeftByOneProcess
from .handle import Trial
from .outcome import Objective, Outcome, outcome_of_raised, outcome_of_values
from .record import State

Ended = tuple[Trial, Outcome]
"""A trial of a batch that is over, or its turn, and how it ended."""


class BatchLink(Protocol):
    """A batch's way to the study that its trials belong to.

    Attributes:
        failure: What made an end impossible to store, or a callback raised: the run ends with it,
            whatever the objective makes of it.
    """

    failure: BaseException | None

    def reporting(self) -> AbstractContextManager[Callable[[], list[int]]]:
        """A block of one report a trial, which are stored together at its end.

        What it gives returns, after that, the numbers of trials that others have got meanwhile.
        """

    def deciding(self) -> AbstractContextManager[None]:
        """A block of one decision a trial, before which the study is read once."""

    def end(self, ended: Sequence[Ended]) -> None:
        """Store how some trials ended."""

    def begin(self, n: int) -> list[Trial]:
        """Begin up to n trials more; none where none can be had now."""


class TrialBatch:
    """The handle of a batch of trials, which the objective of `optimize(batch=...)` is given.

    A trial is a row: `params` are columns, and values, steps and checkpoints have a row for each
    trial. A row that is over, because the scheduler stopped it or it was finished, keeps its place;
    what is reported or returned for it counts no more. `refill` puts new trials into such places.

    `trials[i]` is the handle of row i, for what belongs to one trial alone, such as `trials[i].rng`
    and `trials[i].set_tag(name, value)`.

    Args:
        trials: The handles of the rows.
        link: The way to their study.
    """

    def __init__(self, trials: Sequence[Trial], link: BatchLink) -> None:
        self._trials = list(trials)
        self._link = link
        n = len(self._trials)
        self._running = np.ones(n, dtype=bool)
        self._fresh = np.ones(n, dtype=bool)  # rows that are new since the batch began, or refill
        self._step = np.array([trial.step for trial in self._trials], dtype=np.float64)
        self._started_s = [time.time()] * n

    # -- the trials -----------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._trials)

    def __getitem__(self, i: int) -> Trial:
        return self._trials[i]

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._trials)

    @property
    def numbers(self) -> Array:
        """(n,) int64, the number of each trial within the study."""
        return np.array([trial.number for trial in self._trials], dtype=np.int64)

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of the values that are to be returned."""
        return self._trials[0].objectives

    @property
    def params(self) -> ParamColumns:
        """The params: a dict from each name of the space to an array (n,); a copy.

        Real numbers are float64, NaN where a condition makes them inactive. Whole numbers are
        int64; float64 where they have a condition. Choices are objects, None where inactive.
        """
        trials = self._trials
        return to_param_columns(trials[0].space, [trial.params for trial in trials])

    @property
    def running(self) -> Array:
        """(n,) bool, the rows that are not over."""
        return self._running.copy()

    @property
    def step(self) -> Array:
        """(n,) float64, the step that each row reported last; 0 before.

        A row that goes on from a checkpoint begins with the step of that.
        """
        return self._step.copy()

    # -- intermediate values --------------------------------------------------------------------

    def report(self, values: Any, step: Any, checkpoint: Any = None) -> None:
        """Report an intermediate value of each row.

        Args:
            values: (n,), or (n, m) for m objectives: an array, a tensor or a list; or a column for
                each objective, by name.
            step: How much has been spent: one number, or (n,) where rows began at different times.
            checkpoint: What each row goes on from after a pause or a crash: a dict of arrays with
                a row for each trial, also of dicts of such; what has no rows belongs to all. Or a
                list of n, each as for `Trial.report`.

        Raises:
            ReportError: There are not as many values or steps as rows, or one is no number. No row
                is stored then.
            CheckpointError: A checkpoint cannot be saved.
            TrialError: A column of the checkpoint has another number of rows.
            MachineError: See `Trial.report`.
        """
        n = len(self)
        rows = to_rows(values, n, self.objectives, "report(values, step) got", ReportError)
        steps = to_column(step, n, "step", ReportError)
        with ExitStack() as stack:
            for i in np.flatnonzero(self._running):
                stack.enter_context(self._trials[i].noting_excuses())
            with self._link.reporting() as find_lost:
                for i in np.flatnonzero(self._running):
                    saved = None if checkpoint is None else take_row(checkpoint, int(i), n)
                    self._trials[i].report(rows[i], steps[i], saved)
            lost = find_lost()
        self._running &= ~np.isin(self.numbers, lost)
        for i in np.flatnonzero(self._running):
            self._step[i] = steps[i]

    def should_stop(self) -> Array:
        """Ask the scheduler about each row; those that it stops are over, at once.

        Returns:
            (n,) bool, the rows that need no more training: stopped now or before, finished, or
            given to another worker.
        """
        with self._link.deciding():
            stopped = [i for i in np.flatnonzero(self._running) if self._trials[i].should_stop()]
        self._end(
            stopped, lambda i: outcome_of_raised(self._trials[i], TrialPruned(), self._started_s[i])
        )
        return ~self._running

    def finish(self, values: Any, where: Any) -> None:
        """End some rows with their values, before the objective returns.

        Args:
            values: As returned by the objective: of all n rows. Those of other rows do not count.
            where: (n,) bool, the rows to end. Rows that are over stay as they are.

        Raises:
            ObjectiveValueError: There are not as many values as rows.
            TrialError: `where` is no column of n booleans.
        """
        rows = to_rows(values, len(self), self.objectives, "finish got", ObjectiveValueError)
        ending = np.flatnonzero(to_mask(where, len(self)) & self._running)
        self._end(ending, lambda i: _end_valued(self._trials[i], rows[i], self._started_s[i]))

    def refill(self) -> Array:
        """Put new trials into the places of rows that are over, as far as the study begins more.

        `params`, `step` and `trials[i]` are the new trials' then: read them again. A trial that the
        scheduler resumes comes back like a new one, with a checkpoint; see `restore`.

        Returns:
            (n,) bool, the rows that are new. None is, once a bound of the run is reached.
        """
        places = np.flatnonzero(~self._running)
        begun = self._link.begin(len(places)) if len(places) else []
        places = places[: len(begun)]
        self._fresh[:] = False
        for i, trial in zip(places, begun, strict=True):
            self._trials[i] = trial
            self._step[i] = trial.step
            self._started_s[i] = time.time()
        self._fresh[places] = self._running[places] = True
        return self._fresh.copy()

    @property
    def checkpoints(self) -> list[Any]:
        """What each row goes on from, as `Trial.checkpoint` says; None where it starts afresh."""
        return [trial.checkpoint for trial in self._trials]

    def restore(self, columns: Any) -> Any:
        """Put what new rows go on from into the columns that were made for them.

        Call it when the batch begins, and after `refill`, if rows are reported with checkpoints.

        Args:
            columns: As for `report(checkpoint=...)`. Arrays of numpy and tensors are changed in
                place.

        Returns:
            The columns. Rows that start afresh, or have been trained since, are as they were.
        """
        for i in np.flatnonzero(self._fresh):
            if (saved := self._trials[i].checkpoint) is not None:
                columns = put_row(columns, int(i), saved)
        self._fresh[:] = False
        return columns

    # -- what belongs to the results ------------------------------------------------------------

    def set_constraint(self, name: str, values: Any) -> None:
        """Note a constraint on the result of each row that runs; see `Trial.set_constraint`.

        Args:
            name: Its name.
            values: (n,), at most 0 where it is kept.
        """
        self._set(name, values, lambda trial, value: trial.set_constraint(name, value))

    def set_cost(self, values: Any) -> None:
        """Note what each row that runs has cost, (n,); see `Trial.set_cost`."""
        self._set("cost", values, lambda trial, value: trial.set_cost(value))

    def set_tag(self, name: str, values: Any) -> None:
        """Note something beside the result of each row that runs, (n,); see `Trial.set_tag`."""
        self._set(name, values, lambda trial, value: trial.set_tag(name, value))

    def _set(self, name: str, values: Any, call: Callable[[Trial, Any], None]) -> None:
        column = to_column(values, len(self), show(name), TrialError)
        for i in np.flatnonzero(self._running):
            call(self._trials[i], column[i])

    # -- for the study --------------------------------------------------------------------------

    def end_all(self, returned: Any, raised: BaseException | None = None) -> None:
        """End the rows that still run, after the objective has returned or raised something.

        Args:
            returned: What it returned.
            raised: What it raised; None where it returned.
        """
        rows: list[Any] = [None] * len(self)
        if raised is None and (returned is not None or self._running.any()):
            try:
                rows = to_rows(
                    returned,
                    len(self),
                    self.objectives,
                    "the objective returned",
                    ObjectiveValueError,
                )
            except Exception as e:
                raised = e
        self._end(
            np.flatnonzero(self._running),
            lambda i: (
                _end_valued(self._trials[i], rows[i], self._started_s[i])
                if raised is None
                else outcome_of_raised(self._trials[i], raised, self._started_s[i])
            ),
        )

    def _end(self, places: Iterable[Any], outcome: Callable[[Any], Outcome]) -> None:
        """End some rows, each with its outcome."""
        ended = []
        for i in places:
            ended.append((self._trials[i], outcome(i)))
            self._running[i] = False
        if ended:
            self._link.end(ended)

    def __repr__(self) -> str:
        return f"TrialBatch({len(self)} trials, {int(self._running.sum())} running)"


BatchObjective = Callable[[TrialBatch], Any]
"""Function that is optimised: takes a batch of trials, returns a value for each."""


def execute_batch(objective: BatchObjective, trials: Sequence[Trial], link: BatchLink) -> None:
    """Run an objective to its end, and end the rows that still run.

    Args:
        objective: Takes a `TrialBatch`, returns a value for each row, or one for each objective.
        trials: The handles of the rows.
        link: The way to their study.

    Raises:
        KeyboardInterrupt: From the objective; nothing else of it is raised.
        Exception: The failure of the link.
    """
    batch = TrialBatch(trials, link)
    returned = None
    raised: BaseException | None = None
    try:
        with LeftByOneProcess():
            returned = objective(batch)
    except KeyboardInterrupt:
        raise
    except BaseException as e:  # some libraries end a task by what is no Exception
        raised = e
    if link.failure is not None:
        raise link.failure
    batch.end_all(returned, raised)


def _end_valued(trial: Trial, value: Any, started_s: float) -> Outcome:
    try:
        values = check_values(value, trial.objectives, f"trial {trial.number} returned")
    except ObjectiveValueError as e:
        return outcome_of_raised(trial, e, started_s)
    return outcome_of_values(trial, values, started_s)


def one_by_one(objective: BatchObjective) -> Objective:
    """Return an objective of one trial, which runs one of batches with a single row."""

    def run_row(trial: Trial) -> Any:
        link = _LinkOfOne()
        execute_batch(objective, [trial], link)
        [outcome] = link.outcomes
        if outcome.exception is not None:
            raise outcome.exception
        if outcome.state in (State.PRUNED, State.PAUSED):
            raise TrialPruned
        return outcome.values or (float("nan"),) * len(trial.objectives)

    return run_row


class _LinkOfOne:
    """The way of a batch whose one row reports and asks by itself; see `BatchLink`."""

    def __init__(self) -> None:
        self.failure: BaseException | None = None
        self.outcomes: list[Outcome] = []

    def reporting(self) -> AbstractContextManager[Callable[[], list[int]]]:
        return nullcontext(list)

    def deciding(self) -> AbstractContextManager[None]:
        return nullcontext()

    def end(self, ended: Sequence[Ended]) -> None:
        self.outcomes += [outcome for _, outcome in ended]

    def begin(self, n: int) -> list[Trial]:
        return []
