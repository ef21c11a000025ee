"""Progress of a run: a live display on a terminal or in a notebook, plain lines elsewhere.

And one record in the log for each trial that ends.
"""

from __future__ import annotations

import contextlib
import html
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..history.history import History
from ..monitoring.json_logs import log_fields
from ..notebook import find_notebook
from ..numerics.pareto import is_non_dominated
from ..terminal import escape, logger
from ..trial.record import State, TrialRow
from ..wording import count_of, to_six_digits
from .engine import Engine

if TYPE_CHECKING:
    from rich.console import RenderableType


TRIAL_LINE = "trial %d %s%s%s"  # the record in the log of a trial that ended
_LINE_S = 5.0  # time between two plain lines
_QUIET_S = 10.0  # without being asked, the first plain line comes after that
_SLOWER = 1.5  # and each takes so many times longer than the one before, up to
_SLOWEST_S = 60.0
_NOTEBOOK_S = 0.5  # time between two updates in a notebook
_WAIT_S = 0.01  # how long the display waits for a busy study before it repeats its last figures
_LONGEST = 40  # characters of a study's name that are shown

Watcher = Callable[[TrialRow], None]


@contextlib.contextmanager
def display(
    engine: Engine, n_trials: int | None, timeout_s: float | None, progress: bool | None
) -> Iterator[list[Watcher]]:
    """Show on stderr how far a run is, for as long as the context lasts.

    Args:
        engine: The study.
        n_trials: How many trials are to be run; None for no bound.
        timeout_s: How long; None for no bound.
        progress: False shows nothing. None and True show a display if stderr is a terminal, or in
            a notebook; else True shows plain lines, and None fewer of them, unless the log tells.

    Yields:
        Functions to be called with the row of each trial that ends.
    """
    terminal = sys.stderr is not None and sys.stderr.isatty()
    shell = None if terminal else find_notebook()
    is_asked = progress is True
    if progress is False or not (terminal or shell or is_asked or not _is_logged()):
        yield []
        return
    tally = Tally(engine, n_trials, timeout_s)
    if shell is not None:
        with _in_notebook(tally) as update:
            yield [tally.count, update]
        return
    if not terminal or os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
        with _lines(tally, is_asked or terminal) as tell:
            yield [tally.count, tell]
        return
    with _live(tally):
        yield [tally.count]


def _is_logged() -> bool:
    """Whether the log shows each trial that ends."""
    return logger.isEnabledFor(logging.INFO) and logger.hasHandlers()


def log_end(engine: Engine, row: TrialRow) -> None:
    """Log the end of a trial, or of a turn of it: one record at INFO, a warning where it failed."""
    if row.error is not None:
        why = row.error.splitlines()[0][:500] if row.error else "no reason was told"
        params = f"; {_describe_params(row)}" if row.params else ""
        logger.warning("trial %d failed: %s%s", row.number, why, params)
    elif logger.isEnabledFor(logging.INFO):
        values = row.values or ()
        names = engine.objectives
        known = [f"{n} {to_six_digits(v)}" for n, v in zip(names, values, strict=False)]
        duration = "" if row.duration_s is None else f" in {row.duration_s:.3g} s"
        told = f": {', '.join(known)}{duration}" if known else duration
        params = f"; {_describe_params(row)}" if row.params else ""
        rest = params + _describe_best(engine)
        state = row.state.name.lower()
        logger.info(TRIAL_LINE, row.number, state, told, rest, extra=log_fields(row, names))


def _describe_params(row: TrialRow) -> str:
    params = (
        f"{name}={to_six_digits(v)}" if isinstance(v, float) else f"{name}={v!r:.100}"
        for name, v in row.params.items()
    )
    return ", ".join(params)[:1000]


def _describe_best(engine: Engine) -> str:
    """The best trial of a study, for the end of a line; nothing where there is none."""
    with engine.peeking(_WAIT_S) as history:
        if history is None or len(history.directions) > 1 or (best := history.best()) is None:
            return ""
        return f"; best {to_six_digits(history.values[best, 0])} in trial {best}"


