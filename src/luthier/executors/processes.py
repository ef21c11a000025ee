"""Tasks in processes that are kept, watched, and can be ended one by one.

The standard library's process pools cannot end a single task that takes too long or too much
memory. Here each worker is a fresh interpreter behind a pipe: no guard around the main script is
needed, closures and notebook functions travel (cloudpickle), large arguments travel once, and a
task may call back into this process.
"""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
import itertools
import math
import os
import pickle
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection, Listener, wait
from typing import Any

import cloudpickle
import msgspec
import psutil

from ..errors import TrialMemoryError, TrialTimeoutError, WorkerDiedError
from .resources import Slot, cores, gpus, slots
from .worker import Key

_LOOK_S = 0.05  # how often the memory of workers is looked at
_ALIVE_S = 1.0  # how often busy workers are looked at that hang up without their pipe closing
_START_S = 60.0  # how long a worker may take to come up
_STARTS, _KILLED_STARTS = 3, 20  # how often in a row one may fail to, and be killed on its way


class Shared:
    """An argument that is sent to each worker once, however many tasks use it."""

    _keys = itertools.count()

    def __init__(self, value: Any) -> None:
        self.key = next(self._keys)
        self.blob = cloudpickle.dumps(value)


class _Task:
    def __init__(
        self, calls: Mapping[str, Callable[..., Any]], fn: Callable[..., Any], args: tuple[Any, ...]
    ) -> None:
        self.future: cf.Future[Any] = cf.Future()
        self.calls = calls
        self.fn = fn
        self.args = args
        self.deadline = math.inf


class _Worker:
    """One child process."""

    def __init__(self, process: subprocess.Popen[bytes], slot: Slot) -> None:
        self.process = process
        self.slot = slot
        self.connection: Connection | None = None
        self.task: _Task | None = None
        self.sent: set[int] = set()
        self.born = time.monotonic()
        self.verdict: Exception | None = None  # why we ended it

    def give(self, task: _Task) -> None:
        new = {a.key: a.blob for a in task.args if isinstance(a, Shared) and a.key not in self.sent}
        args = tuple(Key(a.key) if isinstance(a, Shared) else a for a in task.args)
        message = cloudpickle.dumps((task.fn, args, new))
        self.task = task
        assert self.connection is not None
        with contextlib.suppress(OSError):  # it died a moment ago: its end of the pipe tells
            self.connection.send_bytes(message)
        self.sent.update(new)

    def kill(self) -> None:
        """Ends the process and whatever it started."""
        for p in self._family():
            with contextlib.suppress(psutil.Error):
                p.kill()
        if sys.platform != "win32":  # what it left behind if it is gone itself
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        if self.connection is not None:
            self.connection.close()

    def memory(self) -> int:
        """Resident bytes of the process and whatever it started."""
        total = 0
        for p in self._family():
            with contextlib.suppress(psutil.Error):
                total += p.memory_info().rss
        return total

    def _family(self) -> list[psutil.Process]:
        if self.process.returncode is not None:  # its number may be somebody else's by now
            return []
        try:
            me = psutil.Process(self.process.pid)
            return [me, *me.children(recursive=True)]
        except psutil.Error:
            return []


