"""The command line. `luthier --help` loads click and nothing else: every command imports what it needs when it runs."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import click

from . import __version__
from .errors import CommandError, LuthierError, StorageError

if TYPE_CHECKING:
    from .command import Command, Script
    from .schedulers.replay import Replay
    from .space import Space
    from .stopping import StopRule
    from .storages import Storage
    from .study import Study

_DEFAULT = "sqlite:///luthier.db"
_PATIENCE = 10  # a run whose first trials all fail is stopped after so many
_SOURCES = (".py", ".sh", ".r", ".jl", ".js", ".ts", ".rb", ".pl", ".lua", ".m")


class _Group(click.Group):
    """Turns luthier's errors into one line and exit status 1, and Ctrl-C into exit status 130."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LuthierError as e:
            from .terminal import clean

            raise click.ClickException(clean(str(e).split("\n", 1)[0])) from e
        except UnicodeEncodeError as e:
            raise click.ClickException(f"expected text in UTF-8, got {e.object!a:.100}") from e
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            sys.exit(130)


class _Run(click.Command):
    """Keeps what follows `--` apart: it is a program, options and all."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        cut = args.index("--") if "--" in args else len(args)
        ctx.meta["luthier.program"] = args[cut + 1 :]
        return super().parse_args(ctx, args[:cut])


def _examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def _jobs(default: int) -> Callable[..., Any]:
    def checked(ctx: click.Context, param: click.Parameter, value: int) -> int:
        if value < 1 and value != -1:
            raise click.BadParameter(f"expected a number >= 1, or -1 for as many as fit, got {value}")
        return value

    text = "Trials at a time; -1: as many as fit."
    return click.option("--jobs", type=int, default=default, show_default=True, callback=checked, help=text)


_storage = click.option(
    "--storage", envvar="LUTHIER_STORAGE", default=_DEFAULT, show_default=True, metavar="URL",
    help="Where studies are kept; LUTHIER_STORAGE sets the default.",
)  # fmt: skip
_POSITIVE = click.FloatRange(min=0, min_open=True)


@click.group(
    cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=_examples("luthier demo", "luthier run train.py:objective --trials 100 --jobs 4", "luthier show train"),
)  # fmt: skip
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Hyperparameter optimisation: run studies, and look at what came out."""


