"""Commands about whole studies: studies, delete."""

from __future__ import annotations

import click

from ..errors import StorageDamagedError
from ..passwords import hide_password
from ..storages.base import COPYING, without_logs
from ..storages.settings import read_settings
from ..study.create import delete_study
from ..trial.record import State
from ..wording import count_of
from .options import (
    checkpoints_option,
    combine,
    list_names,
    open_existing_storage,
    refuse_place,
    storage_option,
)
from .summary import describe_objectives
from .tables import print_table
from .text import escape, examples, format_time


@click.command(epilog=examples("luthier studies", "luthier studies --storage sqlite:///other.db"))
@storage_option
def studies(storage: str) -> None:
    """List the studies."""
    rows = []
    notes = []
    for record in without_logs(open_existing_storage(storage).studies()):
        direction = ""
        created = "half a copy"
        if COPYING not in record.spec:
            created = format_time(record.created_s)
            try:
                settings = read_settings(record)
                direction = describe_objectives(settings.directions, settings.names)
            except StorageDamagedError as e:
                created = "damaged"
                notes.append(str(e))
        counts = [record.counts.get(state, 0) for state in State]
        rows.append([record.name, direction, record.n_trials, *counts, created])
    if not rows:
        click.echo(f"There is no study in {escape(hide_password(storage))}.", err=True)
        return
    states = [state.name.lower() for state in State]
    print_table(["name", "direction", "trials", *states, "created"], rows)
    for note in notes:
        click.echo(escape(f"Note: {note}"), err=True)


@click.command(epilog=examples("luthier delete old", "luthier delete old --yes"))
@combine(
    click.argument("name", required=False, metavar="NAME"),
    storage_option,
    checkpoints_option,
    click.option("--yes", is_flag=True, help="Delete without asking."),
)
def delete(name: str | None, storage: str, checkpoints: str | None, yes: bool) -> None:
    """Delete a study with all its trials.

    Its checkpoints go with it, unless they are in a place that was stored with the study and is
    neither named by --checkpoints nor allowed.
    """
    refuse_place(name)
    place = open_existing_storage(storage)
    if name is None:  # the only one is not deleted unnamed
        names = [record.name for record in without_logs(place.studies())]
        raise click.UsageError(
            f"give the NAME of the study to delete; there are {list_names(names) or 'none'}"
        )
    record = place.study(name)
    if not yes:
        click.confirm(
            f"Delete {escape(name)} and its {count_of(record.n_trials, 'trial')}?",
            abort=True,
            err=True,
        )
    delete_study(name, place, checkpoints)
    click.echo(f"{escape(name)} is deleted.", err=True)
