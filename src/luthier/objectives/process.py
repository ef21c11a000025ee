"""A program that runs in a process of its own, read line by line."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO

import psutil

from ..errors import CommandError

_N_STDERR = 20  # last lines of stderr that are kept
# How long to read on after the program has ended: its children may still hold its output.
_READ_ON_S = 1.0


class Process:
    """A program that runs: the lines of its output as they come, and the end of its stderr.

    Args:
        argv: The program and its arguments.
        env: Its environment.

    Raises:
        CommandError: The program cannot be run.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        try:
            self._process = subprocess.Popen(
                argv,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except (OSError, ValueError) as e:
            reason = e.strerror if isinstance(e, OSError) and e.strerror else e
            raise CommandError(f"{argv[0]!r} cannot be run: {reason}") from e
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()  # None after the last
        self._stderr: deque[str] = deque(maxlen=_N_STDERR)
        self._readers = [
            _start_reader(self._process.stdout, self._lines.put, lambda: self._lines.put(None)),
            _start_reader(self._process.stderr, lambda line: self._stderr.append(line.rstrip())),
        ]

    def lines(self) -> Iterator[str]:
        """Lines of its output until it ends; children that it leaves behind are not waited for."""
        while True:
            has_ended = self._process.poll() is not None
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
        self._readers[1].join(_READ_ON_S)
        return status, [line for line in list(self._stderr) if line]

    def kill(self, grace_s: float) -> None:
        """End it and all processes that it started: with SIGTERM, after `grace_s` with SIGKILL."""
        try:
            parent = psutil.Process(self._process.pid)
            family = [parent, *parent.children(recursive=True)]
        except psutil.Error:
            family = []
        _send_signal(self._process.pid, family, "SIGTERM")
        _, alive = psutil.wait_procs(family, timeout=grace_s)
        _send_signal(self._process.pid, alive, "SIGKILL")
        self._process.wait()
        for reader in self._readers:
            reader.join(_READ_ON_S)


@contextlib.contextmanager
def run_process(argv: Sequence[str], env: Mapping[str, str], grace_s: float) -> Iterator[Process]:
    """Start a program that is killed when the block raises, on Ctrl-C too."""
    process = Process(argv, env)
    try:
        yield process
    except BaseException:
        process.kill(grace_s)
        raise


def _send_signal(group: int, family: Iterable[psutil.Process], name: str) -> None:
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # no process is left
            os.killpg(group, getattr(signal, name))
    for process in family:
        with contextlib.suppress(psutil.Error):
            process.terminate() if name == "SIGTERM" else process.kill()


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
