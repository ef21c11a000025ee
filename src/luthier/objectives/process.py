"""A program that runs in a process of its own, read line by line."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import IO

from ..attempts import Attempts, is_exhausted
from ..errors import CommandError, MachineError
from ..executors.supervised import Supervised

_N_STDERR = 20  # last lines of stderr that are kept
# How long to read on after all have ended: a process of another user may still hold the output.
_READ_ON_S = 1.0


class Process:
    """A program that runs: the lines of its output as they come, and the end of its stderr.

    Whatever it started ends with it.

    Args:
        argv: The program and its arguments.
        env: Its environment.
        grace_s: How long processes may take to end after SIGTERM, before they get SIGKILL.

    Raises:
        CommandError: The program cannot be run.
        MachineError: The machine has no process, file or memory left for it, and waiting did not
            help.
        PlatformError: The system cannot end what a program has started.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], grace_s: float) -> None:
        start = partial(Supervised, argv, env, grace_s, is_read=True)
        try:
            self._process = Attempts().run(start, is_exhausted, argv[0])
        except (OSError, ValueError) as e:
            reason = e.strerror if isinstance(e, OSError) and e.strerror else e
            kind = MachineError if is_exhausted(e) else CommandError
            raise kind(f"{argv[0]!r} cannot be run: {reason}") from e
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()  # None after the last
        self._stderr: deque[str] = deque(maxlen=_N_STDERR)
        self._readers = [
            _start_reader(self._process.stdout, self._lines.put, lambda: self._lines.put(None)),
            _start_reader(self._process.stderr, lambda line: self._stderr.append(line.rstrip())),
        ]

    def lines(self) -> Iterator[str]:
        """Lines of its output until it ends, and what it started."""
        while True:
            has_ended = self._process.status is not None
            try:
                line = self._lines.get(timeout=_READ_ON_S)
            except queue.Empty:
                if has_ended:
                    return
                continue
            if line is None:
                return
            yield line

    def wait(self) -> tuple[int, list[str]]:
        """Return its exit status, below zero for a signal, and the last lines of its stderr."""
        status = self._process.wait()
        assert status is not None
        self._readers[1].join(_READ_ON_S)
        return status, [line for line in list(self._stderr) if line]

    def end(self) -> None:
        """End it, and whatever it started: with SIGTERM, after the grace with SIGKILL."""
        self._process.end()
        for reader in self._readers:
            reader.join(_READ_ON_S)


@contextlib.contextmanager
def run_process(argv: Sequence[str], env: Mapping[str, str], grace_s: float) -> Iterator[Process]:
    """Start a program that ends with the block, on Ctrl-C too."""
    process = Process(argv, env, grace_s)
    try:
        yield process
    finally:
        process.end()


def _start_reader(
    stream: IO[str] | None, take: Callable[[str], None], end: Callable[[], None] = lambda: None
) -> threading.Thread:
    """Start a thread that hands over each line of a stream, and says when there are no more."""

    def read() -> None:
        assert stream is not None
        with stream:
            for line in stream:
                take(line)
        end()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread
