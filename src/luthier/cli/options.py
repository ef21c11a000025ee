"""Options that commands share, and the storage and study that they name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click

from ..storages import Storage, from_url
from ..storages.base import require_complete_copy
from ..study import create, opening
from ..study.study import Study
from .text import escape

DEFAULT_STORAGE = "sqlite:///luthier.db"
POSITIVE = click.FloatRange(min=0, min_open=True)
COUNT = click.IntRange(min=1)

storage_option = click.option(
    "--storage",
    envvar="LUTHIER_STORAGE",
    default=DEFAULT_STORAGE,
    show_default=True,
    metavar="URL",
    help="Where the studies are stored; LUTHIER_STORAGE sets the default.",
)
checkpoints_option = click.option(
    "--checkpoints",
    metavar="PLACE",
    help="Folder or URL for the checkpoints of the study.  [default: a folder by the storage]",
)
timeout_option = click.option(
    "--timeout",
    type=POSITIVE,
    metavar="SECONDS",
    help="Stop starting new trials after SECONDS.",
)


def combine(*options: Callable[..., Any]) -> Callable[..., Any]:
    """Arguments and options as one decorator, in the order in which the help shows them."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def study_options(*options: Callable[..., Any], required: bool = True) -> Callable[..., Any]:
    """The argument NAME, --storage, and more options."""
    return combine(click.argument("name", required=required), storage_option, *options)


address_options = combine(
    click.option(
        "--host",
        default="127.0.0.1",
        show_default=True,
        help="Address to listen on; 0.0.0.0 for all addresses of this machine.",
    ),
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=8700,
        show_default=True,
        help="Port to listen on; 0 for any that is free.",
    ),
    click.option(
        "--read-only/--no-read-only",
        default=None,
        help="Whether the page in a browser may change nothing. Programs with the token may.  "
        "[default: only if other machines can reach it]",
    ),
)


def refuse_two_tokens(token_file: str | None, no_token: bool) -> None:
    """Refuse --token-file beside --no-token.

    Raises:
        click.UsageError: Both are given.
    """
    if token_file and no_token:
        raise click.UsageError("give --token-file or --no-token, not both")


def jobs_option(default: int) -> Callable[..., Any]:
    """The option --jobs."""

    def check(ctx: click.Context, param: click.Parameter, value: int) -> int:
        if value < 1 and value != -1:
            raise click.BadParameter(
                f"expected a number >= 1, or -1 for as many as fit, got {value}"
            )
        return value

    return click.option(
        "--jobs",
        type=int,
        default=default,
        show_default=True,
        callback=check,
        help="How many trials run at the same time; -1 for as many as fit.",
    )


def parse_pairs(
    what: str, kind: Callable[[str], Any] = float
) -> Callable[[click.Context, click.Parameter, Sequence[str]], dict[str, Any]]:
    """Return a callback that reads an option given several times as NAME=... into a dict.

    Args:
        what: What follows the sign, in words.
        kind: Reads it; raises ValueError where it is not valid.
    """

    def read(ctx: click.Context, param: click.Parameter, given: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for text in given:
            name, sign, value = text.rpartition("=")
            if not sign or not name or name in found:
                raise click.BadParameter(f"expected NAME={what}, and each name once, got {text!r}")
            try:
                found[name] = kind(value)
            except ValueError:
                raise click.BadParameter(f"expected {what} after {name}=, got {value!r}") from None
        return found

    return read


def open_storage(url: str, read_only: bool = False) -> Storage:
    """Open a storage, which is closed when the command ends; see `from_url`."""
    storage = from_url(url, read_only)
    click.get_current_context().call_on_close(storage.close)
    return storage


def open_existing_storage(url: str) -> Storage:
    """Open a storage to read from; a file that does not exist is not created.

    Raises:
        StudyNotFoundError: There is no such file.
    """
    require_file(url)
    return open_storage(url)


def file_of(url: str) -> Path | None:
    """The file in which a storage is; None where it is on a server."""
    if url.startswith("sqlite:"):
        path = unquote(url.partition("://")[2].partition("?")[0]).removeprefix("/")
        return Path(path).expanduser()
    return None if "://" in url else Path(url).expanduser()


def require_file(url: str) -> None:
    """Refuse a storage whose file does not exist.

    Raises:
        StudyNotFoundError: There is no such file.
    """
    opening.require_file(url, "begin a study with 'luthier run', or pass --storage")


def find_only_study(storage: Storage) -> str:
    """The name of a storage's only study, for commands that were given none.

    Raises:
        click.UsageError: There is none, or there are several.
    """
    names = [record.name for record in storage.studies()]
    if len(names) != 1:
        listing = ", ".join(map(escape, names[:20])) or "none"
        raise click.UsageError(f"give the NAME of a study; there are {listing}")
    return names[0]


def load_study(name: str | None, url: str) -> Study:
    """Load a study to read from; the only one where no name is given.

    Raises:
        StudyNotFoundError: There is none of that name.
    """
    storage = open_existing_storage(url)
    name = find_only_study(storage) if name is None else name
    require_complete_copy(storage.study(name))
    return create.load_study(name, storage)
