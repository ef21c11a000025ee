"""The command run: trials of a Python objective, or of a program."""

from __future__ import annotations

import json
import math
import shlex
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import click

from ..objectives.space_file import read_space
from ..passwords import hide_password
from ..schedulers.replay import Replay
from ..space.space import Space
from ..stopping import NoImprovement, StopRule, Target
from ..study.create import create_study
from ..study.study import Study
from ..wording import count_of
from .notifying import notifying
from .options import (
    COUNT,
    DEFAULT_STORAGE,
    checkpoints_option,
    jobs_option,
    open_storage,
    parse_pairs,
    storage_option,
    timeout_option,
)
from .run_monitor import RunMonitor
from .run_trials import run_trials
from .session import run_session, say
from .summary import print_outcome
from .targets import (
    TARGET_METAVAR,
    TargetCommand,
    load_script,
    make_program,
    name_study,
    read_program,
)
from .text import examples
from .trial_options import TrialOptions, trial_options

_DEFAULT_TRIALS = 100


@dataclass(frozen=True, kw_only=True)
class RunOptions(TrialOptions):
    """Options of `luthier run`; its help describes them."""

    stop_at: float | None
    patience: int | None
    direction: tuple[str, ...]
    objectives: dict[str, str]
    space: str | None
    sampler: str
    replay: str | None
    seed: int | None
    reproducible: bool
    strict: bool
    catch_as: Literal["failed", "infeasible"] | None
    checkpoints: str | None
    notify: bool

    def check(self) -> None:
        """Refuse options that do not go together.

        Raises:
            click.UsageError: Some do not.
        """
        if self.reproducible and self.jobs == -1 and self.executor == "ray":
            raise click.UsageError(
                "--reproducible needs --jobs in numbers: results depend on how many run at a time"
            )
        if self.direction and self.objectives:
            raise click.UsageError(
                "--objective NAME=DIRECTION says where better values lie; leave out --direction"
            )
        if self.replay and self.scheduler:
            raise click.UsageError("--replay is a scheduler of its own; leave out --scheduler")

    def stop_rules(self) -> list[StopRule]:
        """The rules that end the run."""
        rules: list[StopRule] = []
        if self.stop_at is not None:
            try:
                rules.append(Target(self.stop_at))
            except ValueError as e:
                raise click.BadParameter(str(e), param_hint="--stop-at") from e
        if self.patience is not None:
            rules.append(NoImprovement(self.patience))
        return rules

    @property
    def n_trials(self) -> int | None:
        """Number of trials to run; None for no bound."""
        if self.trials is not None or self.timeout is not None:
            return self.trials
        return 1 if self.replay else _DEFAULT_TRIALS

    @property
    def show_options(self) -> str:
        """Options by which other commands find the study."""
        if self.storage == DEFAULT_STORAGE:
            return ""
        return f" --storage {shlex.quote(hide_password(self.storage))}"


def _read_direction(text: str) -> str:
    if text not in ("minimize", "maximize"):
        raise ValueError
    return text


@click.command(
    cls=TargetCommand,
    options_metavar="[OPTIONS]",
    epilog=examples(
        "luthier run train.py:objective --trials 100 --jobs 4",
        "luthier run train.py:objective --direction maximize --scheduler median --timeout 3600",
        "luthier run train.py:objective --objective accuracy=maximize --objective "
        "latency_ms=minimize",
        "luthier run --space space.yaml -- ./train --lr {lr} --layers {layers}",
        "luthier run --space space.yaml --params config.yaml -- ./train --config {params}",
    ),
)
@click.argument("target", required=False, metavar=TARGET_METAVAR)
@storage_option
@click.option(
    "--name",
    help="Name of the study; a study that exists is continued.  [default: the file's name]",
)
@click.option(
    "--trials",
    type=click.IntRange(min=0),
    help="How many trials to run.  [default: 100, or as --timeout allows]",
)
@timeout_option
@checkpoints_option
@click.option(
    "--stop-at",
    type=float,
    metavar="VALUE",
    help="Stop when a trial has reached VALUE.",
)
@click.option(
    "--patience",
    type=COUNT,
    metavar="N",
    help="Stop when the last N trials have brought no improvement.",
)
@jobs_option(1)
@click.option(
    "--direction",
    type=click.Choice(["minimize", "maximize"]),
    multiple=True,
    help="Minimise or maximise the value; once for each objective.  [default: minimize]",
)
@click.option(
    "--objective",
    "objectives",
    multiple=True,
    callback=parse_pairs("minimize or maximize", _read_direction),
    metavar="NAME=DIRECTION",
    help="An objective with the name under which its value is returned or printed; once for each "
    "objective.",
)
@click.option(
    "--space", type=click.Path(), metavar="FILE", help="The search space, in YAML, TOML or JSON."
)
@click.option(
    "--sampler",
    default="auto",
    show_default=True,
    help="Sampler, which proposes params: tpe, qmc, random, grid ...",
)
@click.option(
    "--scheduler", help="Scheduler, which stops trials early: median, asha ...  [default: none]"
)
@click.option(
    "--replay",
    type=click.Path(),
    metavar="FILE",
    help="Train one model by the schedule that 'show --schedule' printed.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Seed of a study that can be repeated.")
