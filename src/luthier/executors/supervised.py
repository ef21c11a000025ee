"""A process that ends with this one, and with it whatever it started, however either ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from ..errors import PlatformError
from . import supervisor

# Imported rather than run by its path, it is compiled only once.
_CODE = (
    "import sys; sys.path.insert(0, {folder!r}); import supervisor; "
    "del sys.path[0]; supervisor.main(sys.argv[1:])"
)
_LATE_S = 10.0  # how long a supervisor may take beyond the grace


def require_supervisors(platform: str) -> None:
    """Refuse a system on which what is started could outlive this process.

    Args:
        platform: As `sys.platform`.

    Raises:
        PlatformError: It is such a system.
    """
    if platform not in ("linux", "darwin") and "bsd" not in platform:
        raise PlatformError(
            "n_jobs, limits, resources and programs as objectives need processes that cannot "
            f"outlive their study, which luthier has on Linux and macOS; this is {platform!r}: "
            "leave them out, pass an executor of concurrent.futures, or run luthier in WSL"
        )


class Supervised:
    """A process with a supervisor, which ends all that the process has started.

    That happens when the process has ended, when `end` is called, and when this process has ended
    in any way. It comprises children, those in sessions of their own, and daemons.

    Args:
        argv: The program and its arguments.
        env: Its environment.
        grace_s: How long processes may take to end after SIGTERM, before they get SIGKILL; 0 for
            SIGKILL at once. They get it at once where this process has ended, too.
        is_read: Whether its output and errors are read here, as text; then it is waited for until
            it runs.
        passed: Files that it gets, by their numbers.

    Attributes:
        stdout: Its output, where it is read.
        stderr: Its errors, where they are read.

    Raises:
        OSError: It cannot be run.
        ValueError: An argument has a NUL in it.
        PlatformError: The system has no supervisors.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        grace_s: float = 0.0,
        is_read: bool = False,
        passed: Sequence[int] = (),
    ) -> None:
        require_supervisors(sys.platform)
        self._grace_s = grace_s
        self._mark = uuid.uuid4().hex
        above = [env[supervisor.MARK]] if supervisor.MARK in env else []
        stream = subprocess.PIPE if is_read else None

        failure, told = os.pipe()
        with open(failure, "rb") as failures:
            try:
                self._process = subprocess.Popen(
                    [*self._command(told, passed), *argv],
                    env={**env, supervisor.MARK: ":".join([*above, self._mark])},
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    encoding="utf-8" if is_read else None,
                    errors="replace" if is_read else None,
                    pass_fds=(told, *passed),
                    start_new_session=True,
                )
            finally:
                os.close(told)
            self.stdout: IO[str] | None = self._process.stdout
            self.stderr: IO[str] | None = self._process.stderr
            if is_read and (number := failures.read()):
                self._process.communicate()
                raise OSError(int(number), os.strerror(int(number)))

    def _command(self, told: int, passed: Sequence[int]) -> list[str]:
        """Return the command of the supervisor, to which that of the process is added."""
        return [
            sys.executable,
            *("-I", "-S"),
            *("-c", _CODE.format(folder=str(Path(supervisor.__file__).parent))),
            str(os.getpid()),
            repr(self._grace_s),
            self._mark,
            sys.platform,
            str(told),
            ",".join(map(str, passed)),
            str(Path(psutil.__file__).parent.parent),
        ]

    @property
    def status(self) -> int | None:
        """Its exit status once it and what it started have ended; below zero for a signal."""
        return self._process.poll()

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait until it and what it started have ended; return its status, None if it is late."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def family(self) -> list[psutil.Process]:
        """Return the process and whatever it started, as far as that runs."""
        if self._process.returncode is not None:  # its number may be somebody else's by now
            return []
        try:
            return psutil.Process(self._process.pid).children(recursive=True)
        except psutil.Error:
            return []

    def ask_to_end(self) -> None:
        """Tell its supervisor to end it, and whatever it started."""
        self._process.send_signal(signal.SIGTERM)
        self._process.send_signal(signal.SIGCONT)  # somebody may have stopped it

    def end(self) -> None:
        """End it, and whatever it started."""
        self.ask_to_end()
        if self.wait(self._grace_s + _LATE_S) is None:
            self._process.kill()
        if self._process.wait() == -signal.SIGKILL:  # which may have hit the supervisor
            supervisor.end_marked(self._mark)