class Tally:
    """Figures of one run: it counts trials, and the display reads it from a thread of its own.

    Args:
        engine: The study.
        n_trials: How many trials are to be run; None for no bound.
        timeout_s: How long; None for no bound.

    Attributes:
        name: The study's, with nothing in it that a terminal would act on.
        counts: Trials that ended, by state.
        n_running: Trials that run now, here or elsewhere.
        n_paused: Trials that are paused.
        best: Value and number of the study's best trial; None when there is none, or several
            objectives.
        ahead: The same of a paused trial that is better so far; None when there is none.
        front: With several objectives, the trials that no other beats in all of them.
        over: Whether the run has ended.
    """

    def __init__(self, engine: Engine, n_trials: int | None, timeout_s: float | None) -> None:
        name = escape(engine.name)
        self.name = name if len(name) <= _LONGEST else name[: _LONGEST - 3] + "..."
        self.counts = dict.fromkeys(State, 0)
        self.n_running = 0
        self.over = False
        self.n_paused = 0
        self._n_before = len(engine.history.paused)
        self.best: tuple[float, int] | None = None
        self.ahead: tuple[float, int] | None = None
        self.front = self._judged = np.empty(0, dtype=np.int64)
        self._infeasible = False  # all that is complete breaks a constraint
        self._engine = engine
        self._n_trials = n_trials
        self._timeout_s = timeout_s
        self._began = time.monotonic()

    def count(self, row: TrialRow) -> None:
        """Count a trial that ended."""
        self.counts[row.state] += 1

    @property
    def n_finished(self) -> int:
        """Number of trials that ended in this run."""
        return sum(self.counts.values())

    @property
    def elapsed_s(self) -> float:
        """Since when it runs."""
        return time.monotonic() - self._began

    @property
    def share(self) -> float | None:
        """Share of the run that is done, in [0, 1], by the bound that is nearer.

        None without a bound.
        """
        shares = [self.elapsed_s / self._timeout_s] if self._timeout_s else []
        shares += (
            [(self.n_finished + self.n_paused - self._n_before) / self._n_trials]
            if self._n_trials
            else []
        )
        return min(max(shares), 1.0) if shares else None

    @property
    def left_s(self) -> float | None:
        """Seconds that the run still takes, by the bound that is nearer.

        None when nothing is known of it.
        """
        times = [self._timeout_s - self.elapsed_s] if self._timeout_s else []
        if self._n_trials and self.n_finished:
            times.append(self.elapsed_s / self.n_finished * (self._n_trials - self.n_finished))
        return max(min(times), 0.0) if times else None

    def look(self) -> None:
        """Read what runs and what is best; while others hold the study, the last figures stand.

        It must not wait for long: whoever holds the study may want to print, which waits for the
        display.
        """
        with self._engine.peeking(_WAIT_S) as history:
            if history is not None:
                self._read(history)

    def _read(self, history: History) -> None:
        self.n_paused = len(history.paused)
        self.n_running = self._engine.count_running()
        best = None
        if history.n and len(history.directions) == 1:
            best = history.best()
        self.best = None if best is None else (float(history.values[best, 0]) + 0.0, best)
        self.ahead = None if best is None else self._find_paused_ahead(history, best)
        if len(history.directions) > 1:
            self._grow(history)
        if history.constraint_names and best is None and not len(self.front):
            complete = (history.state == State.COMPLETE) & ~history.confirming
            self._infeasible = bool(complete.any())

    @staticmethod
    def _find_paused_ahead(history: History, best: int) -> tuple[float, int] | None:
        """The paused trial whose last report is better than the best complete trial."""
        paused = history.best_paused() if history.paused else None
        if paused is None:
            return None
        values = np.array(history.reports.last(paused))
        is_better = history.losses_of(values)[0] < history.losses[best, 0]
        return (float(values[0]), paused) if is_better else None

    def _grow(self, history: History) -> None:
        """Bring the front up to date.

        Of the trials that were judged before only those of the front matter.
        """
        eligible = np.flatnonzero(history.eligible)
        if len(eligible) > len(self._judged):
            candidates = np.union1d(
                self.front, np.setdiff1d(eligible, self._judged, assume_unique=True)
            )
            self.front = candidates[is_non_dominated(history.losses[candidates])]
            self._judged = eligible

    def describe_counts(self) -> str:
        """The counts in one phrase."""
        n = self.counts
        parts = [f"{n[State.COMPLETE]} done"]
        parts += [f"{self.n_running} running"] if not self.over else []
        parts += [f"{self.n_paused} paused"] if self.n_paused else []
        parts += [f"{n[State.PRUNED]} stopped"]
        parts += [f"{n[State.FAILED]} failed"] if n[State.FAILED] else []
        return ", ".join(parts)

    def describe_best(self) -> str:
        """The best in one phrase; nothing when there is none."""
        if self.best is not None:
            text = f"best {to_six_digits(self.best[0])} in trial {self.best[1]}"
            if self.ahead is not None:
                text += f" (trial {self.ahead[1]} is paused at {to_six_digits(self.ahead[0])})"
            return text
        if len(self.front):
            return f"{count_of(len(self.front), 'trial')} on the front"
        return "none keeps all constraints" if self._infeasible else ""

    def describe_time(self) -> str:
        """The time in one phrase."""
        text = clock(self.elapsed_s)
        if self.over or (left := self.left_s) is None:
            return text
        return text + (f", {clock(left)} left" if left > 0 else ", ending the last trials")


