"""Commands that run trials: run, worker, demo."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ..errors import CommandError, LuthierError, StorageError
from .options import (
    COUNT,
    DEFAULT,
    POSITIVE,
    examples,
    existing,
    jobs,
    opened,
    pairs,
    several,
    storage_option,
)

if TYPE_CHECKING:
    from ..objectives.command import Command, Script
    from ..schedulers.replay import Replay
    from ..space.space import Space
    from ..stopping import StopRule
    from ..storages import Storage
    from ..study.study import Callback, Study
    from ..trial.record import TrialRow
    from .render import Watch

_CLOSE_S = 5.0  # how long a process that is to end waits for an absent server
_PATIENCE = 10  # a run whose first trials all fail is stopped after so many
_SOURCES = (".py", ".sh", ".r", ".jl", ".js", ".ts", ".rb", ".pl", ".lua", ".m")
_TARGET = "{FILE.py:OBJECTIVE | -- PROGRAM ARGUMENTS...}"


class _Program(click.Command):
    """Keeps what follows `--` apart: it is a program, options and all."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        cut = args.index("--") if "--" in args else len(args)
        ctx.meta["luthier.program"] = args[cut + 1 :]
        return super().parse_args(ctx, args[:cut])


def _where(text: str) -> str:
    if text not in ("minimize", "maximize"):
        raise ValueError
    return text