@cli.command(
    cls=_Run, options_metavar="[OPTIONS]",
    epilog=_examples(
        "luthier run train.py:objective --trials 100 --jobs 4",
        "luthier run train.py:objective --direction maximize --scheduler median --timeout 3600",
        "luthier run --space space.yaml -- ./train --lr {lr} --layers {layers}",
    ),
)  # fmt: skip
@click.argument("target", required=False, metavar="{FILE.py:OBJECTIVE | -- PROGRAM ARGUMENTS...}")
@_storage
@click.option("--name", help="Name of the study; it goes on if it exists.  [default: the file's name]")
@click.option("--trials", type=click.IntRange(min=0), help="How many to run.  [default: 100, or as --timeout allows]")
@click.option("--timeout", type=_POSITIVE, metavar="SECONDS", help="Begin no further trial after so long.")
@click.option("--target", "goal", type=float, metavar="VALUE", help="Stop when a trial has reached this value.")
@click.option(
    "--patience", type=click.IntRange(min=1), help="Stop when so many trials in a row brought nothing better."
)
@_jobs(1)
@click.option(
    "--direction", type=click.Choice(["minimize", "maximize"]), multiple=True,
    help="Where better values lie; once for each objective.  [default: minimize]",
)  # fmt: skip
@click.option("--space", type=click.Path(), metavar="FILE", help="The search space, in YAML, TOML or JSON.")
@click.option("--sampler", default="auto", show_default=True, help="What to try next: tpe, qmc, random, grid ...")
@click.option("--scheduler", help="When to stop a trial early: median, asha ...  [default: never]")
@click.option("--replay", type=click.Path(), metavar="FILE", help="Train one model by what 'show --schedule' printed.")
@click.option("--seed", type=click.IntRange(min=0), help="For a study that can be repeated.")
@click.option("--reproducible", is_flag=True, help="Take results in in order: same seed and jobs, same study.")
@click.option("--metric", multiple=True, metavar="KEY", help="The value's name in a program's JSON.  [default: value]")
@click.option("--limit-seconds", type=_POSITIVE, metavar="S", help="End a trial that runs longer.")
@click.option("--limit-memory-mb", type=_POSITIVE, metavar="MB", help="End a trial that uses more memory.")
@click.option("--cpu", type=click.IntRange(min=1), help="Cores for each trial.")
@click.option("--gpu", type=_POSITIVE, help="GPUs for each trial; 0.5 lets two share one.")
@click.option("--strict", is_flag=True, help="Stop at the first trial that fails, instead of going on.")
@click.pass_context
def run(
    ctx: click.Context, target: str | None, storage: str, name: str | None, trials: int | None, timeout: float | None,
    goal: float | None, patience: int | None, jobs: int, direction: Sequence[str], space: str | None, sampler: str,
    scheduler: str | None, replay: str | None, seed: int | None, reproducible: bool, metric: Sequence[str],
    limit_seconds: float | None, limit_memory_mb: float | None, cpu: int | None, gpu: float | None, strict: bool,
) -> None:  # fmt: skip
    """Run trials of a Python objective, or of any program.

    A program gets its parameters by {name} in its arguments, and as JSON in LUTHIER_PARAMS. Its result is the last line
    of its output that is a number or JSON such as {"value": 0.93}. Lines such as {"step": 3, "value": 0.5} are
    intermediate values, for --scheduler.
    """
    from .command import read_space
    from .stopping import NoImprovement, Target
    from .studies import create_study
    from .terminal import Watch, clean, finish

    try:
        rules: list[StopRule] = [] if goal is None else [Target(goal)]
    except ValueError as e:
        raise click.BadParameter(str(e), param_hint="--target") from e
    rules += [] if patience is None else [NoImprovement(patience)]
    if replay and scheduler:
        raise click.UsageError("--replay is a scheduler of its own; leave out --scheduler")
    one = _schedule(replay) if replay else None
    declared = read_space(space) if space else None
    objective, title = _objective(target, ctx.meta["luthier.program"], declared, metric or ("value",))
    try:
        study = create_study(
            name or (f"{title}-replay" if one else title), storage, directions=direction or None, space=declared,
            sampler=sampler, scheduler=one or scheduler, seed=seed, load_if_exists=True,
        )  # fmt: skip
    except ValueError as e:  # of a name, or of a scheduler that has no default settings
        raise click.UsageError(str(e)) from e
    if n_before := study.storage.study(study.name).n_trials:
        click.echo(f"Going on with study {clean(study.name)}: {n_before} trials so far.", err=True)
    trials = (1 if one else 100) if trials is None and timeout is None else trials
    watch = Watch(trials, patience=_PATIENCE)
    limits = {"seconds": limit_seconds, "memory_mb": limit_memory_mb}
    if ctx.meta["luthier.program"]:  # in a process of its own, which ends the program should this one be killed
        limits["seconds"] = limit_seconds or float("inf")
    resources = {"cpu": cpu, "gpu": gpu}
    try:
        with _attended():
            study.optimize(
                objective, n_trials=trials, timeout_s=timeout, n_jobs=jobs, callbacks=[watch],
                catch=() if strict else (Exception, SystemExit), limits={k: v for k, v in limits.items() if v},
                resources={k: v for k, v in resources.items() if v}, reproducible=reproducible, stop=rules,
            )  # fmt: skip
    except KeyboardInterrupt as e:
        left = None if trials is None else max(trials - watch.n_finished - len(study.history.paused), 0)
        click.echo(f"\nStopped after {watch.n_finished} trials; they are kept in {clean(storage)}.", err=True)
        click.echo(f"To go on, run the same command for the rest:\n  {clean(_again(left))}", err=True)
        ctx.exit(143 if e.args else 130)
    except (Exception, SystemExit) as e:
        if not strict or watch.failure is None or isinstance(e, StorageError):
            raise
        click.echo("\n".join(map(clean, (watch.failure.error or "").splitlines()[1:])), err=True)
        raise click.ClickException(f"trial {watch.failure.number} failed, and --strict was asked for") from e
    if study.stop_reason is not None:
        click.echo(f"Stopped: {study.stop_reason}.", err=True)
    finish(study, watch.counts, "" if storage == _DEFAULT else f" --storage {shlex.quote(storage)}")
    if watch.gave_up:
        raise click.ClickException(f"the first {_PATIENCE} trials all failed, so the run was stopped")
    if watch.failure and watch.counts.get(watch.failure.state) == watch.n_finished:
        raise click.ClickException("all trials of this run failed")


