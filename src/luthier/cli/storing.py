"""Commands about where studies are kept: delete, storage copy, storage upgrade, serve."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from .options import COUNT, DEFAULT, POSITIVE, examples, existing, named, opened, storage_option


@click.command(epilog=examples("luthier delete old", "luthier delete old --yes"))
@named(click.option("--yes", is_flag=True, help="Do not ask."))
def delete(name: str, storage: str, yes: bool) -> None:
    """Remove a study with all its trials."""
    from ..study.create import delete_study
    from .render import clean

    place = existing(storage)
    record = place.study(name)
    if not yes:
        click.confirm(
            f"Delete {clean(name)} and its {record.n_trials} trials?", abort=True, err=True
        )
    delete_study(name, place)
    click.echo(f"{clean(name)} is deleted.", err=True)


@click.group(
    epilog=examples(
        "luthier storage copy sqlite:///luthier.db postgresql://user@host/database",
        "luthier storage upgrade sqlite:///luthier.db",
    )
)
def storage() -> None:
    """Copy studies between storages, and bring storages up to date."""


@storage.command(
    epilog=examples(
        "luthier storage copy sqlite:///luthier.db postgresql://user@host/database",
        "luthier storage copy redis://host:6379 sqlite:///kept.db --study train --study test",
    )
)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option(
    "--study",
    "names",
    multiple=True,
    metavar="NAME",
    help="Which; once for each.  [default: all of them]",
)
def copy(source: str, target: str, names: Sequence[str]) -> None:
    """Copy studies from one storage to another, with their trials and checkpoints.

    A study whose name is taken there is left alone. Trials that run wait in the copy. What was
    written is read again and compared; a copy that fails or is stopped leaves nothing behind.
    """
    from ..storages.base import hide_password
    from ..study.copy import copy as copied
    from ..study.copy import must_be_free
    from .render import clean
    from .running import attended

    here, there = existing(source), opened(target)
    chosen = names or [record.name for record in here.studies()]
    with attended():
        for name in chosen:
            must_be_free(name, there)
        for name in chosen:
            bar: Any = click.progressbar(
                length=1, label=clean(name), file=sys.stderr, hidden=not sys.stderr.isatty()
            )
            with bar:
                found = copied(here, there, name, partial(_advance, bar))
            click.echo(
                f"{clean(name)}: {found.trials} trials, {found.reports} reports, "
                f"{found.checkpoints} checkpoints; "
                f"checksum {found.checksum} on both sides"
            )
            for note in _notes(found.running, found.changed, found.missing, hide_password(source)):
                click.echo(clean(f"Note: {note}"), err=True)


def _advance(bar: Any, n: int, of: int) -> None:
    bar.length = of
    bar.update(n - bar.pos)


def _notes(running: Sequence[int], changed: int, missing: int, source: str) -> list[str]:
    """What one should know about a copy."""
    notes = []
    if running:
        some = ", ".join(map(str, running[:10])) + (" ..." if len(running) > 10 else "")
        notes.append(
            f"{len(running)} trials ran ({some}) and wait in the copy; their workers go on in "
            f"{source}: stop them there"
        )
    if changed:
        notes.append(
            f"{changed} trials have changed in {source} since; the copy is as the study was when "
            "it began"
        )
    if missing:
        notes.append(
            f"{missing} checkpoints were not found beside {source}; their trials will begin afresh"
        )
    return notes


@storage.command(
    epilog=examples("luthier storage upgrade", "luthier storage upgrade sqlite:///luthier.db")
)
@click.argument("url", envvar="LUTHIER_STORAGE", default=DEFAULT)
def upgrade(url: str) -> None:
    """Bring a storage to the form that this version of luthier reads.

    Stop all workers first. URL is that of LUTHIER_STORAGE, or luthier.db, unless it is given.
    """
    had, has = existing(url).upgrade()
    click.echo("nothing to do" if had == has else f"schema {had} -> {has}")


@click.command(
    epilog=examples(
        "luthier serve --storage postgresql://user@host/database",
        "luthier serve --host 0.0.0.0 --token-file /etc/luthier/token",
        "LUTHIER_TOKEN=... luthier worker http://host:8700 train train.py:objective",
    )
)
@storage_option
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0: all there are.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8700,
    show_default=True,
    help="0: any that is free.",
)
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Where the clients' token is kept; made where it is not.  [default: beside the storage]",
)
@click.option("--no-token", is_flag=True, help="Ask for no token; on this machine only.")
@click.option(
    "--max-body-mb", type=POSITIVE, default=16.0, show_default=True, help="Of one request."
)
@click.option(
    "--rate",
    type=POSITIVE,
    default=2000.0,
    show_default=True,
    help="Requests a second of one client.",
)
@click.option(
    "--threads", type=COUNT, default=8, show_default=True, help="Requests worked on at a time."
)
@click.option(
    "--max-requests",
    type=COUNT,
    default=1000,
    show_default=True,
    help="Requests that may be there at once.",
)
@click.option(
    "--checkpoints",
    metavar="PREFIX",
    help="Folder or URL of the studies whose checkpoints are served too.",
)
@click.option("--open-metrics", is_flag=True, help="Show /metrics without a token.")
def serve(
    storage: str,
    host: str,
    port: int,
    token_file: str | None,
    no_token: bool,
    max_body_mb: float,
    rate: float,
    threads: int,
    max_requests: int,
    checkpoints: str | None,
    open_metrics: bool,
) -> None:
    """Serve studies over HTTP.

    To workers that cannot reach the storage itself, and to other languages.

    Clients show a token, which is made at the first start and kept in a file. For other machines
    put a proxy with TLS before it.
    """
    from ..server import Limits
    from ..server import serve as served

    if token_file and no_token:
        raise click.UsageError("give --token-file or --no-token, not both")
    limits = Limits(
        max_body=int(max_body_mb * 2**20), rate=rate, threads=threads, max_requests=max_requests
    )
    served(
        storage, host, port, "" if no_token else None, token_file, limits, open_metrics, checkpoints
    )
