"""The commands memory ls, add, recommend, export, import, forget."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from ..errors import TaskError
from ..objectives.space_file import read_space
from ..storages import InMemory
from ..transfer import Memory, Taken
from ..wording import count_of
from .options import COUNT, combine, load_study, parse_pairs, require_file, study_options
from .tables import print_pairs, print_table
from .text import escape, examples

_memory_option = click.option(
    "--memory",
    "url",
    envvar="LUTHIER_MEMORY",
    default="sqlite:///memory.db",
    show_default=True,
    metavar="URL",
    help="Where the base is kept; LUTHIER_MEMORY sets the default.",
)
_family_option = click.option("--family", metavar="NAME", help="What is tuned, such as xgboost.")
_facts = combine(
    click.option("--data", metavar="TEXT", help="What names the data; only its hash is kept."),
    click.option(
        "--context",
        multiple=True,
        metavar="NAME=NUMBER",
        callback=parse_pairs("a number"),
        help="A number that describes the data: log_rows, log_columns, classes, ...",
    ),
    click.option(
        "--tag",
        "tags",
        multiple=True,
        metavar="NAME=TEXT",
        callback=parse_pairs("a text", str),
        help="A free tag.",
    ),
)


def _open(url: str, is_new: bool = False) -> Memory:
    """Open a base, which is closed when the command ends; a file is made only where `is_new`."""
    if not is_new:
        require_file(url, "'luthier memory add STUDY' makes a base, --memory names another")
    memory = Memory(url)
    if isinstance(memory.storage, InMemory):
        raise TaskError("a base in memory ends with the command; pass --memory sqlite:///memory.db")
    click.get_current_context().call_on_close(memory.close)
    return memory


@click.group(
    epilog=examples(
        "luthier memory add train --family xgboost",
        "luthier memory recommend space.yaml --family xgboost -n 5",
        "luthier memory export tasks.json",
    )
)
def memory() -> None:
    """Keep what studies found out, and begin with it."""


@memory.command("ls", epilog=examples("luthier memory ls --family xgboost"))
@_memory_option
@_family_option
def ls(url: str, family: str | None) -> None:
    """List the tasks of a base."""
    heads = [head for head in _open(url).tasks() if family in (None, head.family)]
    print_table(
        ["task", "family", "trials", "parameters", "objectives", "tags", "id"],
        [
            [
                head.name,
                head.family,
                head.n,
                len(head.params),
                ", ".join(head.objectives),
                ", ".join(f"{k}={v}" for k, v in head.tags.items()),
                head.id[:12],
            ]
            for head in heads
        ],
    )


@memory.command(
    epilog=examples(
        "luthier memory add train",
        "luthier memory add train --family svm --context log_rows=9.2 --tag team=fraud",
    )
)
@study_options(_memory_option, _family_option, _facts)
def add(
    name: str | None,
    storage: str,
    url: str,
    family: str | None,
    data: str | None,
    context: dict[str, float],
    tags: dict[str, str],
) -> None:
    """Add what a study found out."""
    study = load_study(name, storage)
    taken = study.remember(
        _open(url, is_new=True), data=data, context=context, tags=tags, family=family
    )
    click.echo(f"{taken.how}: {escape(taken.head.name)}, {count_of(taken.head.n, 'trial')}")


@memory.command(
    epilog=examples("luthier memory recommend space.yaml -n 5", "luthier memory recommend s.yaml")
)
@click.argument("space", type=click.Path(dir_okay=False))
@_memory_option
@_family_option
@_facts
@click.option("-n", "n", type=COUNT, default=10, show_default=True, help="How many.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How they are printed.",
)
def recommend(
    space: str,
    url: str,
    family: str | None,
    data: str | None,
    context: dict[str, float],
    tags: dict[str, str],
    n: int,
    form: str,
) -> None:
    """Print first configurations for a space, with the evidence."""
    base = _open(url).about(data, context, tags)
    found = base.recommend(read_space(space), n, family or "")
    if form == "json":
        click.echo(json.dumps([{"params": a.params, "evidence": a.evidence} for a in found]))
        return
    if not found:
        click.echo(
            "no task of the base tells of this space: one does that has half of its parameters, no "
            "other family, and rows that foretell each other"
        )
    for i, advice in enumerate(found, 1):
        click.echo(f"{i}. {advice.evidence}")
        print_pairs(advice.params, indent="   ")


@memory.command(epilog=examples("luthier memory export tasks.json"))
@click.argument("file", type=click.Path(dir_okay=False))
@_memory_option
def export(file: str, url: str) -> None:
    """Write all tasks into a file that others may have.

    It holds nothing of the data: spaces, rows as unit columns, ranks, five numbers, and hashes.
    """
    try:
        n = _open(url).export(file)
    except OSError as e:
        raise TaskError(f"{file} cannot be written: {e.strerror or e}") from None
    click.echo(f"{count_of(n, 'task')} in {escape(file)}")


@memory.command("import", epilog=examples("luthier memory import tasks.json"))
@click.argument("file", type=click.Path(dir_okay=False))
@_memory_option
def import_(file: str, url: str) -> None:
    """Add the tasks of a file, each once."""
    _print_counts(_open(url, is_new=True).import_(file))


@memory.command(epilog=examples("luthier memory forget train"))
@click.argument("names", nargs=-1, required=True, metavar="TASK...")
@_memory_option
def forget(names: Sequence[str], url: str) -> None:
    """Remove tasks by their names or ids, with their rows."""
    base = _open(url)
    ids = {head.id[:12]: head.id for head in base.tasks()}
    for head in base.forget(*(ids.get(name, name) for name in names)):
        click.echo(f"forgotten: {escape(head.name)}")


def _print_counts(taken: Sequence[Taken]) -> None:
    counts: Counter[Any] = Counter(each.how for each in taken)
    parts = [f"{counts[how]} {how}" for how in ("added", "replaced", "known") if counts[how]]
    click.echo(", ".join(parts) or "no tasks")
