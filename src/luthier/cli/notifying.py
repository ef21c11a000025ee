"""Messages about a run, for whoever has named a place for them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import click

_VARIABLE = "LUTHIER_WEBHOOK"


@contextlib.contextmanager
def notifying(is_wanted: bool) -> Iterator[list[Callable[..., Any]]]:
    """Tell of a run while the block lasts, and of its end.

    The place stands in a variable, because a command line can be read by every user of the machine.

    Args:
        is_wanted: Whether anything is told.

    Yields:
        Callbacks of `Study.optimize`.

    Raises:
        click.UsageError: There is no place, or it is none that can be.
    """
    if not is_wanted:
        yield []
        return
    url = os.environ.get(_VARIABLE)
    if not url:
        raise click.UsageError(f"--notify sends messages to the URL in {_VARIABLE}; set it")
    from ..integrations.webhook import Webhook  # loads urllib

    try:
        hook = Webhook(url)
    except ValueError as e:
        raise click.UsageError(f"{_VARIABLE}: {e}") from e
    with hook:
        yield [hook]