@click.option(
    "--reproducible",
    is_flag=True,
    help="Use results in the order of the trials: the same seed and jobs give the same study.",
)
@click.option("--strict", is_flag=True, help="Stop at the first trial that fails.")
@click.option(
    "--catch-as",
    type=click.Choice(["failed", "infeasible"]),
    help="Whether a trial that fails breaks a constraint, which samplers learn to satisfy.  "
    "[default: failed]",
)
@click.option(
    "--notify",
    is_flag=True,
    help="Send messages to the URL in LUTHIER_WEBHOOK: of the best trials, failures and the end.",
)
@trial_options
@click.pass_context
def run(ctx: click.Context, /, **options: Any) -> None:
    """Run trials of a Python objective, or of any program.

    A program gets its parameters by {name} in its arguments, and as JSON in LUTHIER_PARAMS. Its
    result is the last line of its output that is a number or JSON such as {"value": 0.93}; with
    --objective, {"accuracy": 0.93, "latency_ms": 12}. The JSON may also contain "constraints":
    {"memory": -3.5}. Lines such as {"step": 3, "value": 0.5} are intermediate values, for
    --scheduler.
    """
    _run(ctx, RunOptions(**options))


def _run(ctx: click.Context, options: RunOptions) -> None:
    stop_rules = options.stop_rules()
    options.check()
    with run_session(options.log_json) as attach, notifying(options.notify) as callbacks:
        replay = _read_schedule(options.replay) if options.replay else None
        space = read_space(options.space) if options.space else None
        program = read_program(ctx, options.target, options.executor, options.params)
        objective = (
            load_script(options.target)
            if options.target
            else make_program(program, space, options.metric, options.params)
        )
        study = _open_study(options, name_study(options.target, program), space, replay)
        attach(study)
        if n_before := study.storage.study(study.name).n_trials:
            say(f"Going on with study {study.name}: {count_of(n_before, 'trial')} so far.")

        n_trials = options.n_trials
        monitor = RunMonitor(n_trials, math.inf) if options.log_json else RunMonitor(n_trials)
        optimize = partial(
            study.optimize,
            n_trials=n_trials,
            timeout_s=options.timeout,
            reproducible=options.reproducible,
            stop=stop_rules,
            progress=None if sys.stderr.isatty() and not options.log_json else False,
        )
        run_trials(
            optimize,
            objective,
            study,
            monitor,
            options,
            strict=options.strict,
            callbacks=callbacks,
            log_trials=options.log_json,
            format_rest=partial(_format_rest, study, monitor),
        )
        print_outcome(study, monitor.counts, options.show_options, say)
        monitor.require_success("run")


def _open_study(
    options: RunOptions, title: str, space: Space | None, replay: Replay | None
) -> Study:
    """Create the study, or load it where it exists."""
    try:
        study = create_study(
            options.name or (f"{title}-replay" if replay else title),
            open_storage(options.storage),
            objectives=options.objectives or options.direction or None,
            space=space,
            sampler=options.sampler,
            scheduler=replay or options.scheduler,
            seed=options.seed,
            load_if_exists=True,
            checkpoints=options.checkpoints,
        )
    except ValueError as e:  # a name, or a scheduler that has no default settings
        raise click.UsageError(str(e)) from e
    if options.catch_as:
        study.set_catch_as(options.catch_as)
    return study


def _read_schedule(path: str) -> Replay:
    """The scheduler that trains one model by the schedule in a file."""
    try:
        return Replay(json.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as e:
        raise click.FileError(path, e.strerror or str(e)) from e
    except (ValueError, RecursionError) as e:
        raise click.BadParameter(f"{path}: {e}", param_hint="--replay") from e


def _format_rest(study: Study, monitor: RunMonitor) -> str:
    """This command line, with the number of trials that are left."""
    n_left = None
    if monitor.n_trials is not None:
        n_left = max(monitor.n_trials - monitor.n_finished - len(study.history.paused), 0)

    args = sys.argv[1:]
    program: list[str] = []
    if "--" in args:
        cut = args.index("--")
        args, program = args[:cut], args[cut:]
    if "--trials" in args:
        del args[args.index("--trials") : args.index("--trials") + 2]
    args = [arg for arg in args if not arg.startswith("--trials=")]
    rest = [] if n_left is None else ["--trials", str(n_left)]
    return shlex.join(map(hide_password, ["luthier", *args, *rest, *program]))