def _schedule(path: str) -> Replay:
    """What trains one model by the schedule in a file."""
    from .schedulers.replay import Replay

    try:
        return Replay(json.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as e:
        raise click.FileError(path, e.strerror or str(e)) from e
    except ValueError as e:
        raise click.BadParameter(f"{path}: {e}", param_hint="--replay") from e


@contextlib.contextmanager
def _attended() -> Iterator[None]:
    """SIGTERM stops a run as Ctrl-C does; warnings come as one clean line each, also above a progress bar."""
    import logging

    from .terminal import clean

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            sys.stderr.write(clean(record.getMessage()) + "\n")

    def terminated(signum: int, frame: object) -> None:
        raise KeyboardInterrupt(signum)

    logger, lines = logging.getLogger("luthier"), Lines()
    logger.addHandler(lines)
    before = signal.signal(signal.SIGTERM, terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        logger.removeHandler(lines)


def _again(left: int | None) -> str:
    """This command line, with the trials that are left."""
    args, program = sys.argv[1:], []
    if "--" in args:
        args, program = args[: args.index("--")], args[args.index("--") :]
    if "--trials" in args:
        del args[args.index("--trials") : args.index("--trials") + 2]
    args = [arg for arg in args if not arg.startswith("--trials=")]
    return shlex.join(["luthier", *args, *([] if left is None else ["--trials", str(left)]), *program])


def _objective(
    target: str | None, program: Sequence[str], space: Space | None, metric: Sequence[str]
) -> tuple[Script | Command, str]:
    """What to run, and a name for its study."""
    from .command import Command, Script

    if bool(target) == bool(program):
        raise click.UsageError("expected FILE.py:OBJECTIVE, or -- followed by a program and its arguments")
    if target:
        path, colon, attribute = target.rpartition(":")
        if not colon or not path.endswith(".py"):
            raise click.UsageError(f"expected FILE.py:OBJECTIVE, got {target!r}; a program comes after --")
        return Script(path, attribute), Path(path).stem
    if space is None:
        raise click.UsageError("a program needs --space FILE, which says what its parameters may be")
    command = Command(program, metric=metric)
    command.check(space.names)
    if "{" not in program[0] and shutil.which(program[0]) is None:
        raise CommandError(f"there is no program {program[0]!r} that can be run")
    if command.placeholders and (unused := [n for n in space.names if n not in command.placeholders]):
        from .terminal import clean

        click.echo(clean(f"Note: not in the command, only in LUTHIER_PARAMS: {', '.join(unused)}"), err=True)
    script = next((a for a in program if Path(a).suffix.lower() in _SOURCES and Path(a).is_file()), program[0])
    return command, Path(script).stem


def _existing(storage: str) -> Storage:
    """A storage to read from: a file that is not there is not made."""
    from .storages import from_url

    path = unquote(storage.partition("://")[2].partition("?")[0]).removeprefix("/") if "://" in storage else storage
    if storage.startswith("sqlite:") or "://" not in storage:
        file = Path(path).expanduser()
        if not file.is_file():
            raise StorageError(f"there is no file {file}; begin a study with 'luthier run', or pass --storage")
    return from_url(storage)


def _study(name: str, storage: str) -> Study:
    from .studies import load_study

    return load_study(name, _existing(storage))


def _named(*options: Callable[..., Any]) -> Callable[..., Any]:
    """The argument NAME, --storage, and more options."""

    def wrap(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed((click.argument("name"), _storage, *options)):
            command = option(command)
        return command

    return wrap


@cli.command(epilog=_examples("luthier studies", "luthier studies --storage sqlite:///other.db"))
@_storage
def studies(storage: str) -> None:
    """List the studies."""
    from .terminal import moment, table
    from .trial import State

    rows = [
        [s.name, ", ".join(s.spec["directions"]), s.n_trials, *(s.counts.get(x, 0) for x in State), moment(s.created_s)]
        for s in _existing(storage).studies()
    ]
    table(["name", "direction", "trials", *(x.name.lower() for x in State), "created"], rows)


@cli.command(epilog=_examples("luthier show demo", "luthier show demo --last 30", "luthier show demo --schedule"))
@_named(
    click.option("--last", type=click.IntRange(min=0), default=10, show_default=True, help="Trials to list."),
    click.option("--schedule", is_flag=True, help="Only the params of the best at each step, for 'run --replay'."),
)
def show(name: str, storage: str, last: int, schedule: bool) -> None:
    """Show a summary of a study: counts, the best, the space, the last trials."""
    from . import terminal

    study = _study(name, storage)
    if schedule:
        from .schedulers.replay import schedule as followed

        click.echo(json.dumps(followed(study), indent=1))
        return
    record = study.storage.study(name)
    terminal.show(study, record.counts, record.created_s, last)


@cli.command(epilog=_examples("luthier best train", "luthier best train --json | jq .params"))
@_named(click.option("--json", "as_json", is_flag=True, help="As JSON; a list when there are several objectives."))
def best(name: str, storage: str, as_json: bool) -> None:
    """Print the best trial, or the front of several objectives."""
    from .terminal import pairs, values_of, whole

    study = _study(name, storage)
    rows = [study.best_trial] if len(study.directions) == 1 else study.best_trials
    if as_json:
        found = [whole(row) for row in rows]
        click.echo(json.dumps(found[0] if len(study.directions) == 1 else found, indent=2))
        return
    for row in rows:
        click.echo(f"trial {row.number}: {values_of(row, exact=True)}")
        pairs(row.params, exact=True)


@cli.command(epilog=_examples("luthier trials train --sort value --last 5", "luthier trials train --state failed"))
@_named(
    click.option("--state", multiple=True,
                 type=click.Choice(["waiting", "running", "paused", "complete", "pruned", "failed"])),
    click.option("--sort", type=click.Choice(["number", "value", "duration"]), default="number", show_default=True,
                 help="By value: the best last."),
    click.option("--last", type=click.IntRange(min=0), help="Only so many, from the end."),
)  # fmt: skip
def trials(name: str, storage: str, state: Sequence[str], sort: str, last: int | None) -> None:
    """List the trials of a study; those that failed with the reason."""
    from .rows import records
    from .terminal import trials as show_trials

    study = _study(name, storage)
    rows = [r for r in study.trials if not state or r.state.name.lower() in state]
    sign = 1 if study.directions[0] == "maximize" else -1
    if sort == "value":
        rows.sort(key=lambda r: sign * r.values[0] if r.values else float("-inf"))
    elif sort == "duration":
        rows.sort(key=lambda r: r.duration_s or 0.0)
    rows = rows if last is None else rows[len(rows) - min(last, len(rows)) :]
    flat = records(rows, len(study.directions))
    if any(r.error for r in rows):
        flat = [{**f, "error": (r.error or "").split("\n", 1)[0][:200]} for f, r in zip(flat, rows, strict=True)]
    show_trials(flat)


@cli.command(epilog=_examples("luthier export train --output trials.csv", "luthier export train --format json"))
@_named(
    click.option("--format", "form", type=click.Choice(["csv", "json"]), help="[default: by the file's name, or csv]"),
    click.option("--output", type=click.Path(dir_okay=False), metavar="FILE", help="[default: standard output]"),
)
def export(name: str, storage: str, form: str | None, output: str | None) -> None:
    """Write all trials out: CSV as a flat table, JSON with everything."""
    from .terminal import as_csv, as_json, clean

    study = _study(name, storage)
    form = form or ("json" if output and output.lower().endswith(".json") else "csv")
    text = as_json(study) if form == "json" else as_csv(study)
    if output is None:
        lines = text.splitlines() if sys.stdout.isatty() else []
        click.echo("\n".join(map(clean, lines)) if lines else text, nl=bool(lines))
        return
    try:
        Path(output).write_text(text, encoding="utf-8", newline="")
    except OSError as e:
        raise click.FileError(output, e.strerror or str(e)) from e
    click.echo(f"{len(study.trials)} trials written to {clean(output)}", err=True)


@cli.command(epilog=_examples("luthier delete old", "luthier delete old --yes"))
@_named(click.option("--yes", is_flag=True, help="Do not ask."))
def delete(name: str, storage: str, yes: bool) -> None:
    """Remove a study with all its trials."""
    from .studies import delete_study
    from .terminal import clean

    place = _existing(storage)
    record = place.study(name)
    if not yes:
        click.confirm(f"Delete {clean(name)} and its {record.n_trials} trials?", abort=True, err=True)
    delete_study(name, place)
    click.echo(f"{clean(name)} is deleted.", err=True)


@cli.command(epilog=_examples("luthier demo", "luthier demo --seconds 30 --jobs 2"))
@_storage
@click.option("--seconds", type=_POSITIVE, default=75.0, show_default=True, help="How long to tune.")
@_jobs(-1)
def demo(storage: str, seconds: float, jobs: int) -> None:
    """Tune a real model on real data, and test what it gained."""
    from .demo import run

    sys.exit(run(storage, seconds, jobs))


def main() -> None:
    """Entry point of `luthier`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a character shows its number
    cli(prog_name="luthier")


if __name__ == "__main__":
    from luthier.cli import main as _main  # so that what is pickled belongs to luthier.cli, not __main__

    _main()
