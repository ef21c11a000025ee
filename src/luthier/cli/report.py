"""The command report: a study as one page."""

from __future__ import annotations

from pathlib import Path

import click

from ..report import check_path
from .options import load_study, study_options
from .text import escape, examples


@click.command(
    epilog=examples(
        "luthier report train --output report.html", "luthier report train --output report.md"
    ),
    short_help="Write a report of a study: what it found, and what to do.",
)
@study_options(
    click.option(
        "--output",
        "-o",
        required=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="File that ends in .html or .md.",
    ),
)
def report(name: str | None, storage: str, output: Path) -> None:
    """Write a report of a study: what it found, and what to do.

    The page says what the best trials are, what mattered, what may be wrong, and how to repeat the
    study. It holds all that it shows, runs no script, and loads nothing.

    Without NAME, the only study of the storage is reported on.
    """
    try:
        check_path(output)
    except ValueError as e:
        raise click.BadParameter(str(e), param_hint="--output") from e
    except OSError as e:
        raise click.FileError(str(output), e.strerror or str(e)) from e
    made = load_study(name, storage).report()
    try:
        made.save(output)
    except OSError as e:
        raise click.FileError(str(output), e.strerror or str(e)) from e
    click.echo(f"Wrote {escape(output)}.", err=True)