def clock(seconds: float) -> str:
    """A time as 0:07, 12:34 or 1:23:45."""
    minutes, s = divmod(int(seconds), 60)
    return f"{minutes}:{s:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{s:02d}"


@contextlib.contextmanager
def _lines(tally: Tally, is_asked: bool) -> Iterator[Watcher]:
    """Plain lines: one every few seconds at most, as trials end, and one at the end.

    Those that nobody asked for begin later, become rarer, and do not end a run that was short.
    """
    every_s = _LINE_S if is_asked else _QUIET_S
    due = time.monotonic() + every_s
    is_said = -1  # how many trials had ended at the last line

    def line() -> None:
        nonlocal is_said
        is_said = tally.n_finished
        tally.look()
        parts = [tally.describe_counts(), tally.describe_best(), tally.describe_time()]
        # That nobody reads stderr is no reason to stop.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"{tally.name}: {'; '.join(filter(None, parts))}\n")
            sys.stderr.flush()

    def tell(row: TrialRow) -> None:
        nonlocal due, every_s
        if time.monotonic() >= due:
            line()
            if not is_asked:
                every_s = min(every_s * _SLOWER, _SLOWEST_S)
            due = time.monotonic() + every_s

    try:
        yield tell
    finally:
        tally.over = True
        if is_asked or (tally.elapsed_s >= _QUIET_S and tally.n_finished != is_said):
            line()


@contextlib.contextmanager
def _in_notebook(tally: Tally) -> Iterator[Watcher]:
    """A bar below the cell, which changes as trials end."""
    from IPython.display import display as show

    due = time.monotonic() + _NOTEBOOK_S
    handle = show(_draw_html(tally), raw=True, display_id=True)

    def update(row: TrialRow) -> None:
        nonlocal due
        if time.monotonic() >= due:
            handle.update(_draw_html(tally), raw=True)
            due = time.monotonic() + _NOTEBOOK_S

    try:
        yield update
    finally:
        tally.over = True
        handle.update(_draw_html(tally), raw=True)


def _draw_html(tally: Tally) -> dict[str, str]:
    """The display of a run in a notebook, as HTML and as plain text."""
    tally.look()
    share = 1.0 if tally.over else tally.share
    value = "" if share is None else f' value="{share:.3f}"'
    parts = [tally.describe_counts(), tally.describe_best(), tally.describe_time()]
    text = "; ".join(filter(None, parts))
    name = html.escape(tally.name)
    return {
        "text/plain": f"{tally.name}: {text}",
        "text/html": f"<b>{name}</b> <progress{value}></progress> {html.escape(text)}",
    }


@contextlib.contextmanager
def _live(tally: Tally) -> Iterator[None]:
    """Two lines that rich repaints four times a second."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    def draw() -> RenderableType:
        tally.look()
        share = tally.share
        top = Table.grid(padding=(0, 1))
        bar = ProgressBar(
            total=None if share is None and not tally.over else 1.0,
            completed=share or 0.0,
            width=30,
        )
        top.add_row(Text(tally.name, "bold"), bar, Text(tally.describe_time(), no_wrap=True))
        failed = bool(tally.counts[State.FAILED])
        below = Text(no_wrap=True, overflow="ellipsis").append(
            tally.describe_counts(), "yellow" if failed else ""
        )
        if found := tally.describe_best():
            below.append("; ").append(found, "green")
        return Group(top, below)

    console = Console(stderr=True)
    # What an objective prints goes above the display, but only to where it would have gone.
    with Live(
        get_renderable=draw,
        console=console,
        redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
    ):
        try:
            yield
        finally:
            tally.over = True
