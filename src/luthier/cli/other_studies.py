"""The command import: studies of another library."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..wording import count_of
from .options import open_storage, storage_option
from .text import escape, examples


@click.command(
    "import",
    epilog=examples(
        "luthier import sqlite:///optuna.db",
        "luthier import journal.log --study train --storage sqlite:///luthier.db",
    ),
)
@click.argument("source", metavar="FROM", envvar="LUTHIER_IMPORT_FROM")
@storage_option
@click.option(
    "--study",
    "names",
    multiple=True,
    metavar="NAME",
    help="A study to copy; may be given several times.  [default: all studies]",
)
def import_(source: str, storage: str, names: Sequence[str]) -> None:
    """Copy studies of Optuna into a storage.

    FROM is the URL of Optuna's database (SQLite, PostgreSQL or MySQL), or the path of its journal.
    Trials keep their states, values, params, reports, notes and times; what runs fails in the copy.
    A URL with a password is better in LUTHIER_IMPORT_FROM than on the command line. 'luthier
    export --optuna URL' is the way back.
    """
    from ..compat.optuna import logging
    from ..compat.optuna.database_copy import copy_from_optuna, open_optuna
    from ..compat.optuna.exceptions import StorageInternalError

    logging.set_verbosity(logging.WARNING)
    try:
        copied = copy_from_optuna(open_optuna(source), open_storage(storage), names)
    except (RuntimeError, StorageInternalError) as e:  # tables of another version, or damaged ones
        raise click.ClickException(escape(str(e))) from None
    for name, n in copied:
        click.echo(f"{escape(name)}: {count_of(n, 'trial')}")
