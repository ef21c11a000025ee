"""Running trials of an objective, in this thread or in several."""

from __future__ import annotations

import copy
import datetime
import gc
import itertools
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

from ..exceptions import ends_early
from ..logging import get_logger
from ..marks import warn
from ..storages.heartbeat import beating, end_stale_trials
from ..trial.frozen import FrozenTrial
from ..trial.live import Trial
from ..trial.state import TrialState
from .progress import ProgressBar
from .telling import end_trial

if TYPE_CHECKING:
    from .shape import StudyLike

_logger = get_logger("optuna.study")

Objective = Callable[[Trial], float | Sequence[float]]
Callbacks = Iterable[Callable[[Any, FrozenTrial], Any]]  # with the study


class Run:
    """One call of `Study.optimize`.

    Args:
        study: The study.
        func: The objective.
        n_trials: How many trials; None for no bound.
        timeout: After how many seconds none is begun; None for no bound.
        catch: Exceptions after which the study goes on.
        callbacks: Called with the study and each trial that has ended.
        gc_after_trial: Whether memory is collected after each trial.
        bar: The progress bar.
    """

    def __init__(
        self,
        study: StudyLike,
        func: Objective,
        n_trials: int | None,
        timeout: float | None,
        catch: tuple[type[Exception], ...],
        callbacks: Callbacks | None,
        gc_after_trial: bool,
        bar: ProgressBar,
    ) -> None:
        self._study = study
        self._func = func
        self._n_trials = n_trials
        self._timeout = timeout
        self._catch = catch
        self._callbacks = callbacks
        self._gc_after_trial = gc_after_trial
        self._bar = bar
        self._began = datetime.datetime.now()

    def in_this_thread(self) -> None:
        """Run one trial after another."""
        self._run(self._n_trials)

    def in_threads(self, n_jobs: int) -> None:
        """Run several trials at a time."""
        jobs: set[Future[None]] = set()
        with ThreadPoolExecutor(max_workers=n_jobs) as threads:
            for n in itertools.count():
                if self._is_over() or (self._n_trials is not None and n >= self._n_trials):
                    break
                if len(jobs) >= n_jobs:
                    done, jobs = wait(jobs, return_when=FIRST_COMPLETED)
                    for job in done:
                        job.result()
                jobs.add(threads.submit(self._run_one))
        for job in jobs:
            job.result()

    def _run_one(self) -> None:
        self._study.sampler.reseed_rng()
        self._run(1)

    def _elapsed_s(self) -> float:
        return (datetime.datetime.now() - self._began).total_seconds()

    def _is_over(self) -> bool:
        late = self._timeout is not None and self._elapsed_s() >= self._timeout
        return self._study.is_stopped or late

    def _run(self, n_trials: int | None) -> None:
        study = self._study
        with study.running_here():
            for i in itertools.count():
                if i == n_trials or self._is_over():
                    break
                try:
                    trial_id = run_trial(study, self._func, self._catch)
                finally:
                    if self._gc_after_trial:
                        gc.collect()
                if self._callbacks is not None:
                    record = study.storage.get_trial(trial_id)
                    for callback in self._callbacks:
                        callback(study, copy.deepcopy(record))
                self._bar.update(self._elapsed_s(), study)
            study.storage.remove_session()


def run(
    study: StudyLike,
    func: Objective,
    n_trials: int | None,
    timeout: float | None,
    n_jobs: int,
    catch: tuple[type[Exception], ...],
    callbacks: Callbacks | None,
    gc_after_trial: bool,
    show_progress_bar: bool,
) -> None:
    """Run trials of an objective; see `Study.optimize`."""
    if not isinstance(catch, tuple):
        raise TypeError(
            f"The catch argument is of type '{type(catch).__name__}' but must be a tuple."
        )
    if study.is_running_here:
        raise RuntimeError("Nested invocation of `Study.optimize` method isn't allowed.")
    if show_progress_bar and n_trials is None and timeout is not None and n_jobs != 1:
        warn("The timeout-based progress bar is not supported with n_jobs != 1.")
        show_progress_bar = False

    bar = ProgressBar(show_progress_bar, n_trials, timeout)
    study.is_stopped = False
    this = Run(study, func, n_trials, timeout, catch, callbacks, gc_after_trial, bar)
    try:
        if n_jobs == 1:
            this.in_this_thread()
        else:
            this.in_threads((os.cpu_count() or 1) if n_jobs == -1 else n_jobs)
    finally:
        bar.close()


def run_trial(study: StudyLike, func: Objective, catch: tuple[type[Exception], ...]) -> int:
    """Run one trial, and return its number in the storage.

    Raises:
        Exception: What the objective raised, unless `catch` names it.
    """
    end_stale_trials(study)
    trial: Trial = study.ask()
    state: TrialState | None = None
    value: Any = None
    raised: BaseException | None = None
    trace: Any = None

    with beating(trial.trial_id, study.storage):
        try:
            value = func(trial)
        except (Exception, KeyboardInterrupt) as e:
            raised = e
            if ends_early(e):
                state = TrialState.PRUNED
            else:
                state, trace = TrialState.FAIL, sys.exc_info()

    fault: str | None = None
    ended: TrialState | None = None
    values: list[float] | None = None
    try:
        ended, values, fault = end_trial(study, trial, value, state, quiet=True)
    except Exception:
        record = study.storage.get_trial(trial.trial_id)
        ended, values = record.state, record.values
        raise
    finally:
        if ended is TrialState.COMPLETE:
            _log_complete(study, trial, values or [])
        elif ended is TrialState.PRUNED:
            _logger.info(f"Trial {trial.number} pruned. {raised}")
        elif ended is TrialState.FAIL:
            why = repr(raised) if raised is not None else fault
            _logger.warning(
                f"Trial {trial.number} failed with parameters: {trial.params} because of the "
                f"following error: {why}.",
                exc_info=trace,
            )
            _logger.warning(f"Trial {trial.number} failed with value {value!r}.")
    if ended is TrialState.FAIL and raised is not None and not isinstance(raised, catch):
        raise raised
    return trial.trial_id


def _log_complete(study: StudyLike, trial: Trial, values: list[float]) -> None:
    if not _logger.isEnabledFor(logging.INFO):
        return
    names = study.metric_names
    shown: Any = values if names is None else dict(zip(names, values, strict=False))
    if len(values) > 1:
        _logger.info(
            f"Trial {trial.number} finished with values: {shown} and parameters: {trial.params}."
        )
        return
    shown = values[0] if names is None else shown
    line = f"Trial {trial.number} finished with value: {shown} and parameters: {trial.params}."
    try:
        best = study.find_best()
        line += f" Best is trial {best.number} with value: {best.value}."
    except ValueError:  # none is feasible
        pass
    _logger.info(line)
