"""A run: trials in processes, whose reports come to this process and are judged here."""

from __future__ import annotations

import concurrent.futures as cf
import datetime
import os
import threading
import time
import traceback
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

import cloudpickle

from ....errors import CompatError, TrialPruned, WorkerDiedError
from ....terminal import logger
from ....trial.handle import Trial as Handle
from .candidates import Candidates
from .checkpoint import Checkpoint
from .errors import TuneError
from .explore import Members
from .folders import describe, drop_checkpoints, write_trial
from .plan import Plan
from .schedulers import TrialScheduler
from .trainable import Trainable, name_of
from .trial import ERROR, PAUSED, RUNNING, TERMINATED, Trial
from .watchers import Watchers
from .worker import Turn, pack_aliases, run_here, run_in_process


class _Live:
    """A turn of a trial that runs.

    Attributes:
        trial: The trial.
        handle: Its handle in luthier's study.
        can_save: Whether the run can ask for a checkpoint.
        pending: A report that waits for its checkpoint.
        is_over: Whether the trial ends with the pending report.
        end: "complete", "stopped" or "paused", once that is decided.
    """

    def __init__(self, trial: Trial, handle: Handle, can_save: bool) -> None:
        self.trial = trial
        self.handle = handle
        self.can_save = can_save
        self.pending: dict[str, Any] | None = None
        self.is_over = False
        self.end: str | None = None


