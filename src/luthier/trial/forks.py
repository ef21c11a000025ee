"""Processes that an objective forks, and which come back from it as if they ran the trial."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from types import TracebackType

from ..terminal import logger

_generation = 0  # how many forks lie between the first process and this one


def _count_fork() -> None:
    global _generation
    _generation += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


class LeftByOneProcess:
    """A block that only the process leaves which has entered it; its forks end there.

    What would come after is the parent's to do: to store the trial, to give others back, and to ask
    for the next. As in a script, a fork ends with the status of its SystemExit, or prints what it
    has raised.
    """

    __slots__ = ("_generation",)

    def __enter__(self) -> None:
        self._generation = _generation

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._generation != _generation:
            end_fork(error)


def end_fork(error: BaseException | None) -> None:
    """End this process, which another one has forked, as if its script had come to its end."""
    status: object = 0
    if isinstance(error, SystemExit):
        status = error.code
    elif error is not None:
        traceback.print_exception(error)
        status = 1
    else:
        logger.warning(
            "an objective returned in a process that it had forked, which ends here: the trial is "
            "its parent's; let it end by os._exit, or start it with multiprocessing"
        )
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))
