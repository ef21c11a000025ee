"""Commands that look at studies: studies, show, best, trials, export."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import examples, existing, loaded, named, storage_option

if TYPE_CHECKING:
    from ..trial.record import TrialRow


@click.command(epilog=examples("luthier studies", "luthier studies --storage sqlite:///other.db"))
@storage_option
def studies(storage: str) -> None:
    """List the studies."""
    from ..storages.base import COPYING
    from ..trial.record import State
    from .render import aims, moment, table

    rows = []
    for s in existing(storage).studies():
        made = "half a copy" if COPYING in s.spec else moment(s.created_s)
        sought = aims(s.spec["directions"], s.spec.get("objectives"))
        rows.append([s.name, sought, s.n_trials, *(s.counts.get(x, 0) for x in State), made])
    table(["name", "direction", "trials", *(x.name.lower() for x in State), "created"], rows)


@click.command(
    epilog=examples(
        "luthier show demo", "luthier show demo --last 30", "luthier show demo --schedule"
    )
)
@named(
    click.option(
        "--last", type=click.IntRange(min=0), default=10, show_default=True, help="Trials to list."
    ),
    click.option(
        "--schedule",
        is_flag=True,
        help="Only the params of the best at each step, for 'run --replay'.",
    ),
)
def show(name: str, storage: str, last: int, schedule: bool) -> None:
    """Show a summary of a study: counts, the best, the space, the last trials."""
    from . import render

    study = loaded(name, storage)
    if schedule:
        from ..schedulers.replay import schedule as followed

        click.echo(json.dumps(followed(study), indent=1))
        return
    record = study.storage.study(name)
    render.show(study, record.counts, record.created_s, last)


@click.command(epilog=examples("luthier best train", "luthier best train --json | jq .params"))
@named(
    click.option(
        "--json", "as_json", is_flag=True, help="As JSON; a list when there are several objectives."
    )
)
def best(name: str, storage: str, as_json: bool) -> None:
    """Print the best trial, or the front of several objectives."""
    from ..analysis.recommendation import require_results
    from .render import pairs, values_of, whole

    study = loaded(name, storage)
    require_results(study.history)
    rows = [study.best_trial] if len(study.directions) == 1 else study.best_trials
    if as_json:
        found = [whole(row, study.objectives) for row in rows]
        click.echo(json.dumps(found[0] if len(study.directions) == 1 else found, indent=2))
        return
    for row in rows:
        click.echo(f"trial {row.number}: {values_of(row, study.objectives, exact=True)}")
        pairs(row.params, exact=True)


@click.command(
    epilog=examples(
        "luthier trials train --sort value --last 5", "luthier trials train --state failed"
    )
)
@named(
    click.option(
        "--state",
        multiple=True,
        type=click.Choice(["waiting", "running", "paused", "complete", "pruned", "failed"]),
    ),
    click.option(
        "--sort",
        default="number",
        show_default=True,
        metavar="NAME",
        help="number, duration, value or the name of an objective: then the best last.",
    ),
    click.option("--last", type=click.IntRange(min=0), help="Only so many, from the end."),
)
def trials(name: str, storage: str, state: Sequence[str], sort: str, last: int | None) -> None:
    """List the trials of a study; those that failed with the reason."""
    from ..trial.table import records
    from .render import trials as show_trials

    study = loaded(name, storage)
    rows = [r for r in study.trials if not state or r.state.name.lower() in state]
    if sort in study.objectives or sort == "value":
        j = study.objectives.index(sort) if sort in study.objectives else 0
        sign = 1 if study.directions[j] == "maximize" else -1
        rows.sort(key=lambda r: _merit(r, j, sign))
    elif sort == "duration":
        rows.sort(key=lambda r: r.duration_s or 0.0)
    elif sort != "number":
        known = ", ".join(dict.fromkeys(("number", "duration", "value", *study.objectives)))
        raise click.BadParameter(f"expected one of {known}, got {sort!r}", param_hint="--sort")
    rows = rows if last is None else rows[len(rows) - min(last, len(rows)) :]
    flat = records(rows, study.objectives)
    if any(r.error for r in rows):
        flat = [
            {**f, "error": (r.error or "").split("\n", 1)[0][:200]}
            for f, r in zip(flat, rows, strict=True)
        ]
    show_trials(flat)


def _merit(row: TrialRow, j: int, sign: int) -> tuple[int, float]:
    """By which trials are sorted.

    First those without a value of objective j, then infeasible ones, the best last.
    """
    value = row.values[j] if row.values and j < len(row.values) else math.nan
    return (0, 0.0) if math.isnan(value) else (1 + row.feasible, sign * value)


@click.command(
    epilog=examples(
        "luthier export train --output trials.csv", "luthier export train --format json"
    )
)
@named(
    click.option(
        "--format",
        "form",
        type=click.Choice(["csv", "json"]),
        help="[default: by the file's name, or csv]",
    ),
    click.option(
        "--output",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="[default: standard output]",
    ),
)
def export(name: str, storage: str, form: str | None, output: str | None) -> None:
    """Write all trials out: CSV as a flat table, JSON with everything."""
    from .render import as_csv, as_json, clean

    study = loaded(name, storage)
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