class Run:
    """A run of a plan.

    Args:
        plan: What to run.
        watchers: What sees it.
    """

    def __init__(self, plan: Plan, watchers: Watchers) -> None:
        self.plan = plan
        self.watchers = watchers
        self.trials: list[Trial] = []
        self.error: BaseException | None = None
        self._by_number: dict[int, Trial] = {}
        self._hash = uuid.uuid4().hex[:5]
        self._lock = threading.RLock()
        self._members = Members(plan.folder)
        self._candidates = Candidates(plan, self._members)
        self._study = self._candidates.study
        self._scheduler = self._candidates.scheduler
        self._is_class = isinstance(plan.trainable, type) and issubclass(plan.trainable, Trainable)
        self._deadline_s = time.monotonic() + (plan.time_budget_s or float("inf"))
        self._is_stopped = False

    # -- the run --------------------------------------------------------------------------------

    def to_end(self) -> None:
        """Run the trials.

        Raises:
            Exception: What a trial raised, where failures are to be raised.
        """
        plan = self.plan
        self.trials += self._candidates.enqueue()
        n_trials = self._candidates.n_trials
        n_jobs = plan.place.count_jobs(n_trials, plan.searcher.max_concurrent)
        self._packed = b"" if plan.place.is_here else cloudpickle.dumps(plan.trainable)
        self.watchers.setup(plan)
        fails_fast = plan.failures.fail_fast
        threads = cf.ThreadPoolExecutor(n_jobs)
        try:
            with plan.place.open(n_jobs) as self._executor:
                if n_trials is None or n_trials > 0:
                    self._study.optimize(
                        self._run_trial,
                        n_trials=n_trials,
                        timeout_s=plan.time_budget_s,
                        n_jobs=n_jobs,
                        executor=threads,
                        catch=() if fails_fast else Exception,
                        progress=None if plan.verbose else False,
                    )
        except Exception as e:
            is_of_trial = any(t.error and t.error in (e, e.__cause__) for t in self.trials)
            if not is_of_trial or fails_fast == "raise":
                raise
        finally:
            threads.shutdown(wait=False)
            for trial in self.trials:
                if trial.status in (RUNNING, PAUSED):
                    self._finish(trial, TERMINATED)
                if plan.scheduler.is_population:
                    drop_checkpoints(trial, plan.checkpoints)
            self.watchers.end(self.trials)

    def _run_trial(self, handle: Handle) -> Any:
        """Run a turn of a trial, in a thread of this process."""
        with self._lock:
            trial = self._begin(handle)
            live = _Live(trial, handle, self._is_class)
        state = handle.checkpoint or (
            _state_of(trial) if handle.number in self._candidates.given else {}
        )
        while True:
            try:
                self._run_turn(live, state)
                break
            except Exception as e:
                with self._lock:
                    if not self._may_go_on(trial):
                        self._fail(trial, e)
                        if isinstance(e, WorkerDiedError):  # which luthier would begin again
                            raise TuneError(f"{trial}: {e}") from e
                        raise
                    trial.num_failures += 1
                    logger.warning("%s goes on after a failure: %s", trial, e)
                    live = _Live(trial, handle, self._is_class)
                    state = _state_of(trial)
        with self._lock:
            return self._settle(live)

    def _may_go_on(self, trial: Trial) -> bool:
        most = self.plan.failures.max_failures
        return not self._is_stopped and (most < 0 or trial.num_failures < most)

    def _run_turn(self, live: _Live, state: Mapping[str, Any]) -> None:
        """Run a trial from a state on: in a worker process, or in this thread."""
        trial = live.trial
        facts = {
            "trial_id": trial.trial_id,
            "trial_name": str(trial),
            "trial_dir": trial.local_path,
            "experiment_name": self.plan.folder.name,
            "trial_resources": self.plan.place.resources_of(trial.config),
            "works_in_folder": self.plan.works_in_folder,
        }
        turn = Turn(
            config=cloudpickle.dumps(trial.config),
            facts=facts,
            checkpoint=state.get("folder"),
            iteration=int(state.get("iteration", 0)),
            time_total_s=float(state.get("time_total_s", 0.0)),
            n_checkpoints=trial.n_checkpoints,
            aliases=pack_aliases(),
        )
        take = partial(self._take, live)
        if self._executor is None:
            run_here(self.plan.trainable, turn, take)
            return

        def unpack(packed: bytes, folder: str | None) -> str:
            return take(cloudpickle.loads(packed), folder)

        future = self._executor.submit_with_calls(
            {"report": unpack}, run_in_process, self._packed, turn
        )
        future.result()

    # -- a trial begins and ends ----------------------------------------------------------------

    def _begin(self, handle: Handle) -> Trial:
        number = handle.number
        trial = self._by_number.get(number)
        if trial is None:
            trial = self._candidates.given.get(number)
            if trial is None:
                trial = self._create_trial(handle)
            else:
                self._prepare_again(trial)
            self._by_number[number] = trial
            self.trials.append(trial)
        elif number in self._members.next_configs:
            trial.config = self._members.next_configs.pop(number)
        else:
            self._candidates.change(trial.config, handle.params)
        self._members.configs[number] = trial.config
        self._members.ids[number] = trial.trial_id
        trial.status = RUNNING
        trial.start_time = trial.start_time or time.time()
        write_trial(trial)
        self.watchers.tell("on_trial_start", self.trials, trial=trial)
        return trial

    def _prepare_again(self, trial: Trial) -> None:
        if not self.plan.again[trial.trial_id]:
            trial.checkpoints = []
            trial.results = []
        trial.error = trial.error_text = None

    def _create_trial(self, handle: Handle) -> Trial:
        plan = self.plan
        index = len(self.trials)
        trial_id = f"{self._hash}_{index:05d}"
        config, shown = self._candidates.configure(handle, trial_id)
        trial = Trial(trial_id, name_of(plan.trainable), config, "", "", index)
        trial.evaluated_params = shown
        trial.experiment_tag = f"{index}_{describe(shown)}".rstrip("_")
        if plan.name_trial is not None:
            trial.custom_trial_name = str(plan.name_trial(trial))
        trial.local_path = str(plan.folder / self._name_folder(trial))
        os.makedirs(trial.local_path, exist_ok=True)
        plan.scheduler.on_trial_add(None, trial)
        return trial

    def _name_folder(self, trial: Trial) -> str:
        if self.plan.name_folder is not None:
            return str(self.plan.name_folder(trial))
        now = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
        return f"{trial}_{trial.experiment_tag}_{now}"

    def _settle(self, live: _Live) -> Any:
        """End a turn; return the losses of a trial that is complete.

        Raises:
            TrialPruned: The trial pauses, or was stopped.
        """
        trial = live.trial
        if live.end == "paused":
            trial.status = PAUSED
            write_trial(trial)
            raise TrialPruned
        goal = self.plan.goal
        losses = goal.losses(trial.last_result) if trial.results else None
        if losses is None and (goal.is_required or self._is_compared()):
            error = CompatError(f"{trial} ended without a report of {goal.metrics or 'a metric'}")
            self._fail(trial, error)
            raise error
        self._finish(trial, TERMINATED)
        if live.end == "stopped":
            raise TrialPruned
        # Where nothing is compared, any number ends luthier's trial.
        return [0.0] if losses is None else losses

    def _is_compared(self) -> bool:
        return self._candidates.learns or self.plan.scheduler.needs_metric

    def _finish(self, trial: Trial, status: str) -> None:
        trial.status = status
        write_trial(trial)
        plan = self.plan
        if status == ERROR:
            plan.scheduler.on_trial_error(None, trial)
            self.watchers.tell("on_trial_error", self.trials, trial=trial)
        else:
            plan.scheduler.on_trial_complete(None, trial, trial.last_result)
            self.watchers.tell("on_trial_complete", self.trials, trial=trial)
        last = trial.last_result if trial.results else None
        plan.searcher.on_trial_complete(trial.trial_id, last, status == ERROR)

    def _fail(self, trial: Trial, error: BaseException) -> None:
        if trial.error is error:
            return
        trial.error = error
        trial.error_text = "".join(traceback.format_exception(error))
        self._finish(trial, ERROR)

    # -- a report -------------------------------------------------------------------------------

    def _take(self, live: _Live, metrics: dict[str, Any], folder: str | None) -> str:
        """Take a report in; return what the trial does next."""
        with self._lock:
            if live.pending is None:
                result = {
                    **metrics,
                    "config": live.trial.config,
                    "experiment_tag": live.trial.experiment_tag,
                }
                live.is_over = self._is_over(live.trial, result)
                if folder is None and live.can_save and self._wants_checkpoint(live, result):
                    live.pending = result
                    return "save"
            else:
                result = live.pending
                live.pending = None
            return self._judge(live, result, folder)

    def _judge(self, live: _Live, result: dict[str, Any], folder: str | None) -> str:
        trial = live.trial
        self.plan.goal.learn(result, self._is_compared())
        if folder is not None:
            self._add_checkpoint(trial, folder, result)
        trial.add_result(result)
        self.watchers.tell("on_trial_result", self.trials, trial=trial, result=result)
        self.plan.searcher.on_trial_result(trial.trial_id, result)
        losses = self.plan.goal.losses(result)
        if self._scheduler is not None:  # where it compares nothing, any number does
            losses = losses or [0.0]
            live.handle.report(losses, self._step_of(result), self._checkpoint_to_report(trial))
        if live.is_over:
            live.end = "complete"
            return "stop"
        if self.plan.scheduler.on_trial_result(None, trial, result) == TrialScheduler.STOP:
            live.end = "stopped"
            return "stop"
        if self._scheduler is None or not self._may_ask(trial) or not live.handle.should_stop():
            return "continue"
        live.end = "paused" if self._scheduler.resumes else "stopped"
        return "pause" if self._scheduler.resumes else "stop"

    def _may_ask(self, trial: Trial) -> bool:
        """Whether luthier's scheduler is asked: a member without a checkpoint cannot be copied."""
        return not self.plan.scheduler.is_population or trial.checkpoint is not None

    def _checkpoint_to_report(self, trial: Trial) -> dict[str, Any] | None:
        resumes = self._scheduler is not None and self._scheduler.resumes
        return _state_of(trial) if resumes and trial.checkpoint is not None else None

    def _step_of(self, result: Mapping[str, Any]) -> float:
        name = self.plan.scheduler.time_attr
        if name not in result:
            raise CompatError(f"the scheduler counts by {name!r}, which was not reported")
        return float(result[name])

    def _is_over(self, trial: Trial, result: dict[str, Any]) -> bool:
        plan = self.plan
        over = bool(result.get("done")) or plan.stopper(trial.trial_id, result)
        if plan.stopper.stop_all() or time.monotonic() >= self._deadline_s:
            self._is_stopped = True
            self._study.stop()
        max_t = plan.scheduler.max_t
        return over or self._is_stopped or (max_t is not None and self._step_of(result) >= max_t)

    def _wants_checkpoint(self, live: _Live, result: Mapping[str, Any]) -> bool:
        """Whether a class is to write a checkpoint with this report."""
        config = self.plan.checkpoints
        n = result.get("training_iteration", 0)
        if config.checkpoint_frequency and n % config.checkpoint_frequency == 0:
            return True
        if live.is_over:
            return bool(config.checkpoint_at_end)
        before = [self._step_of(r) for r in live.trial.results[-1:]]
        return self.plan.scheduler.is_due(before[0] if before else 0.0, self._step_of(result))

    def _add_checkpoint(self, trial: Trial, folder: str, result: dict[str, Any]) -> None:
        checkpoint = Checkpoint(folder)
        result["checkpoint_dir_name"] = os.path.basename(folder)
        trial.n_checkpoints = max(
            trial.n_checkpoints + 1, int(os.path.basename(folder).rpartition("_")[2]) + 1
        )
        trial.checkpoints = [c for c in trial.checkpoints if c[0] != checkpoint]
        trial.checkpoints.append((checkpoint, result))
        if not self.plan.scheduler.is_population:
            drop_checkpoints(trial, self.plan.checkpoints)
        write_trial(trial)
        self.watchers.tell("on_trial_save", self.trials, trial=trial)
        self.watchers.tell("on_checkpoint", self.trials, trial=trial, checkpoint=checkpoint)


def _state_of(trial: Trial) -> dict[str, Any]:
    """Return what a trial goes on from: its latest checkpoint, and how far it was."""
    if not trial.checkpoints:
        return {}
    checkpoint, result = trial.checkpoints[-1]
    return {
        "folder": checkpoint.path,
        "iteration": result.get("training_iteration", 0),
        "time_total_s": result.get("time_total_s", 0.0),
    }
