"""The command check: what is likely to waste trials in a space, before a run."""

from __future__ import annotations

import json

import click
from msgspec.structs import asdict

from ..objectives.space_file import read_space
from .finding_options import exit_if_found, fail_on_option, format_option
from .options import COUNT
from .text import escape_lines, examples


@click.command(
    epilog=examples(
        "luthier check space.yaml",
        "luthier check space.yaml --trials 50 --fail-on warning",
        "luthier check space.toml --format json",
    )
)
@click.argument("space_file", type=click.Path(dir_okay=False))
@click.option("--trials", type=COUNT, help="How many trials there are to be.")
@fail_on_option
@format_option
def check(space_file: str, trials: int | None, fail_on: str | None, form: str) -> None:
    """Check a search space before a run.

    SPACE_FILE is a YAML, TOML or JSON file, as for 'luthier run --space'.
    """
    found = read_space(space_file).check_design(trials)
    if form == "json":
        click.echo(json.dumps([asdict(remark) for remark in found], indent=2))
    elif not found:
        click.echo("Nothing was found.")
    else:
        click.echo("\n\n".join(escape_lines(remark) for remark in found))
    exit_if_found((remark.severity for remark in found), fail_on)
