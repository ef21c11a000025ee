"""One trial in several processes that train together: only the first of them reports."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from ..errors import StudyError, TrialPruned
from ..space.space import Space
from ..study.study import Study
from ..trial.handle import Trial
from ..trial.record import Decision, ReportValue
from ..trial.ticket import Ticket

_PLACE = "LUTHIER_RANKS"  # the variable by which a script that is started again finds the first one


class Server:
    """Answers calls of processes that this one has started, each connection in a thread.

    Args:
        calls: What may be called, by name.

    Attributes:
        key: What proves that a process was started by this one.
        address: Where it listens.
    """

    def __init__(self, calls: dict[str, Callable[..., Any]]) -> None:
        self.key = secrets.token_bytes(32)
        self._listener = Listener(authkey=self.key)
        self.address = str(self._listener.address)
        self._calls = calls
        self._is_closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except Exception:  # somebody without the key, or who has hung up
                continue
            if self._is_closed:
                connection.close()
                self._listener.close()
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: Connection) -> None:
        with contextlib.suppress(EOFError, OSError), connection:
            while True:
                name, args = connection.recv()
                answer: tuple[bool, Any]
                try:
                    answer = True, self._calls[name](*args)
                except Exception as e:
                    answer = False, e
                connection.send(answer)

    def close(self) -> None:
        """Listen no longer."""
        if not self._is_closed:
            self._is_closed = True
            Client(self.address, authkey=self.key).close()  # wakes the thread that accepts


class Caller:
    """Calls functions of a `Server` in another process.

    Args:
        address: The server's.
        key: The server's.
    """

    def __init__(self, address: str, key: bytes) -> None:
        self._place = address, key
        self._connection: Connection | None = None

    def __call__(self, name: str, *args: Any) -> Any:
        """Call a function over there, and return what it returns.

        Raises:
            Exception: What it raised.
        """
        if self._connection is None:
            address, key = self._place
            self._connection = Client(address, authkey=key)
        self._connection.send((name, args))
        is_whole, answer = self._connection.recv()
        if not is_whole:
            raise answer
        return answer


class _CallingLink:
    """A trial's way to its study, through the process that started this one."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    def report(
        self,
        step: float,
        value: ReportValue,
        reference: dict[str, Any] | None,
        params: dict[str, Any],
    ) -> None:
        self._call("report", step, value, reference, params)

    def decide(self) -> Decision:
        return Decision.STOP if self._call("should_stop") else Decision.CONTINUE


class _MuteLink:
    """The link of a trial in a process that only trains along."""

    def report(
        self,
        step: float,
        value: ReportValue,
        reference: dict[str, Any] | None,
        params: dict[str, Any],
    ) -> None:
        pass

    def decide(self) -> Decision:
        return Decision.CONTINUE


class SharedTrial:
    """A trial that can be sent to processes that this one starts, to be trained there.

    In a process that it was sent to, `trial` reports through this one. Ask for params before: those
    that are asked for over there are not noted, nor are tags.

    Args:
        trial: The trial.

    Attributes:
        trial: The trial, in whatever process this is.
        value: What was last reported in a process that it was sent to; None before.
    """

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.value: Any = None
        self._server: Server | None = None
        self._is_stopped = False

    def __getstate__(self) -> tuple[str, bytes, Ticket, Space]:
        if self._server is None:
            self._server = Server({"report": self._report, "should_stop": self._should_stop})
        return self._server.address, self._server.key, self.trial.ticket, self.trial.space

    def __setstate__(self, state: tuple[str, bytes, Ticket, Space]) -> None:
        address, key, ticket, space = state
        self.__init__(Trial(ticket, space, _CallingLink(Caller(address, key))))  # type: ignore[misc]

    def _report(
        self,
        step: float,
        value: ReportValue,
        reference: dict[str, Any] | None,
        params: dict[str, Any],
    ) -> None:
        self.trial.link.report(step, value, reference, params)
        self.value = value

    def _should_stop(self) -> bool:
        self._is_stopped = self.trial.should_stop()
        return self._is_stopped

    def check(self) -> None:
        """Raise TrialPruned if a process that it was sent to was told that the trial ends."""
        if self._is_stopped:
            raise TrialPruned

    def close(self) -> None:
        """End what answers the other processes."""
        if self._server is not None:
            self._server.close()
            self._server = None


