"""The command automl: from a CSV file to a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..automl.csv_file import MOST_BYTES, read_csv, take_order
from ..errors import explain_missing
from ..evaluation.plan_choice import tell_task
from ..report import check_path
from .options import COUNT
from .text import escape, escape_lines, examples

_N_LINES = 10


@click.command(
    epilog=examples(
        "luthier automl train.csv --target y --minutes 5",
        "luthier automl train.csv --target price --export model.py --report report.html",
        "luthier automl visits.csv --target outcome --groups patient",
    ),
    short_help="Find a good model for a table, within a time.",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--target", required=True, metavar="COLUMN", help="Column that is predicted.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="How long it may take in all.",
)
@click.option("--trials", type=COUNT, help="End after so many trials, if that is sooner.")
@click.option(
    "--task",
    type=click.Choice(["classify", "regress"]),
    help="What is predicted.  [default: told by the values]",
)
@click.option(
    "--groups",
    metavar="COLUMN",
    help="Column whose rows of one value belong together, such as a patient; not learned from.",
)
@click.option(
    "--time",
    metavar="COLUMN",
    help="Column with the time of each row: models are tested on later rows.",
)
@click.option("--metric", help="What counts.  [default: log_loss, or rmse for numbers]")
@click.option("--jobs", type=COUNT, help="Fits at a time.  [default: one a core]")
@click.option(
    "--memory-mb", type=click.FloatRange(min=0, min_open=True), help="The most memory of all fits."
)
@click.option("--seed", type=int, help="Seed of the search.")
@click.option(
    "--storage",
    "kept",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that keeps the trials; a run that was killed goes on with it.",
)
@click.option(
    "--export",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the model as a program of scikit-learn; it ends in .py.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for a report; it ends in .html or .md.",
)
def automl(
    file: Path,
    target: str,
    groups: str | None,
    time: str | None,
    seed: int | None,
    export: Path | None,
    report: Path | None,
    **given: Any,
) -> None:
    """Find a good model for a table, within a time.

    FILE is a CSV file with a header. Columns may hold numbers, categories, dates and text, and
    values may be missing. It prints what was chosen, and what score is promised for new rows.
    """
    _check_outputs(export, report)
    try:
        X, y, remarks, options = read_csv(file, target, MOST_BYTES, seed or 0)
    except OSError as e:
        raise click.FileError(str(file), e.strerror or str(e)) from e
    for remark in remarks:
        click.echo(escape(remark), err=True)
    X, of_groups, of_times = take_order(X, groups, time)
    model = _make(given["task"] or tell_task(y))(
        time_s=60 * given["minutes"],
        n_trials=given["trials"],
        metric=given["metric"],
        n_jobs=given["jobs"],
        memory_mb=given["memory_mb"],
        path=given["kept"],
        random_state=seed,
    ).fit(X, y, groups=of_groups, time=of_times)
    click.echo(escape_lines(model.explain()))
    click.echo("\n".join(escape(s) for s in str(model.leaderboard()).split("\n")[: _N_LINES + 1]))
    if export is not None:
        unused = [] if groups is None else [groups]
        model.export(export, str(file), target, unused, options)
        click.echo(f"Wrote {escape(export)}.", err=True)
    if report is not None:
        model.report().save(report)
        click.echo(f"Wrote {escape(report)}.", err=True)


def _make(task: str) -> Any:
    """Return the estimator of a task.

    Raises:
        MissingDependencyError: scikit-learn is not installed.
    """
    try:
        from ..automl.estimators import AutoClassifier, AutoRegressor
    except ImportError as e:
        raise explain_missing("automl", "scikit-learn", "sklearn") from e
    return AutoClassifier if task == "classify" else AutoRegressor


def _check_outputs(export: Path | None, report: Path | None) -> None:
    """Refuse files that cannot be written, before the work is done.

    Raises:
        click.BadParameter: An ending is another one, or a folder is not there.
    """
    if export is not None and export.suffix != ".py":
        raise click.BadParameter(f"expected a file that ends in .py, got {str(export)!r}")
    if export is not None and not export.parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(export.parent)!r}")
    if report is not None:
        try:
            check_path(report)
        except (ValueError, OSError) as e:
            raise click.BadParameter(str(e), param_hint="--report") from e