def _json_asked_for(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    return value or os.environ.get("LUTHIER_LOG", "").lower() == "json"


_how = several(
    click.option(
        "--metric",
        multiple=True,
        metavar="KEY",
        help="The value's name in a program's JSON.  [default: value, or the objectives' names]",
    ),
    click.option(
        "--limit-seconds", type=POSITIVE, metavar="S", help="End a trial that runs longer."
    ),
    click.option(
        "--limit-memory-mb", type=POSITIVE, metavar="MB", help="End a trial that uses more memory."
    ),
    click.option("--cpu", type=COUNT, help="Cores for each trial."),
    click.option("--gpu", type=POSITIVE, help="GPUs for each trial; 0.5 lets two share one."),
    click.option(
        "--executor",
        type=click.Choice(["processes", "ray"]),
        default="processes",
        show_default=True,
        help="Where trials run: here, or in a Ray cluster, that of RAY_ADDRESS if it is set. Each "
        "of its "
        "nodes needs the objective's file in the same place.",
    ),
    click.option(
        "--log-json",
        is_flag=True,
        callback=_json_asked_for,
        help="Say what is done in JSON, a line for each event; also by LUTHIER_LOG=json.",
    ),
)


@click.command(
    cls=_Program,
    options_metavar="[OPTIONS]",
    epilog=examples(
        "luthier run train.py:objective --trials 100 --jobs 4",
        "luthier run train.py:objective --direction maximize --scheduler median --timeout 3600",
        "luthier run train.py:objective --objective accuracy=maximize --objective "
        "latency_ms=minimize",
        "luthier run --space space.yaml -- ./train --lr {lr} --layers {layers}",
    ),
)
@click.argument("target", required=False, metavar=_TARGET)
@storage_option
@click.option(
    "--name", help="Name of the study; it goes on if it exists.  [default: the file's name]"
)
@click.option(
    "--trials",
    type=click.IntRange(min=0),
    help="How many to run.  [default: 100, or as --timeout allows]",
)
@click.option(
    "--timeout", type=POSITIVE, metavar="SECONDS", help="Begin no further trial after so long."
)
@click.option(
    "--target",
    "goal",
    type=float,
    metavar="VALUE",
    help="Stop when a trial has reached this value.",
)
@click.option(
    "--patience", type=COUNT, help="Stop when so many trials in a row brought nothing better."
)
@jobs(1)
@click.option(
    "--direction",
    type=click.Choice(["minimize", "maximize"]),
    multiple=True,
    help="Where better values lie; once for each objective.  [default: minimize]",
)
@click.option(
    "--objective",
    "objectives",
    multiple=True,
    callback=pairs("minimize or maximize", _where),
    metavar="NAME=DIRECTION",
    help="The same with a name, under which the value is returned or printed; once for each "
    "objective.",
)
@click.option(
    "--space", type=click.Path(), metavar="FILE", help="The search space, in YAML, TOML or JSON."
)
@click.option(
    "--sampler",
    default="auto",
    show_default=True,
    help="What to try next: tpe, qmc, random, grid ...",
)
@click.option("--scheduler", help="When to stop a trial early: median, asha ...  [default: never]")
@click.option(
    "--replay",
    type=click.Path(),
    metavar="FILE",
    help="Train one model by what 'show --schedule' printed.",
)
@click.option("--seed", type=click.IntRange(min=0), help="For a study that can be repeated.")
@click.option(
    "--reproducible", is_flag=True, help="Take results in in order: same seed and jobs, same study."
)
@click.option(
    "--strict", is_flag=True, help="Stop at the first trial that fails, instead of going on."
)
@click.option(
    "--catch-as",
    type=click.Choice(["failed", "infeasible"]),
    help="Whether a trial that fails breaks a constraint, which samplers learn to keep.  [default: "
    "failed]",
)
@_how
@click.pass_context
def run(
    ctx: click.Context,
    /,
    target: str | None,
    storage: str,
    name: str | None,
    trials: int | None,
    timeout: float | None,
    goal: float | None,
    patience: int | None,
    jobs: int,
    direction: Sequence[str],
    space: str | None,
    sampler: str,
    scheduler: str | None,
    replay: str | None,
    seed: int | None,
    reproducible: bool,
    strict: bool,
    objectives: Mapping[str, str],
    catch_as: Literal["failed", "infeasible"] | None,
    **how: Any,
) -> None:
    """Run trials of a Python objective, or of any program.

    A program gets its parameters by {name} in its arguments, and as JSON in LUTHIER_PARAMS. Its
    result is the last line of its output that is a number or JSON such as {"value": 0.93}, with
    --objective {"accuracy": 0.93, "latency_ms": 12}; "constraints": {"memory": -3.5} may stand
    beside it. Lines such as {"step": 3, "value": 0.5} are intermediate values, for --scheduler.
    """
    from ..objectives.command import read_space
    from ..stopping import NoImprovement, Target
    from ..study.create import create_study
    from .render import Watch, finish

    try:
        rules: list[StopRule] = [] if goal is None else [Target(goal)]
    except ValueError as e:
        raise click.BadParameter(str(e), param_hint="--target") from e
    rules += [] if patience is None else [NoImprovement(patience)]
    if reproducible and jobs == -1 and how["executor"] == "ray":
        raise click.UsageError(
            "--reproducible needs --jobs in numbers: results depend on how many run at a time"
        )
    if direction and objectives:
        raise click.UsageError(
            "--objective NAME=DIRECTION says where better values lie; leave out --direction"
        )
    if replay and scheduler:
        raise click.UsageError("--replay is a scheduler of its own; leave out --scheduler")
    with attended(how["log_json"]) as log:
        one = _schedule(replay) if replay else None
        declared = read_space(space) if space else None
        program = _program(ctx, target, how["executor"])
        objective: Script | Command
        objective, title = _script(target) if target else _command(program, declared, how["metric"])
        try:
            study = create_study(
                name or (f"{title}-replay" if one else title),
                opened(storage),
                objectives=objectives or direction or None,
                space=declared,
                sampler=sampler,
                scheduler=one or scheduler,
                seed=seed,
                load_if_exists=True,
            )
        except ValueError as e:  # of a name, or of a scheduler that has no default settings
            raise click.UsageError(str(e)) from e
        if catch_as:
            study.set_catch_as(catch_as)
        log(study)
        if n_before := study.storage.study(study.name).n_trials:
            _say(f"Going on with study {study.name}: {n_before} trials so far.")
        trials = (1 if one else 100) if trials is None and timeout is None else trials
        as_json = how["log_json"]
        watch = Watch(trials, _PATIENCE, math.inf) if as_json else Watch(trials, _PATIENCE)
        optimize = partial(
            study.optimize,
            n_trials=trials,
            timeout_s=timeout,
            reproducible=reproducible,
            stop=rules,
            progress=False if as_json else None,
        )

        def again() -> str:
            return _again(
                None
                if trials is None
                else max(trials - watch.n_finished - len(study.history.paused), 0)
            )

        _work(
            optimize,
            objective,
            study,
            watch,
            storage,
            jobs,
            how,
            [_told] if as_json else [],
            strict,
            again,
        )
        finish(
            study,
            watch.counts,
            "" if storage == DEFAULT else f" --storage {shlex.quote(_address(storage))}",
            _say,
        )
        if watch.gave_up:
            raise click.ClickException(
                f"the first {_PATIENCE} trials all failed, so the run was stopped"
            )
        if watch.failure and watch.counts.get(watch.failure.state) == watch.n_finished:
            raise click.ClickException("all trials of this run failed")


@click.command(
    cls=_Program,
    options_metavar="[OPTIONS]",
    epilog=examples(
        "luthier worker postgresql://user@host/database train train.py:objective --total 500",
        "luthier worker redis://host:6379 train train.py:objective --jobs 4 --log-json",
        "luthier worker http://host:8700 train --timeout 3600 -- ./train --lr {lr} --layers "
        "{layers}",
    ),
)
@click.argument("storage", metavar="URL")
@click.argument("name")
@click.argument("target", required=False, metavar=_TARGET)
@click.option(
    "--trials", type=click.IntRange(min=0), help="How many this worker runs.  [default: no bound]"
)
@click.option(
    "--total",
    type=COUNT,
    help="How many the study is to have, whoever runs them; then the worker ends.",
)
@click.option(
    "--timeout", type=POSITIVE, metavar="SECONDS", help="Begin no further trial after so long."
)
@click.option(
    "--wait", type=POSITIVE, metavar="SECONDS", help="Wait so long for the study to be created."
)
@jobs(1)
@click.option("--sampler", help="What to try next.  [default: as the study was created]")
@click.option(
    "--scheduler", help="When to stop a trial early.  [default: as the study was created]"
)
@_how
@click.pass_context
def worker(
    ctx: click.Context,
    /,
    storage: str,
    name: str,
    target: str | None,
    trials: int | None,
    total: int | None,
    timeout: float | None,
    wait: float | None,
    jobs: int,
    sampler: str | None,
    scheduler: str | None,
    **how: Any,
) -> None:
    """Join a study, beside any number of other workers, here or on other machines.

    Start and stop workers at any time: one that is stopped gives its trials back, and those of one
    that dies are offered again when its lease runs out. With --total they end once the study has so
    many trials, and none runs.

    Schedulers decide what becomes of those: of asha, hyperband, pasha, freezethaw and dehb many
    stay paused at the end, and pb2 may begin fewer. A worker that ends because nothing more is
    wanted says so.
    """
    from ..storages.base import require_complete_copy
    from ..storages.bounded import Bounded
    from ..study.create import load_study
    from ..study.worker import join, wait_for_study
    from .render import Watch, counted

    with attended(how["log_json"], all_of_it=True) as log:
        program = _program(ctx, target, how["executor"])
        objective: Script | Command | None = _script(target)[0] if target else None
        place = wait_for_study(name, lambda: existing(storage), wait or 0.0)
        require_complete_copy(place.study(name))
        try:
            study = load_study(
                name,
                place if total is None else Bounded(place, total),
                sampler=sampler,
                scheduler=scheduler,
            )
        except ValueError as e:
            raise click.UsageError(str(e)) from e
        log(study)
        if objective is None:
            if not study.engine.declared:
                raise click.UsageError(
                    "a program needs a study with a declared space: create it with 'luthier run "
                    "--space FILE', or with "
                    "luthier.create_study(space=...)"
                )
            objective, _ = _command(program, study.space, how["metric"])
        watch = Watch(None, _PATIENCE, math.inf)
        _say(
            f"Worker {study.engine.worker} joins study {study.name}: {study.history.n} trials so far."
        )
        work = partial(join, study, trials=trials, total=total, timeout_s=timeout, progress=False)
        _work(work, objective, study, watch, storage, jobs, how, callbacks=[_told])
        _say(
            f"Trials of this worker: {counted(watch.counts)}; study {study.name} has "
            f"{study.history.n}."
        )
        if watch.gave_up:
            raise click.ClickException(
                f"the first {_PATIENCE} trials all failed, so the worker was stopped"
            )


@click.command(epilog=examples("luthier demo", "luthier demo --seconds 30 --jobs 2"))
@storage_option
@click.option("--seconds", type=POSITIVE, default=75.0, show_default=True, help="How long to tune.")
@jobs(-1)
def demo(storage: str, seconds: float, jobs: int) -> None:
    """Tune a real model on real data, and test what it gained."""
    from .demo import run as shown

    sys.exit(shown(storage, seconds, jobs))


def _work(
    work: Callable[..., None],
    objective: Script | Command,
    study: Study,
    watch: Watch,
    storage: str,
    jobs: int,
    how: Mapping[str, Any],
    callbacks: Sequence[Callback],
    strict: bool = False,
    again: Callable[[], str] | None = None,
) -> None:
    """Runs trials, by `Study.optimize` or `join`, and says how that ended."""
    from ..objectives.command import Command

    limits = {"seconds": how["limit_seconds"], "memory_mb": how["limit_memory_mb"]}
    if isinstance(
        objective, Command
    ):  # in a process of its own, which ends the program should this one be killed
        limits["seconds"] = limits["seconds"] or math.inf
    resources = {"cpu": how["cpu"], "gpu": how["gpu"]}
    try:
        work(
            objective,
            n_jobs=jobs,
            callbacks=[watch, *callbacks],
            catch=() if strict else (Exception, SystemExit),
            limits={k: v for k, v in limits.items() if v},
            resources={k: v for k, v in resources.items() if v} or None,
            executor="ray" if how["executor"] == "ray" else None,
        )
    except KeyboardInterrupt as e:
        _say(f"Stopped after {watch.n_finished} trials; they are kept in {_address(storage)}.")
        if again is not None:
            _say("To go on, run the same command for the rest:")
            _say(f"  {again()}")
        sys.exit(143 if e.args else 130)
    except (Exception, SystemExit) as e:
        if not strict or watch.failure is None or isinstance(e, StorageError):
            raise
        for line in (watch.failure.error or "").splitlines()[1:]:
            _say(line)
        raise click.ClickException(
            f"trial {watch.failure.number} failed, and --strict was asked for"
        ) from e
    if study.stop_reason is not None:
        _say(f"Stopped: {study.stop_reason}.")


def _told(study: Study, row: TrialRow) -> None:
    """A callback that logs each trial that is over."""
    import logging

    from ..monitoring.json_logs import about
    from .render import duration, values_of

    of = f": {values_of(row, study.objectives)}" if row.values else ""
    text = f"trial {row.number} {row.state.name.lower()}{of} in {duration(row.duration_s)}"
    logging.getLogger("luthier.cli").info("%s", text, extra=about(row, study.objectives))


def _say(text: str) -> None:
    """Tells the user something."""
    import logging

    logging.getLogger("luthier.cli").info("%s", text)


def _address(url: str) -> str:
    from ..storages.base import hide_password

    return hide_password(url)


@contextlib.contextmanager
def attended(as_json: bool = False, all_of_it: bool = False) -> Iterator[Callable[[Study], None]]:
    """SIGTERM stops a command as Ctrl-C does.

    What luthier logs comes as one clean line each on stderr.

    Neither waits long for a server that is away.

    Args:
        as_json: As JSON, errors and what is no warning included.
        all_of_it: What is no warning too.

    Yields:
        What names the study and its worker, for the lines from there on.
    """
    import logging

    from ..monitoring.json_logs import JsonLines, Lines, scrubbed
    from .render import clean

    storages_to_close: list[Storage] = []

    class Plain(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return clean(scrubbed(record.getMessage()))

    def stopped(signum: int, frame: object) -> None:
        for storage in storages_to_close:
            storage.close_soon(_CLOSE_S)
        raise KeyboardInterrupt(*[signum] * (signum == signal.SIGTERM))

    def named(study: Study) -> None:
        storages_to_close.append(study.storage)
        if isinstance(form, JsonLines):
            form.known = {"study": study.name, "worker": study.engine.worker}

    form = JsonLines() if as_json else Plain()
    luthier = logging.getLogger("luthier")
    own = logging.getLogger("luthier.cli")
    lines = Lines()
    lines.setFormatter(form)
    luthier.addHandler(lines)
    if not as_json:  # the loop has said already that a trial failed
        lines.addFilter(lambda record: not hasattr(record, "error"))
    levels = luthier.level, own.level
    if as_json or all_of_it:
        luthier.setLevel(logging.INFO)
    own.setLevel(logging.INFO)
    before = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)}
    for s, handler in before.items():
        if (
            s == signal.SIGTERM or handler != signal.SIG_IGN
        ):  # as shells have it for what runs in the background
            signal.signal(s, stopped)
    try:
        yield named
    except KeyboardInterrupt as e:
        _say("Stopped.")
        sys.exit(143 if e.args else 130)
    except (LuthierError, click.ClickException) as e:
        if not as_json:
            raise
        own.error("%s", e.format_message() if isinstance(e, click.ClickException) else e)
        sys.exit(getattr(e, "exit_code", 1))
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)
        luthier.removeHandler(lines)
        luthier.setLevel(levels[0])
        own.setLevel(levels[1])


