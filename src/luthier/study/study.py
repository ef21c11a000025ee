"""Study: the face that people use; the machine under it is `Engine`."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn, cast

import numpy as np
from msgspec.structs import replace

from .._lazy import load_above
from ..analysis.findings.finding import Finding
from ..analysis.recommendation import require_results
from ..argument_names import explain_arguments, explain_attributes
from ..checkpoints.attachments import Attachment
from ..errors import (
    LeaseLostError,
    NothingToAskError,
    StudyError,
    TrialError,
    UnpicklableError,
    explain_missing,
)
from ..history.history import History
from ..samplers.base import Sampler
from ..schedulers.base import Next, Scheduler
from ..space.space import Space
from ..stopping import StopRule
from ..storages import Storage
from ..terminal import logger
from ..trial.batch import BatchObjective, one_by_one
from ..trial.handle import Trial
from ..trial.outcome import Objective, outcome_from_tell
from ..trial.params import explain_params
from ..trial.record import State, TrialRow
from ..trial.table import check_added, to_table
from ..validation import check_tag_name, check_values, show
from ..wording import to_six_digits
from .confirm import Confirmation, confirm
from .controls import StudyControls
from .engine import Engine
from .engine_link import EngineLink
from .finding_watch import FindingWatch
from .insights import Insights
from .loop import run
from .progress import log_end
from .remedies import Remedies, check_act
from .run_settings import RunSettings, check_callbacks, check_objective
from .stored_tasks import KnownTasks
from .trial_number import number_of

if TYPE_CHECKING:
    import pandas as pd

    from ..registry import Registry, Version
    from ..transfer import Memory, Taken
    from .preferences import StudyPreferences


INTERRUPTED = "Ctrl-C"  # the reason of a stop

# Names that people know from Optuna, Ray and scikit-learn, and what they do the same with here.
_OTHER_NAMES = {
    "add_trial": "add_trials([row])",
    "best_config": "best_params",
    "best_params_": "best_params",
    "best_result": "best_trial",
    "best_score_": "best_value",
    "cv_results_": "to_dataframe()",
    "enqueue_trial": "enqueue(params)",
    "fit": "optimize(objective)",
    "fmin": "optimize(objective)",
    "get_best_config": "best_params",
    "get_best_result": "best_trial",
    "get_best_trial": "best_trial",
    "get_dataframe": "to_dataframe()",
    "get_trials": "trials",
    "maximize": "optimize(objective)",
    "metric_names": "objectives",
    "minimize": "optimize(objective)",
    "pruner": "scheduler",
    "results_df": "to_dataframe()",
    "run": "optimize(objective)",
    "study_name": "name",
    "trials_dataframe": "to_dataframe()",
}

Callback = Callable[["Study", TrialRow], Any]


@explain_attributes(_OTHER_NAMES, "study")
class Study(Insights, Remedies):
    """One search: made by `create_study` and `load_study`.

    Attributes:
        engine: The machine under it, for executors, services and the like.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._objective: Objective | None = None  # given to optimize last, for confirm
        self._asked: dict[int, Trial] = {}  # trials that ask returned and nobody has told

    @property
    def name(self) -> str:
        """The study's name in the storage."""
        return self.engine.name

    @property
    def directions(self) -> tuple[str, ...]:
        """Directions of the objectives, "minimize" or "maximize"."""
        return self.engine.directions

    @property
    def direction(self) -> str:
        """Direction of the objective, "minimize" or "maximize", where there is one.

        Raises:
            StudyError: There are several objectives.
        """
        if len(self.directions) > 1:
            raise StudyError(f"{len(self.directions)} objectives have several directions")
        return self.directions[0]

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of the objectives."""
        return self.engine.objectives

    @property
    def sampler(self) -> Sampler:
        """The sampler, which says what to try next; another may be set between two runs."""
        return self.engine.sampler

    @sampler.setter
    def sampler(self, sampler: Sampler) -> None:
        self.engine.sampler = sampler

    @property
    def scheduler(self) -> Scheduler | None:
        """The scheduler; None lets every trial run to its end. Another may be set."""
        return self.engine.scheduler

    @scheduler.setter
    def scheduler(self, scheduler: Scheduler | None) -> None:
        self.engine.scheduler = scheduler

    @property
    def storage(self) -> Storage:
        """The storage that holds the study."""
        return self.engine.storage

    @property
    def history(self) -> History:
        """The trials as columns, as of the last look at the storage."""
        return self.engine.history

    @property
    def stop_reason(self) -> str | None:
        """The stop rule that ended the last `optimize`, or "Ctrl-C"; None when none did."""
        return self.engine.stop.reason

    # -- running
    # ------------------------------------------------------------------------------------------

    @explain_arguments(
        {
            "catch_as": "create_study(catch_as=...) or study.set_catch_as(...)",
            "func": "objective",
            "fn": "objective",
            "max_evals": "n_trials",
            "max_trials": "n_trials",
            "n_calls": "n_trials",
            "n_iter": "n_trials",
            "num_samples": "n_trials",
            "time_budget_s": "timeout_s",
            "n_total": "total",
            "show_progress_bar": "progress",
            "timeout": "timeout_s",
        },
        owner="Study.optimize",
    )
    def optimize(  # noqa: PLR0913  (bounds, places and bookkeeping of a run)
        self,
        objective: Objective | BatchObjective,
        n_trials: int | None = None,
        timeout_s: float | None = None,
        n_jobs: int = 1,
        executor: Executor | Literal["ray"] | None = None,
        catch: type[BaseException] | Sequence[type[BaseException]] = (),
        callbacks: Sequence[Callback] | None = (),
        progress: bool | None = None,
        limits: Mapping[str, float] | None = None,
        resources: Mapping[str, float] | None = None,
        reproducible: bool = False,
        stop: StopRule | Sequence[StopRule] = (),
        total: int | None = None,
        on_finding: Callable[[Study, Finding], Any] | None = None,
        act: Collection[str] = (),
        batch: int | None = None,
    ) -> None:
        """Run trials of an objective until a bound is reached, `stop()` is called, or Ctrl-C.

        Ctrl-C ends the run and not the program: trials that were running are given back, a line
        says so, `stop_reason` is "Ctrl-C", and this function returns. Pressed again, it raises
        KeyboardInterrupt as it does anywhere else.

        Args:
            objective: Takes a `Trial`, returns a number, or one for each of several objectives, in
                order or by name.
            n_trials: How many trials this call runs; None for no bound. See `total` for all calls.
            timeout_s: After how many seconds no further trial is begun.
            n_jobs: How many trials run at the same time, each in its own process; -1 for as many as
                fit.
            executor: "ray", for a Ray cluster; or any `concurrent.futures` executor, in which
                n_jobs trials are kept.
            catch: Exceptions of the objective after which the study goes on; others are raised.
                Exceeded limits, dead workers and values of NaN never stop a study. Every failure is
                recorded.
            callbacks: Called with the study and the `TrialRow` after each trial, in this process.
                The row has no reports; `study.trials[row.number]` has them.
            progress: Shows a progress bar on a terminal and in a notebook, and elsewhere a plain
                line now and then. True shows the first one soon, False none. By default a plain
                line comes after ten seconds, and then ever less often; and none where logging shows
                INFO records of the logger "luthier", which has one for each trial.
            limits: Bounds for one trial, "time_s" and "memory_mb"; beyond them it is ended and
                recorded as failed.
            resources: What one trial needs, "cpu" and "gpu" (may be a fraction). Its process gets
                those cores, and CUDA_VISIBLE_DEVICES.
            reproducible: With several jobs, results are taken in in the order of the trials, over a
                window of n_jobs: the same seed and n_jobs give the same study whatever the timing.
                Costs some idle time.
            stop: A rule of `luthier.stopping`, or several: once one finds a reason, no further
                trial is begun.
            total: How many trials the study is to have in all, those of earlier calls included: a
                program that is run again runs the rest. None for no bound.
            on_finding: Called with the study and each new `Finding` of a quick diagnosis, which is
                made after every 25 trials, and less often as the study grows; in this process.
            act: Kinds of remedies that are applied by themselves, such as {"widen", "stop"}; see
                `Study.apply`. Each is logged and stored in `applied`.
            batch: How many trials one call of the objective trains together, in this process: it
                takes a `TrialBatch`, whose params are columns, and returns a value for each row.
                The last batch may be smaller. The study needs a declared space. None for one trial
                a call.

        Raises:
            ValueError: A bound is not positive, or an argument is not of its kind.
            StudyError: A stop rule needs one objective, and there are several; or `batch` is given,
                and the study has no declared space.
            ResourceError: The machine does not have the resources.
            Exception: What the objective raised, unless `catch` names it.
        """
        check_objective(objective, batch)
        check_callbacks(callbacks)
        if hasattr(objective, "check_trials"):  # such as `luthier.evaluation.Evaluate`
            objective.check_trials(self.trials, self.name)
        kinds = check_act(act)
        if on_finding is not None and not callable(on_finding):
            raise ValueError(
                f"on_finding is a function of the study and a finding, got {show(on_finding)}"
            )
        settings = RunSettings(
            n_trials=n_trials,
            timeout_s=timeout_s,
            n_jobs=n_jobs,
            executor=executor,
            catch=catch,
            progress=progress,
            limits=limits,
            resources=resources,
            reproducible=reproducible,
            stop=stop,
            total=total,
            batch=batch,
        )
        if batch is not None and not self.engine.declared:
            raise StudyError(
                "a batch has a column for each parameter, and the study has no declared space: "
                "create_study(space={'lr': luthier.Float(1e-5, 1e-1, scale='log'), ...})"
            )
        if batch is None:
            self._objective = cast("Objective", objective)
        else:
            self._objective = one_by_one(cast("BatchObjective", objective))
        calls: list[Callable[[TrialRow], Any]] = [
            partial(self._tell, call) for call in callbacks or ()
        ]
        if on_finding is not None or kinds:
            tell = None if on_finding is None else partial(on_finding, self)
            calls.append(FindingWatch(self, tell, kinds))
        try:
            run(self.engine, cast("Objective", objective), settings, calls)
        except KeyboardInterrupt as e:
            if e.args:  # not Python's own: a handler of the user's, for this signal or another
                raise
            self.engine.stop.request(INTERRUPTED)
            logger.warning(
                "stopped by Ctrl-C: %r; what was running waits, and runs first when optimize is "
                "called again",
                self,
            )

    def _tell(self, call: Callback, row: TrialRow) -> None:
        """Call a user's callback with a trial that has ended."""
        call(self, explain_params(row, self.engine.history.space))

    def ask(self) -> Trial:
        """Begin a trial: one that waits, one that the scheduler resumes, or a new one.

        End it with `tell`.

        Raises:
            NothingToAskError: The scheduler wants none before running ones are told, or none any
                more.
            SamplerError: The sampler cannot search for so many objectives.
        """
        self.engine.sampler.check_objectives(len(self.directions))
        tickets = self.engine.ask({})
        if isinstance(tickets, Next):
            raise NothingToAskError(self.engine.explain_no_trial(tickets))
        trial = self.engine.trial(tickets[0])
        self._asked[trial.number] = trial
        return trial

    def tell(
        self,
        trial: Trial | int,
        value: float | Sequence[float] | Mapping[str, float] | None = None,
        state: State | str | None = None,
        error: BaseException | str | None = None,
    ) -> TrialRow:
        """End a trial.

        Args:
            trial: From `ask`, or its number. By its number a trial can be ended that another
                process asked for, as long as it runs.
            value: Its value, or one for each objective, in order or by name; None if it failed or
                was pruned.
            state: "complete", "pruned" or "failed", or a `State`; complete if there is a value,
                else failed. No other library's number.
            error: Why it failed. Models do not learn from a `TrialDisturbedError`.

        Raises:
            ObjectiveValueError: The value is not a number, or not one for each direction.
            TrialError: The trial is not this study's, or does not run, or the state is none.
            LeaseLostError: The trial is already over, or was given to another worker.
        """
        handle = trial if isinstance(trial, Trial) else self._handle(trial)
        if not (isinstance(handle.link, EngineLink) and handle.link.engine is self.engine):
            raise _not_a_trial(trial)
        number = handle.number
        outcome = outcome_from_tell(number, handle.objectives, handle.notes(), value, state, error)
        try:
            row = self.engine.end(number, handle.ticket.token, outcome)
        except LeaseLostError:  # another worker's; after any other error it can be told again
            self._asked.pop(number, None)
            raise
        self._asked.pop(number, None)
        if row.error is None or value is not None:  # a failure that was told is no news
            log_end(self.engine, row)
        return explain_params(row, self.engine.history.space)

    def _handle(self, number: int) -> Trial:
        """The handle of a running trial by its number, whoever asked for it."""
        if isinstance(number, bool) or not isinstance(number, int | np.integer):
            raise _not_a_trial(number)
        number = int(number)
        if number in self._asked:
            return self._asked[number]
        with self.engine.reading() as history:
            known = 0 <= number < history.n
        row = self.engine.rows([number])[0] if known else None
        if row is None or row.state != State.RUNNING:
            state = "does not exist" if row is None else f"is {row.state.name.lower()}"
            raise TrialError(f"tell expects a running trial, and trial {show(number)} {state}")
        # What its objective asked for is not known here, so the stored params count.
        return self.engine.trial(replace(self.engine.ticket(row), declared=True))

    def enqueue(
        self,
        params: Mapping[str, Any],
        tags: Mapping[str, Any] | None = None,
        skip_if_exists: bool = False,
    ) -> int:
        """Add a trial with these params, to be run before the sampler is asked again.

        Names left out are sampled.

        Args:
            params: Name to value.
            tags: Tags of the trial.
            skip_if_exists: Whether to add nothing where a trial has these params already, in any
                state. So a script that enqueues can be run again.

        Returns:
            Its number; with `skip_if_exists`, that of the first trial that has these params.

        Raises:
            UnknownParameterError: A declared space does not have such a parameter or value.
            TrialError: A param or a tag cannot be stored, or the name of a tag is luthier's own.
        """
        if not isinstance(params, Mapping):
            raise TrialError(f"params to be run are a dict, got {show(params)}")
        if tags is not None and not isinstance(tags, Mapping):
            raise TrialError(f"tags of a trial to be run are a dict, got {show(tags)}")
        for tag in tags or ():
            check_tag_name(tag, "a trial to be run")
        fixed = self.engine.check_params(params)
        if skip_if_exists:
            for known in self.trials:
                if fixed.items() <= known.params.items():
                    return known.number
        row = TrialRow(
            number=-1,
            state=State.WAITING,
            params=fixed,
            tags={} if tags is None else cast(dict[str, Any], tags),
        )
        return self.add_trials([row])[0]

    def add(
        self, params: Mapping[str, Any], value: float | Sequence[float] | Mapping[str, float]
    ) -> int:
        """Add a complete trial that was measured elsewhere; the sampler learns from it.

        For many at once, and for trials with reports, tags or constraints, see `add_trials`.

        Args:
            params: All of its params, name to value.
            value: Its value, or one for each objective, in order or by name.

        Returns:
            Its number.

        Raises:
            UnknownParameterError: A declared space does not have such a parameter or value.
            ObjectiveValueError: The value is not one number for each objective.
            TrialError: The params are no dict or cannot be stored, or the value is NaN.
        """
        if not isinstance(params, Mapping):
            raise TrialError(f"params that were measured are a dict, got {show(params)}")
        fixed = self.engine.check_params(params)
        values = check_values(value, self.objectives, "an added trial has")
        return self.add_trials(
            [TrialRow(number=-1, state=State.COMPLETE, params=fixed, values=values)]
        )[0]

    def add_trials(self, rows: Iterable[TrialRow]) -> list[int]:
        """Add trials as they are, from another study or from elsewhere.

        They get new numbers, which are returned. A long text of an error is cut in the middle.

        Raises:
            TrialError: A row runs, or has a field that is not of its type and cannot be stored.
        """
        return self.engine.add_trials(check_added(rows, self.objectives))

    def retry(self, trials: TrialRow | int | Iterable[TrialRow | int]) -> list[TrialRow]:
        """Offer failed trials again, to be run before anything new.

        Each goes on from its last checkpoint, which is kept for a week, with the same params and
        number; without a checkpoint it begins afresh. Why it failed stays in its tag
        "earlier_errors".

        Args:
            trials: Trials that have failed, or their numbers.

        Returns:
            The trials as they wait now.

        Raises:
            TrialError: One has not failed, or was retried by somebody else; those before it in
                `trials` are offered again all the same.
        """
        given = trials if isinstance(trials, Iterable) else [trials]
        numbers = [number_of(trial) for trial in given]
        return [self.engine.retry(number) for number in numbers]

    def finish(self, trial: TrialRow | int, objective: Objective | None = None) -> TrialRow:
        """Train a paused trial to its end, in this process, whatever the scheduler says.

        It goes on from its last checkpoint. Paused trials are held back by a scheduler that saw
        better ones; the best of them may still be better than any that is complete.

        Args:
            trial: One that is paused, or its number.
            objective: As for `optimize`; None for the one that it was last given in this process.

        Returns:
            The trial as it ended.

        Raises:
            TrialError: It is not paused.
            StudyError: No objective is known.
            Exception: What the objective raised.
        """
        number = number_of(trial)
        objective = objective or self._objective
        if objective is None:
            raise StudyError("finish needs the objective that this process has not seen: pass it")
        with self.engine.reading() as history:
            if number not in history.paused:
                state = State(history.state[number]).name if 0 <= number < history.n else "missing"
                paused = sorted(history.paused)
                raise TrialError(
                    f"finish takes a trial that is paused, and trial {number} is {state.lower()}; "
                    f"paused are {paused!r:.200}"
                )
        self.engine.finishing.add(number)
        try:
            run(self.engine, objective, RunSettings(progress=False), only=[number])
        finally:
            self.engine.finishing.discard(number)
        return self.engine.rows([number])[0]

    def set_catch_as(self, catch_as: Literal["failed", "infeasible"]) -> None:
        """Change how failures are taken, earlier ones too; see `create_study`.

        Raises:
            StudyError: It is neither "failed" nor "infeasible".
        """
        check_catch_as(catch_as)
        self.engine.update_spec(crash=catch_as)

    def stop(self) -> None:
        """Let the running `optimize` begin no further trial.

        For callbacks, and for objectives that run in this process: no study goes to another one.
        """
        self.engine.stop.request()

    def dashboard(self, height: int = 800, proxy: str | None = None) -> Any:
        """The study in a browser: in a notebook a frame below the cell, elsewhere its address.

        It is served by this process, on this machine, for as long as the process lives or until
        `close` of what is returned is called. Whoever opens the address first is logged in.

        Args:
            height: Of the frame, in pixels.
            proxy: Where the notebook is reached through a proxy, the address before the port:
                "/proxy/" for jupyter-server-proxy. None for JupyterHub's, or for no proxy.

        Raises:
            MissingDependencyError: The extra `service` is not installed.
        """
        return load_above("server.notebook_page", "show_page")(self, height, proxy)

    @property
    def controls(self) -> StudyControls:
        """Verbs for a study that runs, wherever it does: pause, stop, notes and more."""
        return StudyControls(self.engine)

    @property
    def memory(self) -> KnownTasks:
        """The earlier tasks that the study learns from, and those that were left out, and why."""
        stored = self.engine.settings.memory
        return KnownTasks(self.history.info.memory, stored.left_out)

    def remember(
        self,
        memory: Memory | str,
        *,
        data: Any = None,
        context: Mapping[str, float] | None = None,
        tags: Mapping[str, Any] | None = None,
        family: str | None = None,
    ) -> Taken:
        """Add what the study has found out to a knowledge base, for later studies.

        A base has each study once: what it finds out later takes the place of what it has.

        Args:
            memory: The base, or its URL.
            data: What the study was about: (X, y), or a text that names it; a hash is kept.
            context: Numbers that say what the data are; None to describe X and y (see
                `luthier.transfer.describe`).
            tags: Free tags, such as {"team": "fraud"}.
            family: What was tuned, such as "xgboost"; None for the study's own.

        Returns:
            Whether it was added, has replaced others or was known, and what the base has now.

        Raises:
            TaskError: There is nothing to learn: no complete trial, or all losses are the same; or
                data or context are none.
        """
        from .remembering import remember  # its models take long to load

        return remember(self.engine, memory, data, context, tags, family)

    @property
    def preferences(self) -> StudyPreferences:
        """Verbs for trials that people compare: prefer, rank, the next pair, the best."""
        from .preferences import StudyPreferences  # its model takes long to load

        return StudyPreferences(self.engine)

    # -- results
    # ------------------------------------------------------------------------------------------

    @property
    def trials(self) -> list[TrialRow]:
        """All trials, by number."""
        return self.engine.rows()

    @property
    def best_trial(self) -> TrialRow:
        """The feasible complete trial with the best value as it was observed.

        See `recommend` where values are noisy.

        Re-runs of `confirm` do not count: the luckiest of several runs of one configuration says
        little of it.

        Raises:
            NoCompletedTrialsError: None is complete.
            NoFeasibleTrialsError: None of those keeps all constraints.
            StudyError: There are several objectives.
        """
        if len(self.directions) > 1:
            raise StudyError(
                f"{len(self.directions)} objectives have no single best trial; see best_trials and "
                "choose"
            )
        with self.engine.reading() as history:
            require_results(history)
            best = history.best()
        assert best is not None
        return self.engine.rows([best])[0]

    @property
    def best_params(self) -> dict[str, Any]:
        """Params of `best_trial`.

        A name that is not there raises MissingParameterError, a KeyError that says what there is.
        """
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        """Value of `best_trial`."""
        return cast(float, self.best_trial.value)

    @property
    def best_trials(self) -> list[TrialRow]:
        """The feasible complete trials that no other beats in all objectives.

        All that share the best).
        """
        with self.engine.reading() as history:
            numbers = history.front.tolist()
        return self.engine.rows(numbers)

    def confirm(
        self,
        k: int = 3,
        repeats: int = 5,
        objective: Objective | None = None,
        n_jobs: int = 1,
        level: float = 0.95,
    ) -> Confirmation:
        """Run the k leaders anew with fresh random numbers, and compare them on that.

        Each repeat is a trial of this study with tags "confirms" (the trial it runs anew) and
        "repeat". Leaders are chosen by the other trials alone: the means are unbiased, and another
        call goes on where this one was killed. In repeat r `trial.rng` is the same for all leaders:
        take all randomness from it, and fewer repeats find the differences. Nothing stops a repeat
        early; one that fails is left out, and tried again by another call.

        Args:
            k: How many leaders of `recommend`.
            repeats: How often each is run; what is there already is not run again.
            objective: As for `optimize`; None for the one that it was last given in this process.
            n_jobs: How many trials run at the same time.
            level: Coverage of the intervals.

        Raises:
            NoCompletedTrialsError: None is complete, or no repeat was.
            StudyError: There are several objectives, or none is known.
            ValueError: k, repeats, n_jobs or level is out of range.
        """
        return confirm(self.engine, k, repeats, objective or self._objective, n_jobs, level)

    def register(
        self,
        trial: TrialRow | int,
        model: str,
        *,
        artifact: str | os.PathLike[str] | None = None,
        data: str | None = None,
        metrics: Mapping[str, float] | None = None,
        schema: Mapping[str, str] | None = None,
        parent: str | None = None,
        why: str = "",
        registry: Registry | str = "sqlite:///models.db",
    ) -> Version:
        """Register a trial as a version of a model; the same content is the same version.

        The version keeps where it came from: study, trial, values with the intervals that `confirm`
        found, space, seed, sampler, how many trials were not chosen, energy, the commit of the code
        and the versions of the packages.

        Args:
            trial: A complete trial, or its number.
            model: Name of the model, such as "churn".
            artifact: File or folder with the trained model, which is copied and never opened; None
                for params only.
            data: Fingerprint of the data; see `luthier.registry.fingerprint_data`.
            metrics: Metrics on data that no trial saw, by name.
            schema: Columns that the model takes, in order, with their types.
            parent: Id of the version that it was refitted or retuned from.
            why: Why it is registered.
            registry: A registry, or the URL of one.

        Raises:
            RegistryError: The trial has no result, the name is none, or there is no such artifact.
            TrialError: There is no such trial.
        """
        from .registering import describe_version, explain_why, open_registry

        [row] = self.engine.rows([number_of(trial)])
        content = describe_version(self.engine, row, model, data, metrics, schema, parent)
        why = why or explain_why(row, self.engine)
        return open_registry(registry).register(content, artifact, why)

    def load_checkpoint(self, trial: TrialRow | int) -> Any:
        """Load the last checkpoint of a trial: a dict, or the path of a file or folder.

        None where there is none.

        Raises:
            CheckpointError: It was deleted (see `luthier.checkpoints.Checkpoints`) or damaged.
            TrialError: There is no such trial.
        """
        [row] = self.engine.rows([number_of(trial)])
        return self.engine.checkpoints.load(row.checkpoints[-1]) if row.checkpoints else None

    def attachments(self, trial: TrialRow | Trial | int) -> list[Attachment]:
        """List the files that a trial has attached, its log among them, by name."""
        return self.engine.checkpoints.attachments.of(number_of(trial))

    def load_attachment(self, trial: TrialRow | Trial | int, name: str) -> bytes:
        """Load a file that a trial has attached; its content is checked.

        Raises:
            CheckpointError: There is none of that name, or it is damaged.
        """
        return self.engine.checkpoints.attachments.read(number_of(trial), name)

    @property
    def space(self) -> Space:
        """The space as declared, or as the objective has shown it so far, conditions included."""
        return self.engine.space

    def to_dataframe(self) -> pd.DataFrame:
        """Table of the trials: one row each.

        Columns are number, state, value (or value_0, ..., or values.NAME), duration_s, params.* and
        tags.*.

        Cost, and constraints.*, where any trial told; error where any failed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise explain_missing("to_dataframe", "pandas", "pandas") from None
        return pd.DataFrame(to_table(self.trials, self.objectives))

    def __reduce__(self) -> NoReturn:
        raise UnpicklableError(
            f"a study can be neither copied nor pickled; another process opens it by its name: "
            f"luthier.load_study({self.name!r}, storage). To end a run by its results, pass "
            "callbacks=[lambda study, row: study.stop()] or stop=; both run in the process of the "
            "study"
        )

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{int((self.history.state == s).sum())} {s.name.lower()}"
            for s in State
            if (self.history.state == s).any()
        )
        best = self.history.best() if len(self.directions) == 1 else None
        value = (
            ""
            if best is None
            else f", best {to_six_digits(self.history.values[best, 0])} in trial {best}"
        )
        return f"Study({self.name!r}, {'/'.join(self.directions)}, {counts or 'no trials'}{value})"

    def _repr_html_(self) -> str:
        return f"<p><code>{html.escape(repr(self))}</code></p>{self.history.space._repr_html_()}"


def check_catch_as(catch_as: Any) -> None:
    """Refuse what is no way to take failures.

    Raises:
        StudyError: It is neither "failed" nor "infeasible".
    """
    if catch_as not in ("failed", "infeasible"):
        raise StudyError(f"catch_as is 'failed' or 'infeasible', got {show(catch_as)}")


def _not_a_trial(got: object) -> TrialError:
    return TrialError(
        f"tell expects a trial that this study's ask returned, or its number, got {show(got)}"
    )
