"""How a search shows where it is: context managers that are given the numbers of trials."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, TextIO


class _Bar:
    """One line on a terminal: how many trials of how many, and the best loss.

    Args:
        initial: Trials that there were.
        total: Trials that there will be.
        to: Where it is written; nothing is where that is no terminal.

    Attributes:
        postfix: What stands behind the numbers.
    """

    def __init__(self, initial: int, total: int, to: TextIO | None = None) -> None:
        self.postfix: Any = ""
        self._n = initial
        self._total = total
        self._to = to if to is not None and to.isatty() else None

    def update(self, n: int) -> None:
        """Count n more trials."""
        self._n += n
        self.show()

    def show(self) -> None:
        """Write the line."""
        if self._to is not None:
            of = f"/{self._total}" if self._total < sys.maxsize else ""
            self._to.write(f"\r{self._n}{of} trials, {self.postfix}")
            self._to.flush()

    def end(self) -> None:
        """End the line."""
        if self._to is not None:
            self._to.write("\n")


class _Above:
    """Standard output whose lines do not run into the line of progress.

    Args:
        to: The real one.
        bar: The line of progress.
    """

    def __init__(self, to: TextIO, bar: _Bar) -> None:
        self._to = to
        self._bar = bar

    def write(self, text: str) -> int:
        """Write text."""
        return self._to.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._to, name)


@contextlib.contextmanager
def tqdm_progress_callback(initial: int, total: int) -> Iterator[_Bar]:
    """Show a line of progress on a terminal, and let prints stand beside it.

    Args:
        initial: Trials that there were.
        total: Trials that there will be.
    """
    bar = _Bar(initial, total, sys.stderr)
    with contextlib.redirect_stdout(_Above(sys.stdout, bar)):
        yield bar
    bar.end()


@contextlib.contextmanager
def no_progress_callback(initial: int, total: int) -> Iterator[_Bar]:
    """Show nothing."""
    yield _Bar(initial, total)


default_callback = tqdm_progress_callback
