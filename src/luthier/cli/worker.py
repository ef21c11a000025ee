"""The command worker: one of many processes that run the trials of a study."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from ..storages.base import require_complete_copy
from ..storages.bounded import Bounded
from ..study.create import load_study
from ..study.study import Study
from ..study.worker import join, wait_for_study
from ..wording import count_of
from .options import (
    COUNT,
    POSITIVE,
    checkpoints_option,
    find_only_study,
    jobs_option,
    open_existing_storage,
    refuse_place,
    storage_option,
    timeout_option,
)
from .run_monitor import RunMonitor
from .run_trials import run_trials
from .session import run_session, say
from .summary import format_counts
from .targets import TARGET_METAVAR, TargetCommand, load_script, make_program, read_program
from .text import examples
from .trial_options import TrialOptions, trial_options


@dataclass(frozen=True, kw_only=True)
class WorkerOptions(TrialOptions):
    """Options of `luthier worker`; its help describes them."""

    name: str | None
    total: int | None
    wait: float | None
    sampler: str | None
    checkpoints: str | None


@click.command(
    cls=TargetCommand,
    options_metavar="[OPTIONS]",
    epilog=examples(
        "luthier worker train train.py:objective --total 500 --storage "
        "postgresql://user@host/database",
        "luthier worker train train.py:objective --jobs 4 --log-json --storage redis://host:6379",
        "luthier worker train --timeout 3600 --storage http://host:8700 -- ./train --lr {lr}",
    ),
)
@click.argument("name", required=False)
@click.argument("target", required=False, metavar=TARGET_METAVAR)
@storage_option
@click.option(
    "--trials",
    type=click.IntRange(min=0),
    help="How many trials this worker runs.  [default: no bound]",
)
@click.option(
    "--total",
    type=COUNT,
    help="How many trials the study is to have, whoever runs them; then the worker ends.",
)
@timeout_option
@checkpoints_option
@click.option(
    "--wait",
    type=POSITIVE,
    metavar="SECONDS",
    help="Wait up to SECONDS for the study to be created.",
)
@jobs_option(1)
@click.option("--sampler", help="Sampler, which proposes params.  [default: that of the study]")
@click.option(
    "--scheduler", help="Scheduler, which stops trials early.  [default: that of the study]"
)
@trial_options
@click.pass_context
def worker(ctx: click.Context, /, **options: Any) -> None:
    """Join a study as one of any number of workers.

    Workers run on this machine or others, and can be started and stopped at any time. A worker that
    is stopped gives its trials back; those of a worker that dies are offered again when its lease
    runs out. With --total, workers end once the study has that many trials and none of them runs.

    The scheduler decides about the rest: with asha, hyperband, pasha, freezethaw and dehb many
    trials stay paused at the end, and pb2 may start fewer. A worker logs why it ends.
    """
    name, target = options["name"], options["target"]
    if target is None and name is not None and ".py" in name:  # the only study goes unnamed
        options.update(name=None, target=name)
    _work(ctx, WorkerOptions(**options))


def _work(ctx: click.Context, options: WorkerOptions) -> None:
    with run_session(options.log_json, verbose=True) as attach:
        program = read_program(ctx, options.target, options.executor, options.params)
        script = load_script(options.target) if options.target else None
        study = _open_study(options)
        attach(study)
        objective = script or make_program(
            program, _declared_space(study), options.metric, options.params
        )

        engine = study.engine
        n_before = study.history.n
        so_far = count_of(n_before, "trial")
        say(f"Worker {engine.worker} joins study {study.name}: {so_far} so far.")
        monitor = RunMonitor(None, math.inf)
        run = partial(
            join,
            study,
            trials=options.trials,
            total=options.total,
            timeout_s=options.timeout,
            progress=False,
        )
        run_trials(run, objective, study, monitor, options)

        counts = format_counts(monitor.counts)
        say(f"Trials of this worker: {counts}; study {study.name} has {study.history.n}.")
        monitor.require_success("worker")


def _open_study(options: WorkerOptions) -> Study:
    refuse_place(options.name)
    if options.name is not None:
        name = options.name
        storage = wait_for_study(
            name, lambda: open_existing_storage(options.storage), options.wait or 0.0
        )
    elif options.wait is not None:
        raise click.UsageError("--wait needs the NAME of the study to wait for")
    else:
        storage = open_existing_storage(options.storage)
        name = find_only_study(storage)
    require_complete_copy(storage.study(name))
    if options.total is not None:
        storage = Bounded(storage, options.total)
    try:
        return load_study(
            name,
            storage,
            sampler=options.sampler,
            scheduler=options.scheduler,
            checkpoints=options.checkpoints,
        )
    except ValueError as e:  # a sampler or scheduler that has no default settings
        raise click.UsageError(str(e)) from e


def _declared_space(study: Study) -> Any:
    """The space of a study that runs a program.

    Raises:
        click.UsageError: It was not declared.
    """
    if not study.engine.declared:
        raise click.UsageError(
            "a program needs a study with a declared space: create it with 'luthier run --space "
            "FILE', or with luthier.create_study(space=...)"
        )
    return study.space
