"""The command prior fit: priors from a table of past bests."""

from __future__ import annotations

from collections.abc import Sequence

import click
import yaml

from ..errors import SpaceError
from ..objectives.space_file import read_space
from ..objectives.table_file import read_table
from ..space.prior_fit import fit_priors
from ..space.space import Space
from .text import escape_lines, examples


@click.group(epilog=examples("luthier prior fit bests.csv --space space.yaml"))
def prior() -> None:
    """Make the priors of a space from what was best before."""


@prior.command(
    epilog=examples(
        "luthier prior fit bests.csv",
        "luthier prior fit bests.csv --space space.yaml --format yaml > prior.yaml",
        "luthier prior fit bests.csv --without dataset --without accuracy",
    )
)
@click.argument("table", type=click.Path(dir_okay=False))
@click.option(
    "--space", "space_file", type=click.Path(dir_okay=False), help="What gets the priors."
)
@click.option("--without", multiple=True, metavar="NAME", help="A column that is no parameter.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["python", "yaml"]),
    default="python",
    show_default=True,
    help="How the space is written.",
)
def fit(table: str, space_file: str | None, without: Sequence[str], form: str) -> None:
    """Print a space whose priors say where the best values were before.

    TABLE is a CSV file with one line for each earlier study, and one column for each parameter, of
    the params that were best there; or what 'luthier export' writes.
    """
    rows = read_table(table)
    if unknown := [name for name in without if not any(name in row for row in rows)]:
        raise SpaceError(f"the table has no column {unknown[0]!r}")
    kept = [{n: v for n, v in row.items() if n not in without} for row in rows]
    fitted = fit_priors(kept, read_space(space_file) if space_file else None)
    for note in fitted.notes:
        click.echo(escape_lines(note), err=True)
    click.echo(escape_lines(_write(fitted.space, form)))


def _write(space: Space, form: str) -> str:
    if form == "yaml":
        return yaml.safe_dump(space.to_json(), sort_keys=False, allow_unicode=True).rstrip()
    kinds = sorted({type(dist).__name__ for dist in space.params.values()})
    params = [f"        {name!r}: {dist!r}," for name, dist in space.params.items()]
    rules = [f"    constraints={[c.text for c in space.constraints]!r},"] * bool(space.constraints)
    rows = [f"    first={list(space.first)!r},"] * bool(space.first)
    head = f"from luthier import {', '.join([*kinds, 'Space'])}"
    return "\n".join([head, "", "space = Space(", "    {", *params, "    },", *rules, *rows, ")"])
