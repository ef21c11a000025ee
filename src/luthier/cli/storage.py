"""The commands storage copy, check, repair and upgrade."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from ..errors import StorageDamagedError
from ..passwords import hide_password
from ..storages.base import COPYING
from ..storages.repair import (
    Salvage,
    is_readable,
    replace_file,
    salvage,
    salvage_file,
    write_studies,
)
from ..storages.settings import read_settings
from ..study.copy import Copied, require_free_name
from ..study.copy import copy as copy_study
from ..wording import agree, count_of
from .options import file_of, open_existing_storage, open_storage, require_file, storage_option
from .session import run_session
from .tables import print_table
from .text import escape, examples


@click.group(
    epilog=examples(
        "luthier storage copy sqlite:///luthier.db postgresql://user@host/database",
        "luthier storage upgrade --storage sqlite:///luthier.db",
    )
)
def storage() -> None:
    """Copy, check, repair and upgrade storages."""


@storage.command(
    epilog=examples(
        "luthier storage copy sqlite:///luthier.db postgresql://user@host/database",
        "luthier storage copy redis://host:6379 sqlite:///kept.db --study train --study test",
    )
)
@click.argument("source", metavar="FROM", envvar="LUTHIER_COPY_FROM")
@click.argument("target", metavar="TO", envvar="LUTHIER_COPY_TO")
@click.option(
    "--study",
    "names",
    multiple=True,
    metavar="NAME",
    help="A study to copy; may be given several times.  [default: all studies]",
)
def copy(source: str, target: str, names: Sequence[str]) -> None:
    """Copy studies from one storage to another, with their trials, checkpoints and attachments.

    Studies whose names are taken in the target are an error, and nothing is copied. One that is
    damaged is named in the end, after all others were copied. Trials that run wait in the copy. The
    copy is read again and compared; a copy that fails or is stopped leaves nothing behind. A URL
    with a password is better in LUTHIER_COPY_FROM or LUTHIER_COPY_TO than on the command line,
    which others can read.
    """
    from_storage = open_existing_storage(source)
    chosen = [from_storage.study(name).name for name in names]
    damaged = []
    for record in from_storage.studies() if not names else ():
        try:
            if COPYING not in record.spec:
                read_settings(record)
            chosen.append(record.name)
        except StorageDamagedError as e:
            damaged.append(str(e))
    to_storage = open_storage(target)
    with run_session():
        for name in chosen:
            require_free_name(name, to_storage)
        for name in chosen:
            bar: Any = click.progressbar(
                length=1, label=escape(name), file=sys.stderr, hidden=not sys.stderr.isatty()
            )
            with bar:
                found = copy_study(from_storage, to_storage, name, partial(_advance, bar))
            click.echo(
                f"{escape(name)}: {count_of(found.trials, 'trial')}, "
                f"{count_of(found.reports, 'report')}, "
                f"{count_of(found.checkpoints, 'checkpoint')}, "
                f"{count_of(found.attachments, 'attachment')}; "
                f"checksum {found.checksum} on both sides"
            )
            for note in _notes(found, hide_password(source)):
                click.echo(escape(f"Note: {note}"), err=True)
        if damaged:
            raise StorageDamagedError("; ".join(damaged))


def _advance(bar: Any, n_done: int, n_all: int) -> None:
    bar.length = n_all
    bar.update(n_done - bar.pos)


def _notes(found: Copied, source: str) -> list[str]:
    """Notes about trials that differ in a copy, or changed meanwhile."""
    running, changed, missing = found.running, found.changed, found.missing
    notes = []
    if found.damaged:
        notes.append(
            f"{count_of(found.damaged, 'attachment')} {agree(found.damaged, 'is', 'are')} damaged "
            f"in {source}, and left out"
        )
    if running:
        some = ", ".join(map(str, running[:10])) + (" ..." if len(running) > 10 else "")
        notes.append(
            f"{count_of(len(running), 'trial')} ran ({some}) and "
            f"{agree(len(running), 'waits', 'wait')} in the copy; workers of the original go on in "
            f"{source}: stop them there"
        )
    if changed:
        notes.append(
            f"{count_of(changed, 'trial')} {agree(changed, 'has', 'have')} changed in {source} "
            "since; the copy is as the study was when "
            "it began"
        )
    if missing:
        notes.append(
            f"{count_of(missing, 'checkpoint')} {agree(missing, 'was', 'were')} not found beside "
            f"{source}; trials without theirs will begin afresh"
        )
    return notes


@storage.command(
    epilog=examples(
        "luthier storage upgrade", "luthier storage upgrade --storage sqlite:///luthier.db"
    )
)
@storage_option
def upgrade(storage: str) -> None:
    """Bring a storage to the format that this version of luthier reads.

    Stop all workers first.
    """
    before, after = open_existing_storage(storage).upgrade()
    click.echo("nothing to do" if before == after else f"schema {before} -> {after}")


@storage.command(
    epilog=examples("luthier storage check", "luthier storage check --storage sqlite:///luthier.db")
)
@click.argument("url", required=False, metavar="[URL]")
@storage_option
@click.pass_context
def check(ctx: click.Context, url: str | None, storage: str) -> None:
    """Say what of a storage is damaged; URL is another way to write --storage URL.

    All studies are read whole, and nothing is changed. The exit status is 1 where anything is
    damaged; 'luthier storage repair' saves the rest.
    """
    if url and _is_named(ctx):
        raise click.UsageError("name the storage once: as URL, or by --storage")
    if not _report(_salvage(url or storage)):
        raise click.exceptions.Exit(1)


@storage.command(
    epilog=examples(
        "luthier storage repair --storage sqlite:///luthier.db",
        "luthier storage repair postgresql://user@host/database sqlite:///saved.db",
    )
)
@click.argument("places", nargs=-1, metavar="[URL] [TO]")
@storage_option
@click.pass_context
def repair(ctx: click.Context, places: Sequence[str], storage: str) -> None:
    """Save what can be read of a damaged storage to another one.

    URL is another way to write --storage URL. The damaged storage is not changed. Trials keep their
    numbers: one that is lost becomes a failed one that says so. Without TO, a SQLite file is
    renamed to FILE.damaged, and what was saved takes its place. Stop all workers first.

    The exit status is 1 where something could not be saved.
    """
    url, *targets = places if places and not _is_named(ctx) else (storage, *places)
    if len(targets) > 1:
        raise click.UsageError("expected the damaged storage and one TO, got more")
    target = targets[0] if targets else None
    file = file_of(url)
    if target is None and file is None:
        raise click.UsageError("name a storage to write to: luthier storage repair URL TO")
    studies = _salvage(url)
    is_whole = _report(studies)
    if is_whole and target is None:
        click.echo("Nothing is damaged; the file is left as it is.", err=True)
        return
    if target is not None:
        write_studies(studies, open_storage(target))
    elif file is not None:
        kept = replace_file(file, studies)
        click.echo(f"the damaged file is {escape(kept)}", err=True)
    if any(not is_readable(s) or s.n_lost or s.n_lost_reports for s in studies):
        raise click.exceptions.Exit(1)


def _is_named(ctx: click.Context) -> bool:
    """Whether --storage stands on the command line."""
    return ctx.get_parameter_source("storage") is click.core.ParameterSource.COMMANDLINE


def _salvage(url: str) -> list[Salvage]:
    file = file_of(url)
    if file is None:
        return salvage(open_storage(url, read_only=True))
    require_file(url)
    if not file.exists():  # nor is it the name of one
        open_storage(url, read_only=True)
    return salvage_file(file)


def _report(studies: Sequence[Salvage]) -> bool:
    """Print what is damaged, and return whether nothing is."""
    rows = [
        [
            study.record.name,
            len(study.rows),
            study.n_lost,
            ("damaged" if is_readable(study) else "lost") if study.problems else "whole",
        ]
        for study in studies
    ]
    print_table(["name", "trials", "lost", "study"], rows)
    for study in studies:
        lost = [i for i, row in enumerate(study.rows) if row is None]
        some = ", ".join(map(str, lost[:20])) + (" ..." if len(lost) > 20 else "")
        for problem in [*study.problems, *([f"lost trials: {some}"] if lost else [])]:
            click.echo(escape(f"{study.record.name}: {problem}"), err=True)
    if not studies:
        click.echo("There is no study in it.", err=True)
    return not any(study.problems or study.n_lost for study in studies)
