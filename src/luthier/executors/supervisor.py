"""The process between luthier and a worker or a program, which ends whatever was started there.

Every program that is run as an objective waits for it to come up. So it loads next to nothing, not
even luthier; psutil once there is something to end.

On Linux it adopts the processes whose parents end (PR_SET_CHILD_SUBREAPER), so that whatever was
started stays below it, in a session of its own or as a daemon too. Elsewhere such processes are
found by a mark in their environment.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

TYPE_CHECKING = False  # typing takes longer to load than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType
    from typing import Any, NoReturn

MARK = "LUTHIER_SUPERVISORS"
"""Variable of the environment that names the supervisors above a process, the nearest last."""

_LOOK_S = 1.0  # how often it is checked that the parent lives, where the system does not tell
_ENDING_S = 0.02  # how often it is checked whether what was told to end has ended
_SWEEP_S = 5.0  # how long processes are looked for where that fails, or none of them ends

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ASKING = (signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGTERM))


class Supervisor:
    """One process that is watched, and what it starts.

    It ends, and this process with the same status after it, when the parent has ended, when the
    parent asks (SIGTERM), or by itself. What it leaves behind then is ended as well: with SIGTERM,
    after `grace_s` with SIGKILL; at once where the parent has ended.

    Args:
        parent: The number of the process that wants to know.
        grace_s: How long processes may take to end after SIGTERM, in seconds; 0 for no SIGTERM.
        mark: What stands in the environment of all that is started here.
        platform: As `sys.platform`.
    """

    def __init__(self, parent: int, grace_s: float, mark: str, platform: str) -> None:
        self._parent = parent
        self._grace_s = grace_s
        self._mark = mark
        self._adopts = platform == "linux" and _control(_PR_SET_CHILD_SUBREAPER, 1)
        self._n_asked = 0
        self._process = 0
        self._status: int | None = None
        if self._adopts:
            # A signal that does nothing, but wakes: also where somebody has stopped this process.
            _control(_PR_SET_PDEATHSIG, signal.SIGCONT)

    def run(self, argv: list[str], failure: int, passed: list[int]) -> NoReturn:
        """Start the process, watch it, and end as it ends.

        Args:
            argv: The program and its arguments.
            failure: A pipe to which the number of the error is written where it cannot be run.
            passed: Files that are for the process alone.
        """
        for number in (*_ASKING, signal.SIGCHLD, signal.SIGCONT):
            signal.signal(number, self._note)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if self._is_abandoned():
            os._exit(1)

        own = os.getpid()
        self._process = os.fork()
        if self._process == 0:
            self._become(argv, failure, own)
        self._let_go((failure, *passed))
        self._waking, waking = os.pipe()
        os.set_blocking(waking, False)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)

        while self._collect() and self._status is None and not self._is_told():
            self._pause(_LOOK_S)
        if self._grace_s and not self._is_abandoned():
            self._ask_to_end()
        self._kill()
        self._end_likewise()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._n_asked += number in _ASKING

    def _is_abandoned(self) -> bool:
        return os.getppid() != self._parent

    def _is_told(self) -> bool:
        return self._n_asked > 0 or self._is_abandoned()

    def _pause(self, most_s: float) -> None:
        """Wait for a signal, no longer than that."""
        if select.select([self._waking], [], [], most_s)[0]:
            os.read(self._waking, 4096)

    def _become(self, argv: list[str], failure: int, supervisor: int) -> NoReturn:
        """Turn this child of the supervisor into the process that is to be watched."""
        try:
            os.setsid()
            for name in ("SIGPIPE", "SIGXFSZ"):  # which Python ignores
                signal.signal(getattr(signal, name), signal.SIG_DFL)
            if self._adopts:
                _control(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != supervisor:
                os._exit(1)
            os.set_inheritable(failure, False)
            os.execvp(argv[0], argv)
        except OSError as e:
            os.write(failure, str(e.errno).encode())
        finally:
            os._exit(127)

    def _let_go(self, files: Iterable[int]) -> None:
        """Close what is the process's alone: its pipes end when it has ended."""
        for file in files:
            os.close(file)
        nothing = os.open(os.devnull, os.O_RDWR)
        for file in range(3):
            os.dup2(nothing, file)
        os.close(nothing)

    def _collect(self) -> bool:
        """Collect the children that have ended; return whether one is left."""
        try:
            while True:
                child, status = os.waitpid(-1, os.WNOHANG)
                if child == 0:
                    return True
                if child == self._process:
                    self._status = status
        except ChildProcessError:
            return False

    def _remaining(self) -> list[Any]:
        """Return the processes that are left, as psutil's."""
        has_children = self._collect()
        if self._adopts and not has_children:
            return []
        import psutil

        left = psutil.Process().children(recursive=True) if has_children else []
        return left if self._adopts else [*left, *find_marked(self._mark)]

    def _ask_to_end(self) -> None:
        """Send SIGTERM, and wait for the grace; no longer when asked again."""
        left = self._remaining()
        send(left, "terminate")
        until = time.monotonic() + self._grace_s
        while left and self._n_asked < 2 and not self._is_abandoned():
            if (left_s := until - time.monotonic()) <= 0:
                return
            self._pause(min(_ENDING_S, left_s))
            left = self._remaining()

    def _kill(self) -> None:
        """Send SIGKILL until nothing is left but what belongs to another user."""
        if self._collect() and self._status is None:  # so its number is nobody else's
            for kill in (os.kill, os.killpg):
                try:
                    kill(self._process, signal.SIGKILL)
                except OSError:  # another user's, or no group of its own yet
                    continue

        until = time.monotonic() + _SWEEP_S
        while True:
            try:
                left = self._remaining()
                if not left or send(left, "kill") == 0:
                    return
            except Exception:  # no memory for psutil, say
                if time.monotonic() > until:
                    self._give_up()
            self._pause(_ENDING_S)

    def _give_up(self) -> None:
        """End as if this process had been killed: the parent, where it lives, ends the rest."""
        os.kill(os.getpid(), signal.SIGKILL)

    def _end_likewise(self) -> NoReturn:
        """End with the status of the process, or by SIGTERM where that was asked for."""
        code = -signal.SIGTERM
        if self._status is not None and not self._n_asked:
            code = os.waitstatus_to_exitcode(self._status)
        if code >= 0:
            os._exit(code)
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if -code in (*_ASKING, signal.SIGCHLD, signal.SIGCONT):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
        os._exit(128 - code)