class Processes(cf.Executor):
    """An executor of kept processes, with limits for each task.

    Args:
        n_workers: How many processes.
        limits: Bounds for one task, "seconds" and "memory_mb" (resident, of the process and its
            children).
        resources: What each worker gets, "cpu" and "gpu"; see `slots`.

    Raises:
        ResourceError: The machine does not have the resources.
        ValueError: No workers; a limit that is unknown or not positive.
    """

    def __init__(
        self,
        n_workers: int,
        limits: Mapping[str, float] | None = None,
        resources: Mapping[str, float] | None = None,
    ) -> None:
        if n_workers < 1:
            raise ValueError(f"n_workers must be >= 1, got {n_workers!r}")
        for name, bound in (limits or {}).items():
            if (
                name not in ("seconds", "memory_mb")
                or not isinstance(bound, int | float)
                or not bound > 0
            ):
                raise ValueError(
                    f"limits are 'seconds' and 'memory_mb', each > 0, got {name!r}: {bound!r}"
                )
        self.n_workers = n_workers
        self._seconds = (limits or {}).get("seconds", math.inf)
        self._bytes = int((limits or {}).get("memory_mb", 0) * 2**20)
        need = resources or {}
        self._slots = slots(
            n_workers, need, cores() if need.get("cpu") else [], gpus() if need.get("gpu") else []
        )
        self._threads = int(need.get("cpu") or max(1, len(cores()) // n_workers))
        self._workers: list[_Worker] = []
        self._queue: deque[_Task] = deque()
        self._ended: list[
            tuple[_Task, Exception]
        ] = []  # whose futures are to be told, once the lock is free
        self._lock = threading.RLock()
        self._closed = self._done = False
        self._broken: WorkerDiedError | None = None
        self._failed_starts = 0
        self._authkey = secrets.token_bytes(16)
        self._folder = tempfile.TemporaryDirectory(prefix="luthier-")
        if len(self._folder.name) > 90 and sys.platform != "win32":  # sockets have short names
            self._folder.cleanup()
            self._folder = tempfile.TemporaryDirectory(prefix="luthier-", dir="/tmp")
        self._listener = Listener(
            os.path.join(self._folder.name, "s") if sys.platform != "win32" else None,
            authkey=self._authkey,
            backlog=64,
        )
        self._wake_out, self._wake_in = os.pipe()
        self._thread: threading.Thread | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> cf.Future[Any]:
        """Runs fn(*args) in a worker; `Shared` arguments travel once."""
        if kwargs:
            raise TypeError("keyword arguments do not travel; use functools.partial")
        return self.submit_with_calls({}, fn, *args)

    def submit_with_calls(
        self, calls: Mapping[str, Callable[..., Any]], fn: Callable[..., Any], /, *args: Any
    ) -> cf.Future[Any]:
        """Runs fn(*args) in a worker, where `worker.call(name, ...)` runs calls[name](...) in a thread of this process.

        Raises:
            WorkerDiedError: No worker process can be started.
            RuntimeError: The executor has been shut down.
        """
        task = _Task(calls, fn, args)
        with self._lock:
            if self._broken is not None:
                raise self._broken
            if self._closed:
                raise RuntimeError("this executor has been shut down")
            if self._thread is None:
                self._workers = [self._start(slot) for slot in self._slots]
                self._thread = threading.Thread(target=self._serve, daemon=True)
                self._thread.start()
            self._queue.append(task)
            self._hand_out()
            os.write(self._wake_in, b".")  # the thread sees to its limits
        return task.future

    def _hand_out(self) -> None:
        for worker in self._workers:
            while worker.connection is not None and worker.task is None and self._queue:
                task = self._queue.popleft()
                if task.future.set_running_or_notify_cancel():
                    task.deadline = time.monotonic() + self._seconds
                    try:
                        worker.give(task)
                    except Exception as e:  # what cannot be pickled
                        self._ended.append((task, e))

    def _start(self, slot: Slot) -> _Worker:
        env = {**os.environ}
        for name in (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
            "NUMEXPR_NUM_THREADS",
        ):
            env.setdefault(name, str(self._threads))
        if slot.gpus is not None:
            env["CUDA_VISIBLE_DEVICES"] = ",".join(slot.gpus)
        settings = {
            "address": self._listener.address,
            "authkey": self._authkey.hex(),
            "cwd": os.getcwd(),
            "argv": sys.argv,
            "cpus": slot.cpus,
            "limit_bytes": self._bytes,
        }
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; from luthier.executors.worker import "
            "main; "
            "main()"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            bufsize=0,
            stdin=subprocess.PIPE,
            env=env,
            start_new_session=True,
        )
        assert process.stdin is not None
        with contextlib.suppress(OSError):  # it died at once: _check finds out
            process.stdin.write(msgspec.json.encode(settings) + b"\n")
        return _Worker(process, slot)

    # -- the thread that listens to the workers
    # ---------------------------------------------------------------------

    def _serve(self) -> None:
        try:
            listening = self._listener._listener._socket if sys.platform != "win32" else None  # type: ignore[attr-defined]
            look = 0.0
            while not self._closed:
                look = self._turn(listening, look)
        except Exception as e:  # nobody must be left waiting
            with self._lock:
                self._break(e)
        self._tell()

    def _turn(self, listening: Any, look: float) -> float:
        """Waits for the next event and sees to it.

        Takes and returns when memory is to be looked at.
        """
        with self._lock:
            busy = [w.task.deadline for w in self._workers if w.task is not None]
            starting = any(w.connection is None for w in self._workers)
            conns = {w.connection: w for w in self._workers if w.connection is not None}
        pauses = [due - time.monotonic() for due in busy] + [0.1] * starting
        pauses += [_LOOK_S if self._bytes else _ALIVE_S] * bool(busy)
        waiting: list[Any] = [
            *conns,
            self._wake_out,
            *([listening] if listening is not None and starting else []),
        ]
        for ready in wait(waiting, max(min(pauses), 0.0) if pauses else None):
            if ready == self._wake_out:
                os.read(self._wake_out, 4096)
            elif ready is listening:
                self._welcome()
            else:
                self._hear(conns[ready])  # type: ignore[index]
        now = time.monotonic()
        with self._lock:
            for worker in list(self._workers):
                self._check(worker, now, bool(self._bytes) and now >= look)
        self._tell()
        return now + _LOOK_S if now >= look else look

    def _tell(self) -> None:
        """Tells the futures of tasks that were ended, outside the lock.

        Their callbacks are not ours.
        """
        while self._ended:
            task, error = self._ended.pop()
            if not task.future.done():
                task.future.set_exception(error)

    def _welcome(self) -> None:
        """A worker has come up."""
        try:
            connection = self._listener.accept()
            _, pid = pickle.loads(connection.recv_bytes())
        except Exception:  # it died on its way: _check finds out
            return
        with self._lock:
            for worker in self._workers:
                if worker.process.pid == pid:
                    worker.connection = connection
                    self._failed_starts = 0
            self._hand_out()

    def _hear(self, worker: _Worker) -> None:
        """A worker asks something, or is done, or gone."""
        assert worker.connection is not None
        try:
            message = pickle.loads(worker.connection.recv_bytes())
        except (EOFError, OSError):
            with self._lock:
                self._bury(worker)
            return
        if message[0] == "call":
            answer = _answered(worker.task, *message[1:])
            with contextlib.suppress(OSError):
                worker.connection.send_bytes(answer)
            return
        with self._lock:
            task = worker.task
            worker.task = None
            self._hand_out()
        if task is None:
            return
        _, ok, blob, text = message
        try:
            content = pickle.loads(blob)
        except Exception as e:
            ok = False
            content = RuntimeError(f"{text} cannot be read here: {type(e).__name__}: {e}")
        task.future.set_result(content) if ok else task.future.set_exception(content)

    def _check(self, worker: _Worker, now: float, look: bool) -> None:
        """Ends a worker that is beyond its limits, or never came up."""
        task = worker.task
        if worker.connection is None:
            if worker.process.poll() is not None or now - worker.born > _START_S:
                self._bury(worker)
            return
        if task is None:
            return
        if now >= task.deadline:
            worker.verdict = TrialTimeoutError(
                f"ran longer than its limit of {self._seconds:g} s and was ended"
            )
        elif look and (used := worker.memory()) > self._bytes:
            worker.verdict = TrialMemoryError(
                f"used {used / 2**20:.0f} MB, more than its limit of {self._bytes / 2**20:g} MB, "
                "and was ended"
            )
        gone = (
            worker.process.poll() is not None and not worker.connection.poll()
        )  # and a child of it holds the pipe
        if worker.verdict is not None or gone:
            self._bury(worker)

    def _bury(self, worker: _Worker) -> None:
        """Takes a dead or condemned worker out, tells its task why, and starts another."""
        if worker not in self._workers:
            return
        came_up = worker.connection is not None
        if worker.verdict is None and came_up:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(1.0)
        error = worker.verdict or _obituary(worker.process.poll())
        worker.kill()
        self._workers.remove(worker)
        if worker.task is not None:
            self._ended.append((worker.task, error))
        self._failed_starts += not came_up
        if self._failed_starts >= (_KILLED_STARTS if getattr(error, "killed", False) else _STARTS):
            self._break(error)
        elif not self._closed:
            self._workers.append(self._start(worker.slot))

    def _break(self, reason: Exception) -> None:
        """Gives up: whatever waits is told."""
        self._broken = WorkerDiedError(
            f"no worker process can be kept ({type(reason).__name__}: {reason})", killed=True
        )
        self._closed = True
        self._ended += [(w.task, self._broken) for w in self._workers if w.task is not None]
        self._ended += [
            (task, self._broken)
            for task in self._queue
            if task.future.set_running_or_notify_cancel()
        ]
        self._queue.clear()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the workers; with wait=False at once, whatever they are doing.

        Args:
            wait: Let running and queued tasks finish first.
            cancel_futures: Forget the queued ones.
        """
        with self._lock:
            if cancel_futures:
                for task in self._queue:
                    if task.future.cancel():
                        task.future.set_running_or_notify_cancel()
                self._queue.clear()
            pending = [w.task.future for w in self._workers if w.task] + [
                t.future for t in self._queue
            ]
        if wait and not self._closed:
            cf.wait(pending)
        with self._lock:
            self._closed = True
            workers = self._workers
            self._workers = []
            self._ended += [
                (w.task, WorkerDiedError("the executor was shut down", killed=True))
                for w in workers
                if w.task
            ]
            self._ended += [
                (t, cf.CancelledError())
                for t in self._queue
                if t.future.set_running_or_notify_cancel()
            ]
            self._queue.clear()
            done = self._done
            self._done = True
        if done:
            return
        if self._thread is not None:
            os.write(self._wake_in, b".")
            if threading.current_thread() is not self._thread:
                self._thread.join(5.0)
        for worker in workers:
            worker.kill()
        self._tell()
        self._listener.close()
        os.close(self._wake_in)
        os.close(self._wake_out)
        self._folder.cleanup()


def _answered(task: _Task | None, name: str, args: tuple[Any, ...]) -> bytes:
    """Runs what a worker asks for and packs the answer."""
    try:
        if task is None:
            raise RuntimeError(f"{name!r} was called after its task had ended")
        return pickle.dumps((True, task.calls[name](*args)))
    except Exception as e:
        with contextlib.suppress(Exception):
            answer = cloudpickle.dumps((False, e))
            pickle.loads(answer)
            return bytes(answer)
        return pickle.dumps((False, RuntimeError(f"{type(e).__name__}: {e}")))


def _obituary(code: int | None) -> WorkerDiedError:
    """What an exit code says."""
    if code is None:
        return WorkerDiedError(
            "the worker process closed its connection; did the objective close all files?"
        )
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
        killed = -code in (signal.SIGKILL, signal.SIGTERM)
        return WorkerDiedError(f"the worker process was ended by {name}", killed=killed)
    return WorkerDiedError(
        f"the worker process ended with exit code {code}; did the objective call os._exit?"
    )
