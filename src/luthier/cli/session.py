"""Log and signals of a command that runs for a while."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Iterator, Sequence

import click

from ..errors import LuthierError
from ..monitoring.json_logs import JsonLines, StderrHandler
from ..storages import Storage
from ..study.progress import TRIAL_LINE
from ..study.study import Study
from ..terminal import logger
from .text import PlainLines

_CLOSE_S = 5.0  # how long a stopped process waits for an absent server

_logger = logging.getLogger("luthier.cli")


def say(text: str) -> None:
    """Log a line for the user."""
    _logger.info("%s", text)


@contextlib.contextmanager
def run_session(as_json: bool = False, verbose: bool = False) -> Iterator[Callable[[Study], None]]:
    """Log to stderr, and let SIGTERM stop the command as Ctrl-C does.

    Once it is stopped, the command does not wait long for a server that is away.

    Args:
        as_json: Log JSON, errors and information included.
        verbose: Log information, not only warnings.

    Yields:
        A function that takes the study of the command, for the log lines from there on.
    """
    storages: list[Storage] = []
    formatter = JsonLines() if as_json else PlainLines()

    def attach(study: Study) -> None:
        storages.append(study.storage)
        if isinstance(formatter, JsonLines):
            formatter.known = {"study": study.name, "worker": study.engine.worker}

    with _log_to_stderr(formatter, verbose or as_json), _stop_on_signals(storages):
        try:
            yield attach
        except KeyboardInterrupt as e:
            say("Stopped.")
            sys.exit(exit_status(e))
        except (LuthierError, click.ClickException) as e:
            if not as_json:
                raise
            message = e.format_message() if isinstance(e, click.ClickException) else str(e)
            _logger.error("%s", message)
            sys.exit(getattr(e, "exit_code", 1))


def exit_status(interrupt: KeyboardInterrupt) -> int:
    """The exit status of a command that was stopped: 143 after SIGTERM, 130 after Ctrl-C."""
    return 143 if signal.SIGTERM in interrupt.args else 130


@contextlib.contextmanager
def _log_to_stderr(formatter: logging.Formatter, verbose: bool) -> Iterator[None]:
    handler = StderrHandler()
    handler.setFormatter(formatter)
    handler.addFilter(lambda record: record.msg != TRIAL_LINE)  # commands have lines of their own
    if not isinstance(formatter, JsonLines):
        # The run loop has logged a failed trial in a line of its own.
        handler.addFilter(lambda record: not hasattr(record, "error"))
    levels = [(log, log.level) for log in (logger, _logger)]
    logger.addHandler(handler)
    if verbose:
        logger.setLevel(logging.INFO)
    _logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        for log, level in levels:
            log.setLevel(level)


@contextlib.contextmanager
def _stop_on_signals(storages: Sequence[Storage]) -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM and Ctrl-C, and close the storages soon."""

    def stop(signum: int, frame: object) -> None:
        for storage in storages:
            storage.close_soon(_CLOSE_S)
        raise KeyboardInterrupt(signum)

    before = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)}
    for signum, handler in before.items():
        # Shells let a command in the background ignore Ctrl-C.
        if signum == signal.SIGTERM or handler != signal.SIG_IGN:
            signal.signal(signum, stop)
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
