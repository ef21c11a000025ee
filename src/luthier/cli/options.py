"""Options that commands share, and the storage and study that they name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click

from ..passwords import hide_password
from ..storages import Storage, from_url
from ..storages.base import StudyRecord, require_complete_copy, without_logs
from ..storages.files import BARE_SCHEME, is_place
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


def study_options(*options: Callable[..., Any]) -> Callable[..., Any]:
    """The argument NAME, which the only study of a storage needs not, --storage, and more."""
    return combine(click.argument("name", required=False), storage_option, *options)


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
    if url.startswith("sqlite://"):
        path = unquote(url.partition("://")[2].partition("?")[0]).removeprefix("/")
        return Path(path).expanduser()
    return None if "://" in url or BARE_SCHEME.match(url) else Path(url).expanduser()


def require_file(
    url: str, advice: str = "begin a study with 'luthier run', or pass --storage"
) -> None:
    """Refuse a storage whose file does not exist.

    Args:
        url: Of the storage.
        advice: What to do where it does not.

    Raises:
        StudyNotFoundError: There is no such file.
    """
    opening.require_file(url, advice)


def find_only_study(storage: Storage) -> str:
    """The name of a storage's only study, for commands that were given none.

    Raises:
        click.UsageError: There is none, or there are several.
    """
    names = [record.name for record in without_logs(storage.studies())]
    if not names:
        raise click.UsageError(f"there is no study in {escape(storage)}; 'luthier run' begins one")
    if len(names) > 1:
        raise click.UsageError(f"give the NAME of a study; there are {list_names(names)}")
    return names[0]


def has_study(name: str, url: str) -> bool:
    """Whether a storage has a study of this name.

    Raises:
        StudyNotFoundError: There is no such storage.
    """
    return any(record.name == name for record in open_existing_storage(url).studies())


def list_names(names: Sequence[str]) -> str:
    """The names of studies, the first twenty of them."""
    return ", ".join(map(escape, names[:20])) + (", ..." if len(names) > 20 else "")


def refuse_place(name: str | None) -> None:
    """Refuse a storage in the place of a study's name.

    Raises:
        click.UsageError: It is one.
    """
    if name is not None and is_place(name):
        place = escape(hide_password(name))
        raise click.UsageError(
            f"expected the NAME of a study, got the storage {place}; write --storage {place}"
        )


def find_study(name: str | None, url: str) -> tuple[Storage, StudyRecord]:
    """Find a study to read from, with its storage; the only one where no name is given.

    Raises:
        click.UsageError: The name is a storage, or none was given, and there is not just one study.
        StudyNotFoundError: There is none of that name.
    """
    refuse_place(name)
    storage = open_existing_storage(url)
    record = storage.study(find_only_study(storage) if name is None else name)
    require_complete_copy(record)
    return storage, record


def load_study(name: str | None, url: str) -> Study:
    """Load the study that `find_study` finds, which says what is raised."""
    storage, record = find_study(name, url)
    return create.load_study(record.name, storage)
