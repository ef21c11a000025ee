"""The progress bar of a run."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from ..marks import warn

if TYPE_CHECKING:
    from .shape import StudyLike

_EVERY_S = 0.1
_WIDTH = 10  # of the bar, in characters


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"


class ProgressBar:
    """One line on standard error that says how far a run is.

    Args:
        shown: Whether there is one.
        n_trials: How many trials are run; None for no bound.
        timeout: For how many seconds; None for no bound.
    """

    def __init__(self, shown: bool, n_trials: int | None, timeout: float | None) -> None:
        if shown and n_trials is None and timeout is None:
            warn("Progress bar won't be displayed because n_trials and timeout are None.")
        self._shown = shown and (n_trials is not None or timeout is not None)
        self._n_trials = n_trials
        self._timeout = timeout
        self._n = 0
        self._last = 0.0

    def update(self, elapsed_s: float, study: StudyLike) -> None:
        """Show a further trial that has ended."""
        if not self._shown:
            return
        self._n += 1
        is_last = self._n == self._n_trials
        if not is_last and time.monotonic() - self._last < _EVERY_S:
            return
        self._last = time.monotonic()
        share = self._n / self._n_trials if self._n_trials else elapsed_s / (self._timeout or 1)
        share = min(share, 1.0)
        best = ""
        if len(study.directions) == 1:
            with contextlib.suppress(ValueError):
                found = study.find_best()
                best = f"Best trial: {found.number}. Best value: {found.value:.6g}: "
        if self._n_trials:
            rate = self._n / max(elapsed_s, 1e-9)
            count = f"{self._n}/{self._n_trials} [{_clock(elapsed_s)}, {rate:.2f}it/s]"
        else:
            count = f"{_clock(elapsed_s)}/{_clock(self._timeout or 0)}"
        bar = "█" * round(share * _WIDTH)
        sys.stderr.write(f"\r{best}{share:4.0%}|{bar:<{_WIDTH}}| {count}")
        sys.stderr.flush()

    def close(self) -> None:
        """End the line."""
        if self._shown and self._n:
            sys.stderr.write("\n")
