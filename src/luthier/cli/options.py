"""What commands share: options, the storage they look at, the form of their help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import click

from ..errors import StudyNotFoundError

if TYPE_CHECKING:
    from ..storages import Storage
    from ..study.study import Study

DEFAULT = "sqlite:///luthier.db"
POSITIVE = click.FloatRange(min=0, min_open=True)
COUNT = click.IntRange(min=1)

storage_option = click.option(
    "--storage",
    envvar="LUTHIER_STORAGE",
    default=DEFAULT,
    show_default=True,
    metavar="URL",
    help="Where studies are kept; LUTHIER_STORAGE sets the default.",
)


def examples(*lines: str) -> str:
    """The end of a command's help."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def several(*options: Callable[..., Any]) -> Callable[..., Any]:
    """Arguments and options as one decorator, in the order in which help shows them."""

    def wrap(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return wrap


def named(*options: Callable[..., Any]) -> Callable[..., Any]:
    """The argument NAME, --storage, and more options."""
    return several(click.argument("name"), storage_option, *options)


def jobs(default: int) -> Callable[..., Any]:
    """The option --jobs."""

    def checked(ctx: click.Context, param: click.Parameter, value: int) -> int:
        if value < 1 and value != -1:
            raise click.BadParameter(
                f"expected a number >= 1, or -1 for as many as fit, got {value}"
            )
        return value

    text = "Trials at a time; -1: as many as fit."
    return click.option(
        "--jobs", type=int, default=default, show_default=True, callback=checked, help=text
    )


def pairs(
    what: str, kind: Callable[[str], Any] = float
) -> Callable[[click.Context, click.Parameter, Sequence[str]], dict[str, Any]]:
    """For an option of several NAME=... as a dict; `what` says in words what follows the sign."""

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


def opened(storage: str) -> Storage:
    """A storage, until the command ends."""
    from ..storages import from_url

    place = from_url(storage)
    click.get_current_context().call_on_close(place.close)
    return place


def existing(storage: str) -> Storage:
    """A storage to read from: a file that is not there is not made.

    Raises:
        StudyNotFoundError: There is no such file.
    """
    path = (
        unquote(storage.partition("://")[2].partition("?")[0]).removeprefix("/")
        if "://" in storage
        else storage
    )
    if storage.startswith("sqlite:") or "://" not in storage:
        file = Path(path).expanduser()
        if not file.is_file():
            raise StudyNotFoundError(
                f"there is no file {file}; begin a study with 'luthier run', or pass --storage"
            )
    return opened(storage)


def loaded(name: str, storage: str) -> Study:
    """A study to look at."""
    from ..storages.base import require_complete_copy
    from ..study.create import load_study

    place = existing(storage)
    require_complete_copy(place.study(name))
    return load_study(name, place)
