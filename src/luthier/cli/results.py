"""Commands that read a study: show, best, trials, export."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ..analysis.recommendation import require_results
from ..passwords import hide_password
from ..schedulers import replay
from ..study.study import Study
from ..trial.record import State, TrialRow
from ..wording import count_of
from .files import to_csv, to_json, trial_to_json
from .options import load_study, study_options
from .summary import format_values, print_summary
from .tables import print_pairs, print_trials
from .text import escape, examples


@click.command(
    epilog=examples(
        "luthier show demo", "luthier show demo --last 30", "luthier show demo --schedule"
    )
)
@study_options(
    click.option(
        "--last",
        type=click.IntRange(min=0),
        default=10,
        show_default=True,
        help="How many of the last trials to list.",
    ),
    click.option(
        "--schedule",
        is_flag=True,
        help="Print only the params of the best trial at each step, for 'run --replay'.",
    ),
)
def show(name: str | None, storage: str, last: int, schedule: bool) -> None:
    """Show a summary of a study.

    It has the number of trials in each state, the best trial, the space, and the last trials.
    """
    study = load_study(name, storage)
    if schedule:
        click.echo(json.dumps(replay.schedule(study), indent=1))
        return
    record = study.storage.study(study.name)
    print_summary(study, record.counts, record.created_s, last)


@click.command(epilog=examples("luthier best train", "luthier best train --json | jq .params"))
@study_options(
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print JSON; a list when there are several objectives.",
    ),
)
def best(name: str | None, storage: str, as_json: bool) -> None:
    """Print the best trial, or the front of several objectives."""
    study = load_study(name, storage)
    require_results(study.history)
    is_single = len(study.directions) == 1
    rows = [study.best_trial] if is_single else study.best_trials
    if as_json:
        found = [trial_to_json(row, study.objectives) for row in rows]
        click.echo(json.dumps(found[0] if is_single else found, indent=2))
        return
    for row in rows:
        click.echo(f"trial {row.number}: {format_values(row, study.objectives, exact=True)}")
        print_pairs(row.params, exact=True)


@click.command(
    epilog=examples(
        "luthier trials train --sort value --last 5", "luthier trials train --state failed"
    )
)
@study_options(
    click.option(
        "--state",
        "states",
        multiple=True,
        type=click.Choice([s.name.lower() for s in State]),
        help="List only trials in this state; may be given several times.",
    ),
    click.option(
        "--sort",
        default="number",
        show_default=True,
        metavar="NAME",
        help="Sort by number, duration, value or the name of an objective; the best trial is last.",
    ),
    click.option(
        "--last", type=click.IntRange(min=0), help="How many to list, counted from the end."
    ),
)
def trials(
    name: str | None, storage: str, states: Sequence[str], sort: str, last: int | None
) -> None:
    """List the trials of a study.

    Trials that failed are listed with the reason.
    """
    study = load_study(name, storage)
    rows = [r for r in study.trials if not states or r.state.name.lower() in states]
    _sort(rows, sort, study.objectives, study.directions)
    if last is not None:
        rows = rows[len(rows) - min(last, len(rows)) :]

    if rows:
        print_trials(rows, study.objectives)
    else:
        click.echo("There is no such trial.", err=True)


def _sort(
    rows: list[TrialRow], by: str, objectives: Sequence[str], directions: Sequence[str]
) -> None:
    """Sort trials in place.

    Raises:
        click.BadParameter: `by` is none of the names.
    """
    if by in objectives or by == "value":
        j = objectives.index(by) if by in objectives else 0
        sign = 1 if directions[j] == "maximize" else -1
        rows.sort(key=lambda row: _rank(row, j, sign))
    elif by == "duration":
        rows.sort(key=lambda row: row.duration_s or 0.0)
    elif by != "number":
        known = ", ".join(dict.fromkeys(("number", "duration", "value", *objectives)))
        raise click.BadParameter(f"expected one of {known}, got {by!r}", param_hint="--sort")


def _rank(row: TrialRow, j: int, sign: int) -> tuple[int, float]:
    """Sort key: first trials without a value of objective j, then infeasible ones; best last."""
    value = row.values[j] if row.values and j < len(row.values) else math.nan
    return (0, 0.0) if math.isnan(value) else (1 + row.feasible, sign * value)


def _read_ending(output: str | None) -> str:
    """The format that the ending of a file's name says; CSV without any.

    Raises:
        click.BadParameter: It is another.
    """
    ending = "" if output is None else Path(output).suffix.lower()
    if ending not in ("", ".csv", ".json"):
        raise click.BadParameter(
            f"expected a file that ends in .csv or .json, got {escape(str(output))}; --format csv "
            "or --format json writes that to any file",
            param_hint="--output",
        )
    return "json" if ending == ".json" else "csv"


def _copy_to_optuna(study: Study, place: str) -> None:
    from ..compat.optuna import logging
    from ..compat.optuna.database_copy import copy_to_optuna, open_optuna
    from ..compat.optuna.exceptions import DuplicatedStudyError

    logging.set_verbosity(logging.WARNING)
    try:
        n = copy_to_optuna(study, open_optuna(place, create=True))
    except DuplicatedStudyError:
        raise click.ClickException(
            f"study {escape(study.name)!r} exists there, and is left alone"
        ) from None
    click.echo(f"{count_of(n, 'trial')} written to {escape(hide_password(place))}", err=True)


@click.command(
    epilog=examples(
        "luthier export train --output trials.csv", "luthier export train --format json"
    )
)
@study_options(
    click.option(
        "--format",
        "form",
        type=click.Choice(["csv", "json"]),
        help="[default: by the file's name, or csv]",
    ),
    click.option(
        "--output",
        "-o",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="The file to write.  [default: standard output]",
    ),
    click.option(
        "--optuna",
        metavar="URL",
        help="Copy the study to a database or journal of Optuna instead.",
    ),
)
def export(
    name: str | None, storage: str, form: str | None, output: str | None, optuna: str | None
) -> None:
    """Export all trials of a study as CSV or JSON.

    CSV is a flat table; JSON has everything that is known of each trial. With --optuna the study is
    copied to Optuna's own tables, behind a URL, or to a journal, at a path.
    """
    study = load_study(name, storage)
    if optuna is not None:
        if form or output:
            raise click.UsageError("--optuna goes without --format and --output")
        _copy_to_optuna(study, optuna)
        return
    form = form or _read_ending(output)
    text = to_json(study) if form == "json" else to_csv(study)
    if output is None:
        if sys.stdout.isatty():
            text = "".join(f"{escape(line)}\n" for line in text.splitlines())
        click.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, encoding="utf-8", newline="")
    except OSError as e:
        raise click.FileError(output, e.strerror or str(e)) from e
    click.echo(f"{count_of(len(study.trials), 'trial')} written to {escape(output)}", err=True)