@contextlib.contextmanager
def share(trial: Trial) -> Iterator[SharedTrial]:
    """A block that starts processes which train a trial together.

    ```
    with share(trial) as shared:
        torch.multiprocessing.spawn(train, (shared,), nprocs=2)  # which uses shared.trial
    ```

    Ask for params before: those that are asked for over there are not noted, nor are tags.

    Raises:
        TrialPruned: The scheduler has ended the trial, or its turn; whatever ended the processes.
    """
    shared = SharedTrial(trial)
    try:
        yield shared
    except Exception as e:
        try:
            shared.check()
        except TrialPruned as pruned:
            raise pruned from e
        raise
    finally:
        shared.close()
    shared.check()


class _Script:
    """The trials of the studies of a script, in order, for processes that train along."""

    def __init__(self) -> None:
        self._trials: list[list[tuple[Ticket, Space] | None]] = []  # of each study; None at its end
        self._changed = threading.Condition()
        self._server: Server | None = None

    def begin(self) -> None:
        """Begin a study."""
        if self._server is None:
            self._server = Server({"wait_for": self.wait_for})
            os.environ[_PLACE] = f"{os.getpid()}:{self._server.key.hex()}:{self._server.address}"
        with self._changed:
            self._trials.append([])

    def add(self, trial: Trial | None) -> None:
        """Add a trial that begins; None where the study ends."""
        with self._changed:
            self._trials[-1].append(None if trial is None else (trial.ticket, trial.space))
            self._changed.notify_all()

    def wait_for(self, i: int, n: int) -> tuple[Ticket, Space] | None:
        """Return the n-th trial of the i-th study, once it has begun; None where there is none."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._trials) > i and len(self._trials[i]) > n)
            return self._trials[i][n]


_script = _Script()
_n_followed = 0  # studies


def optimize_together(study: Study, objective: Callable[[Trial], Any], **settings: Any) -> None:
    """Run a study in a script that is started again for each further process, as by Lightning.

    The first process runs the study. Those that its objective starts run the same script and come
    here too: they run the objective along, with the same params, checkpoints and random numbers,
    and their study stays as it is.

    Args:
        study: The study.
        objective: Trains with several processes.
        **settings: As `Study.optimize` takes them; trials run one after the other.

    Raises:
        StudyError: `n_jobs` or `executor` is given, or the processes were not started by this one.
    """
    if settings.get("n_jobs", 1) != 1 or settings.get("executor") is not None:
        raise StudyError(
            "trials whose processes train together run one at a time: leave out n_jobs and executor"
        )
    pid, _, place = os.environ.get(_PLACE, "").partition(":")
    if pid and int(pid) != os.getpid():
        key, _, address = place.partition(":")
        _follow(objective, Caller(address, bytes.fromhex(key)))
        return
    if {os.environ.get("LOCAL_RANK", "0"), os.environ.get("RANK", "0")} != {"0"}:
        raise StudyError(
            "this process is one of several that something else has started; start the script with "
            "python, and let the trainer start the others"
        )

    def lead(trial: Trial) -> Any:
        _script.add(trial)
        return objective(trial)

    _script.begin()
    try:
        study.optimize(lead, **settings)
    finally:
        _script.add(None)


def _follow(objective: Callable[[Trial], Any], call: Caller) -> None:
    """Train along in one study, until it or the first process has ended."""
    global _n_followed
    i, n = _n_followed, 0
    _n_followed += 1
    while True:
        try:
            got = call("wait_for", i, n)
        except (EOFError, OSError):
            return
        if got is None:
            return
        ticket, space = got
        with contextlib.suppress(TrialPruned):
            objective(Trial(ticket, space, _MuteLink()))
        n += 1
