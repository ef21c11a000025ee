"""An outbox: work that a thread does one by one, while the study goes on."""

from __future__ import annotations

import atexit
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from ..attempts import Attempts
from ..passwords import hide_passwords
from ..terminal import logger
from ..wording import agree, count_of

_MAX_WAITING = 10_000  # what comes when so much waits is left out


class Outbox:
    """Work that a thread of its own does, in order; none of it blocks or fails who puts it in.

    Work that fails is tried again while its error may pass; then it is logged and left out. At the
    end of the program what waits still gets its time.

    Args:
        name: Where the work goes, for the log. It holds no secret.
        may_pass: Whether work is worth another attempt after an exception.
        within_s: For how long work is tried again, in seconds.
        wait_s: How long the end waits for work that is left, in seconds.

    Attributes:
        name: As given.
        wait_s: As given.
    """

    def __init__(
        self,
        name: str,
        may_pass: Callable[[Exception], bool] = lambda e: False,
        within_s: float = 60.0,
        wait_s: float = 10.0,
    ) -> None:
        self.name = name
        self.wait_s = wait_s
        self._may_pass = may_pass
        self._within_s = within_s
        self._attempts = Attempts(within_s)
        self._work: queue.Queue[Callable[[], Any]] = queue.Queue(_MAX_WAITING)
        self._n_left_out = 0
        self._n_late = 0  # of what waits, how many were not done when the end came
        self._why = "there is no answer yet"
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def n_failed(self) -> int:
        """How many pieces of work were left out, or were not done when the end had waited."""
        return self._n_left_out + self._n_late

    def put(self, work: Callable[[], Any]) -> None:
        """Take work in; return at once."""
        with self._lock:
            if self._thread is None:
                self._attempts = Attempts(self._within_s)
                self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
                self._thread.start()
                atexit.register(self.close)
        try:
            self._work.put_nowait(work)
        except queue.Full:
            self.leave_out(f"{_MAX_WAITING:,} pieces of work wait already")

    def close(self) -> None:
        """Wait for what is left, for a while; more work may come later."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is None:
            return
        atexit.unregister(self.close)
        until_s = time.monotonic() + self.wait_s
        self._attempts.end_soon(self.wait_s)
        while self._work.unfinished_tasks and thread.is_alive() and time.monotonic() < until_s:
            time.sleep(0.005)
        with self._lock:
            self._n_late = n_left = self._work.unfinished_tasks
        if n_left:
            logger.warning(
                "%s: %s not sent in %g s: %.500s",
                self.name,
                f"{count_of(n_left, 'message')} {agree(n_left, 'was', 'were')}",
                self.wait_s,
                hide_passwords(self._why),
            )

    def _run(self) -> None:
        me = threading.current_thread()
        while self._thread is me or self._work.unfinished_tasks:
            try:
                work = self._work.get(timeout=0.2)
            except queue.Empty:
                continue
            try:
                self._why = "there is no answer yet"
                self._attempts.run(work, self._try_again_after, self.name)
            except Exception as e:
                self.leave_out(f"{type(e).__name__}: {e}")
            finally:
                with self._lock:
                    self._work.task_done()
                    self._n_late = max(0, self._n_late - 1)

    def _try_again_after(self, e: Exception) -> bool:
        self._why = f"{type(e).__name__}: {e}"
        return self._may_pass(e)

    def leave_out(self, why: str | None) -> None:
        """Count a piece of work that is left out, and log why; None where that was said before."""
        self._n_left_out += 1
        is_told = self._n_left_out & (self._n_left_out - 1) == 0  # the 1st, 2nd, 4th, 8th ...
        if is_told and why is not None:
            logger.warning(
                "%s: %d left out so far; the last: %.500s",
                self.name,
                self._n_left_out,
                hide_passwords(why),
            )