def find_marked(mark: str) -> list[Any]:
    """Return the processes that carry a mark, as psutil's; those of other users are not seen."""
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            marks = process.environ().get(MARK, "").split(":")
        except (psutil.Error, OSError):
            continue
        if mark in marks and process.pid != os.getpid():
            found.append(process)
    return found


def end_marked(mark: str) -> None:
    """Kill the processes that carry a mark, until none is left."""
    until = time.monotonic() + _SWEEP_S
    while (left := find_marked(mark)) and time.monotonic() < until and send(left, "kill"):
        time.sleep(_ENDING_S)


def send(processes: Iterable[Any], verb: str) -> int:
    """Terminate or kill processes; return how many there are that obey."""
    import psutil

    n = 0
    for process in processes:
        try:
            getattr(process, verb)()
        except psutil.AccessDenied:
            continue
        except psutil.NoSuchProcess:  # another may have its number by now, and is spared
            pass
        n += 1
    return n


def _control(option: int, value: int) -> bool:
    """Call prctl; return whether the system can do this."""
    try:
        import ctypes

        return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


def main(argv: list[str]) -> NoReturn:
    """Run a supervisor, with the arguments that `supervised.Supervised` gives it."""
    parent, grace_s, mark, platform, failure, passed, packages, *command = argv
    sys.path.append(packages)
    supervisor = Supervisor(int(parent), float(grace_s), mark, platform)
    supervisor.run(command, int(failure), [int(file) for file in passed.split(",") if file])
