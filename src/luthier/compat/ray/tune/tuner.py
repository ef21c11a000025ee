"""`run` and `Tuner`, which read what users ask for and run it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ....errors import CompatError
from ...remarks import refuse, refuse_part, warn_without_effect
from .errors import SettingError, TuneError
from .experiment import Experiment
from .folders import make_run_folder, read_run, read_trials, refuse_filesystem, write_run
from .goal import Goal
from .places import Place
from .plan import Plan
from .results import ExperimentAnalysis, ResultGrid
from .running import Run
from .schedulers import FIFOScheduler, TrialScheduler, create_scheduler
from .search.searchers import (
    BasicVariantGenerator,
    ConcurrencyLimiter,
    Repeater,
    SamplerSearch,
    Searcher,
    create_searcher,
)
from .settings import (
    CheckpointConfig,
    FailureConfig,
    ResumeConfig,
    ResumeType,
    RunConfig,
    TuneConfig,
)
from .stopper import make_stopper, to_seconds
from .trainable import find_trainable, name_of
from .trial import ERROR, TERMINATED, Trial
from .watchers import Watchers

# What the others of `run` are, where they are left out, and why they change nothing.
_OTHERS: dict[str, tuple[Any, str]] = {
    "reuse_actors": (None, "worker processes are kept in any case."),
    "sync_config": (None, "results are in a folder."),
    "max_report_frequency": (None, "a reporter has it."),
    "log_to_file": (False, "what trials print goes to this process's output."),
    "export_formats": (None, "a trial writes checkpoints."),
    "sync_on_checkpoint": (True, "results are in a folder."),
    "server_port": (None, "there is no server."),
    "queue_trials": (False, "trials wait for a free worker."),
    "global_checkpoint_period": (None, "each trial is written as it goes."),
    "with_server": (False, "there is no server."),
    "ray_auto_init": (True, "Ray is not needed."),
    "trial_executor": (None, "trials run in processes."),
    "upload_dir": (None, "results are in a folder."),
    "sync_to_driver": (None, "results are in a folder."),
    "_remote": (None, "the run is in this process."),
}
_REFUSED = {
    "restore": "Load the checkpoint in the trainable.",
    "loggers": "Pass callbacks=[...]: a LoggerCallback for each.",
    "storage_filesystem": "Pass storage_path=, a folder.",
}


def _prepare(  # the arguments are those of `run`
    trainable: Any,
    config: Mapping[str, Any] | None,
    tune: TuneConfig,
    settings: RunConfig,
    resources: Any = None,
    before: tuple[list[Trial], dict[str, bool], Path] | None = None,
) -> tuple[Plan, Watchers]:
    """Return the plan of a run, checked, and what sees it."""
    trainable = find_trainable(trainable)
    plan = Plan()
    plan.trainable = trainable
    searcher, repeat, shows_repeat = _read_searcher(tune.search_alg)
    scheduler = tune.scheduler
    if isinstance(scheduler, str):
        scheduler = create_scheduler(scheduler)
    refuse_part("scheduler", scheduler, TrialScheduler, "luthier.compat.ray")
    if scheduler is not None and not isinstance(scheduler, TrialScheduler):
        raise SettingError(f"a scheduler is one of ray.tune.schedulers, got {scheduler!r}")
    plan.searcher = searcher
    plan.scheduler = scheduler or FIFOScheduler()
    given = [tune.metric, plan.scheduler.metric, searcher.metric]
    modes = [tune.mode, plan.scheduler.mode, searcher.mode]
    metric = next((m for m in given if m is not None), None)
    plan.goal = Goal(metric, next((m for m in modes if m is not None), None))
    own = searcher.read_space() if isinstance(searcher, SamplerSearch) else None
    if config is not None and not isinstance(config, Mapping):
        raise SettingError(f"the space is a dict, got {config!r:.200}")
    plan.config = {**dict(config or {}), **(own or {})}
    plan.stopper = make_stopper(settings.stop)
    plan.num_samples = tune.num_samples
    if not isinstance(plan.num_samples, int) or (plan.num_samples < 1 and plan.num_samples != -1):
        raise SettingError(f"num_samples is at least 1, or -1, got {plan.num_samples!r}")
    plan.repeat = repeat
    plan.shows_repeat = shows_repeat
    plan.works_in_folder = tune.chdir_to_trial_dir
    plan.time_budget_s = None if tune.time_budget_s is None else to_seconds(tune.time_budget_s)
    plan.checkpoints = settings.checkpoint_config or CheckpointConfig()
    if not isinstance(trainable, type):
        _refuse_checkpoints_of_functions(plan.checkpoints)
    plan.failures = settings.failure_config or FailureConfig()
    plan.name_trial = tune.trial_name_creator
    plan.name_folder = tune.trial_dirname_creator
    plan.verbose = settings.verbose not in (0, False)
    if resources is None:
        resources = getattr(trainable, "tune_resources", None)
    if resources is None and isinstance(trainable, type):
        kind: Any = trainable
        resources = kind.default_resource_request(plan.config)
    plan.place = Place(resources, plan.config, tune.max_concurrent_trials)
    plan.before, plan.again = ([], {}) if before is None else before[:2]
    watchers = Watchers(settings.callbacks or (), settings.progress_reporter)
    name = name_of(trainable)
    storage = settings.storage_path or settings.local_dir
    plan.folder = make_run_folder(storage, settings.name, name) if before is None else before[2]
    return plan, watchers


def _refuse_checkpoints_of_functions(config: CheckpointConfig) -> None:
    """Refuse checkpoints at intervals of a function, which alone knows what to write.

    Raises:
        ValueError: They are asked for.
    """
    for name in ("checkpoint_frequency", "checkpoint_at_end"):
        if getattr(config, name):
            raise ValueError(
                f"{name} is for classes Trainable: a function reports its own checkpoints, "
                "tune.report(metrics, checkpoint=...)"
            )


def _read_searcher(given: Any) -> tuple[Searcher, int, bool]:
    """Return a searcher, how often its configurations are run, and whether they tell which."""
    repeat, most, shows_repeat = 1, None, True
    searcher = create_searcher(given) if isinstance(given, str) else given
    while isinstance(searcher, ConcurrencyLimiter | Repeater):
        if isinstance(searcher, Repeater):
            repeat, shows_repeat = searcher.repeat, searcher.set_index
        else:
            most = searcher.max_concurrent
        searcher = searcher.searcher
    if searcher is None:
        searcher = BasicVariantGenerator()
    refuse_part("search_alg", searcher, Searcher, "luthier.compat.ray")
    if not isinstance(searcher, Searcher):
        raise SettingError(f"search_alg is one of ray.tune.search, got {searcher!r}")
    if most is not None:
        searcher.max_concurrent = most
    return searcher, repeat, shows_repeat


def _execute(plan: Plan, watchers: Watchers) -> tuple[ExperimentAnalysis, Run]:
    run = Run(plan, watchers)
    goal = plan.goal
    facts = {
        "trainable": name_of(plan.trainable),
        "metric": goal.metric,
        "mode": goal.mode,
        "num_samples": plan.num_samples,
    }
    write_run(plan.folder, facts)
    run.to_end()
    write_run(plan.folder, facts | {"metric": goal.metric, "mode": goal.mode})
    analysis = ExperimentAnalysis(
        plan.folder, trials=run.trials, default_metric=goal.metric, default_mode=goal.mode
    )
    return analysis, run


def _read_resume(resume: str) -> ResumeConfig:
    """Return what the words of `resume=` mean, such as "AUTO+RESTART_ERRORED"."""
    errored = "restart" if "RESTART" in resume else "resume" if "ERRORED" in resume else "skip"
    return ResumeConfig(unfinished="skip" if "ONLY" in resume else "resume", errored=errored)


def _read_before(folder: Path, config: ResumeConfig) -> tuple[list[Trial], dict[str, bool], Path]:
    """Return the trials of an earlier run, and which of them are run on."""
    trials = read_trials(folder)
    again: dict[str, bool] = {}
    for trial in trials:
        how = {ERROR: config.errored, TERMINATED: config.finished}.get(
            trial.status, config.unfinished
        )
        if how is not ResumeType.SKIP:
            again[trial.trial_id] = how is ResumeType.RESUME
    return trials, again, folder


def _heed_others(others: Mapping[str, Any]) -> None:
    """Warn of the arguments of `run` without effect.

    Raises:
        TypeError: An argument is not known.
        CompatError: It has no equivalent.
    """
    for name, value in others.items():
        if name in _REFUSED:
            if value is not None:
                raise refuse(f"tune.run({name}=)", _REFUSED[name])
        elif name not in _OTHERS:
            raise TypeError(f"tune.run() got an unexpected keyword argument {name!r}")
        elif value is not None and value != _OTHERS[name][0]:
            warn_without_effect(f"{name} of ray's tune.run", _OTHERS[name][1])


def run(
    run_or_experiment: Any,
    *,
    name: str | None = None,
    metric: Any = None,
    mode: Any = None,
    stop: Any = None,
    time_budget_s: Any = None,
    config: Mapping[str, Any] | None = None,
    resources_per_trial: Any = None,
    num_samples: int = 1,
    storage_path: Any = None,
    local_dir: Any = None,
    search_alg: Any = None,
    scheduler: Any = None,
    checkpoint_config: CheckpointConfig | None = None,
    keep_checkpoints_num: int | None = None,
    checkpoint_score_attr: str | None = None,
    checkpoint_freq: int = 0,
    checkpoint_at_end: bool = False,
    verbose: Any = None,
    progress_reporter: Any = None,
    trial_name_creator: Any = None,
    trial_dirname_creator: Any = None,
    max_failures: int = 0,
    fail_fast: Any = False,
    resume: Any = None,
    resume_config: ResumeConfig | None = None,
    raise_on_failed_trial: bool = True,
    callbacks: Sequence[Any] | None = None,
    max_concurrent_trials: int | None = None,
    chdir_to_trial_dir: bool | None = None,
    **others: Any,
) -> ExperimentAnalysis:
    """Run trials of a trainable; return them.

    Args:
        run_or_experiment: A function of the configuration, a class `Trainable`, or a registered
            name; or an `Experiment`, whose own arguments come before these.
        name: Folder of the run.
        metric: Metric that is compared.
        mode: "min" or "max".
        stop: What ends a trial: metrics and numbers, a function of (trial_id, result), a `Stopper`.
        time_budget_s: Seconds after which the run ends.
        config: The space.
        resources_per_trial: What a trial needs, such as {"cpu": 2, "gpu": 0.5}.
        num_samples: Trials, times the combinations of grids; -1 for no bound.
        storage_path: Folder of runs; None for ~/ray_results.
        local_dir: The same, by its name before 2.5.
        search_alg: What to try next; None draws at random.
        scheduler: Which trials stop early.
        checkpoint_config: Which checkpoints are kept.
        keep_checkpoints_num: `num_to_keep` of it, by its name before 2.0.
        checkpoint_score_attr: "metric" or "min-metric", the same.
        checkpoint_freq: `checkpoint_frequency` of it, the same.
        checkpoint_at_end: The same.
        verbose: 0 for silence.
        progress_reporter: Shows tables of trials.
        trial_name_creator: Names a trial.
        trial_dirname_creator: Names the folder of a trial.
        max_failures: How often a trial that failed is run again; -1 for ever.
        fail_fast: Whether the first failure ends the run; "raise" raises it.
        resume: True or "AUTO" goes on with the run of the name; "ERRORED_ONLY" with what failed.
        resume_config: Which trials of it are run on.
        raise_on_failed_trial: Whether TuneError is raised at the end where trials failed.
        callbacks: `Callback`s.
        max_concurrent_trials: How many trials at a time.
        chdir_to_trial_dir: Whether a trial works in its folder.
        others: What has no effect here, or what is refused.

    Raises:
        TuneError: Trials failed.
        CompatError: An argument is not known, or no such value.
        ResourceError: The machine does not have what one trial needs.
    """
    arguments = {**locals()}
    if isinstance(run_or_experiment, Experiment):
        described = run_or_experiment
        del arguments["run_or_experiment"], arguments["others"]
        spec = {**described.spec, "name": described.name}
        return run(described.run, **{**arguments, **others, **spec})
    _heed_others(others)
    if checkpoint_config is None:
        score = checkpoint_score_attr or ""
        order = "min" if score.startswith("min-") else "max"
        score = score.removeprefix("min-")
        checkpoint_config = CheckpointConfig(
            keep_checkpoints_num, score or None, order, checkpoint_freq, checkpoint_at_end
        )
    settings = RunConfig(
        name=name,
        storage_path=storage_path,
        local_dir=local_dir,
        failure_config=FailureConfig(max_failures, fail_fast),
        checkpoint_config=checkpoint_config,
        verbose=verbose,
        stop=stop,
        callbacks=list(callbacks or ()),
        progress_reporter=progress_reporter,
    )
    tune = TuneConfig(
        metric,
        mode,
        search_alg,
        scheduler,
        num_samples,
        max_concurrent_trials,
        time_budget_s,
        None,
        trial_name_creator,
        trial_dirname_creator,
        chdir_to_trial_dir,
    )
    before = None
    if resume or resume_config:
        folder = make_run_folder(storage_path or local_dir, name, name_of(run_or_experiment))
        has_run = name is not None and (folder / "experiment.json").exists()
        if not has_run and not str(resume).startswith(("AUTO", "LOCAL_OR_AUTO")):
            raise CompatError(
                f"resume={resume!r} needs the name of a run that exists, got {name!r}"
            )
        if has_run:
            before = _read_before(folder, resume_config or _read_resume(str(resume)))
    plan, watchers = _prepare(
        run_or_experiment, config, tune, settings, resources_per_trial, before
    )
    analysis, done = _execute(plan, watchers)
    failed = [t for t in done.trials if t.status == ERROR]
    if failed and raise_on_failed_trial:
        reason = failed[0].error
        raise TuneError(f"trials did not complete: {failed}; the first: {reason}") from reason
    return analysis


class Tuner:
    """A run that is set up first, and run by `fit`.

    Args:
        trainable: A function of the configuration, a class `Trainable`, or a registered name.
        param_space: The space.
        tune_config: What is searched, and how.
        run_config: Where it is kept, and when trials stop.

    Attributes:
        before: Trials of the run that was restored, which of them are run on, and its folder.
    """

    def __init__(
        self,
        trainable: Any = None,
        *,
        param_space: Mapping[str, Any] | None = None,
        tune_config: TuneConfig | None = None,
        run_config: RunConfig | None = None,
    ) -> None:
        self._trainable = find_trainable(trainable)
        self._space = param_space
        self._tune = tune_config or TuneConfig()
        self._settings = run_config or RunConfig()
        self.before: tuple[list[Trial], dict[str, bool], Path] | None = None
        self._results: ResultGrid | None = None

    def fit(self) -> ResultGrid:
        """Run the trials; failures are in the result, and not raised.

        Raises:
            CompatError: A setting is no such value.
            ResourceError: The machine does not have what one trial needs.
        """
        plan, watchers = _prepare(
            self._trainable, self._space, self._tune, self._settings, before=self.before
        )
        analysis, _ = _execute(plan, watchers)
        self._results = ResultGrid(analysis)
        return self._results

    def get_results(self) -> ResultGrid:
        """Return what `fit` came to, or the run that was restored.

        Raises:
            RuntimeError: There was none.
        """
        if self._results is not None:
            return self._results
        if self.before is None:
            raise RuntimeError("there are no results before Tuner.fit")
        return ResultGrid(ExperimentAnalysis(self.before[2]))

    @classmethod
    def can_restore(cls, path: Any, storage_filesystem: Any = None) -> bool:
        """Whether a folder is that of a run."""
        refuse_filesystem("Tuner.can_restore", storage_filesystem)
        return (Path(os.fspath(path)).expanduser() / "experiment.json").exists()

    @classmethod
    def restore(
        cls,
        path: Any,
        trainable: Any = None,
        resume_unfinished: bool = True,
        resume_errored: bool = False,
        restart_errored: bool = False,
        param_space: Mapping[str, Any] | None = None,
        storage_filesystem: Any = None,
        tune_config: TuneConfig | None = None,
        run_config: RunConfig | None = None,
    ) -> Tuner:
        """Return a tuner that goes on with the run in a folder.

        Args:
            path: The folder.
            trainable: What is tuned.
            resume_unfinished: Whether trials that were running go on.
            resume_errored: Whether trials that failed go on from their checkpoint.
            restart_errored: Whether trials that failed begin again.
            storage_filesystem: None: the run is in a folder.
            param_space: The space; None runs those trials alone that are there.
            tune_config: What is searched, and how; None for the metric of the run.
            run_config: When trials stop.

        Raises:
            CompatError: The folder is of no run that was made here; or there is no trainable.
        """
        refuse_filesystem("Tuner.restore", storage_filesystem)
        folder = Path(os.fspath(path)).expanduser().absolute()
        facts = read_run(folder)
        if trainable is None:
            raise CompatError("Tuner.restore needs the trainable of the run: trainable=")
        errored = "restart" if restart_errored else "resume" if resume_errored else "skip"
        unfinished = "resume" if resume_unfinished else "skip"
        before = _read_before(folder, ResumeConfig(unfinished=unfinished, errored=errored))
        if tune_config is None:
            metric, mode, n = facts["metric"], facts["mode"], facts["num_samples"]
            tune_config = TuneConfig(metric=metric, mode=mode, num_samples=n)
        if param_space is None:
            tune_config = TuneConfig(**{**vars(tune_config), "num_samples": max(1, len(before[0]))})
        tuner = cls(
            trainable, param_space=param_space, tune_config=tune_config, run_config=run_config
        )
        tuner.before = before
        return tuner


def run_experiments(experiments: Any, **settings: Any) -> list[Trial]:
    """Run trials of several trainables.

    Args:
        experiments: An `Experiment`, a list of them, or name to {"run": ..., "config": ..., ...}.
        settings: Arguments of `run` for all of them.
    """
    if isinstance(experiments, Mapping):
        experiments = [Experiment.from_json(name, spec) for name, spec in experiments.items()]
    elif isinstance(experiments, Experiment):
        experiments = [experiments]
    trials: list[Trial] = []
    for experiment in experiments:
        trials += run(experiment, **settings).trials
    return trials