def _again(left: int | None) -> str:
    """This command line, with the trials that are left."""
    args, program = sys.argv[1:], []
    if "--" in args:
        args, program = args[: args.index("--")], args[args.index("--") :]
    if "--trials" in args:
        del args[args.index("--trials") : args.index("--trials") + 2]
    args = [arg for arg in args if not arg.startswith("--trials=")]
    line = ["luthier", *args, *([] if left is None else ["--trials", str(left)]), *program]
    return shlex.join(map(_address, line))


def _schedule(path: str) -> Replay:
    """What trains one model by the schedule in a file."""
    from ..schedulers.replay import Replay

    try:
        return Replay(json.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as e:
        raise click.FileError(path, e.strerror or str(e)) from e
    except ValueError as e:
        raise click.BadParameter(f"{path}: {e}", param_hint="--replay") from e


def _program(ctx: click.Context, target: str | None, executor: str) -> list[str]:
    """The program that was given instead of a Python objective; empty if that was."""
    program: list[str] = ctx.meta["luthier.program"]
    if bool(target) == bool(program):
        raise click.UsageError(
            "expected FILE.py:OBJECTIVE, or -- followed by a program and its arguments"
        )
    if program and executor == "ray":
        raise click.UsageError(
            "--executor ray takes FILE.py:OBJECTIVE: what a program has started would go on in the "
            "cluster when its "
            "trial is ended; leave out --executor"
        )
    return program


def _script(target: str) -> tuple[Script, str]:
    """A Python objective, and a name for its study."""
    from ..objectives.command import Script

    path, colon, attribute = target.rpartition(":")
    if not colon or not path.endswith(".py"):
        raise click.UsageError(
            f"expected FILE.py:OBJECTIVE, got {target!r}; a program comes after --"
        )
    return Script(path, attribute), Path(path).stem


def _command(
    program: Sequence[str], space: Space | None, metric: Sequence[str]
) -> tuple[Command, str]:
    """A program as an objective, and a name for its study."""
    from ..objectives.command import Command

    if space is None:
        raise click.UsageError(
            "a program needs --space FILE, which says what its parameters may be"
        )
    command = Command(program, metric=metric or None)
    command.check(space.names)
    if "{" not in program[0] and shutil.which(program[0]) is None:
        raise CommandError(f"there is no program {program[0]!r} that can be run")
    if command.placeholders and (
        unused := [n for n in space.names if n not in command.placeholders]
    ):
        _say(f"Note: not in the command, only in LUTHIER_PARAMS: {', '.join(unused)}")
    script = next(
        (a for a in program if Path(a).suffix.lower() in _SOURCES and Path(a).is_file()), program[0]
    )
    return command, Path(script).stem
