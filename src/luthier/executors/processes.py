"""Tasks in processes that are kept, watched, and can be ended one by one.

The standard library's process pools cannot end a single task that takes too long or too much memory. Here each worker
is a fresh interpreter behind a pipe: no guard around the main script is needed, closures and notebook functions travel
(cloudpickle), large arguments travel once, and a task may call back into this process.
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

from ..errors import ResourceError, TrialMemoryError, TrialTimeoutError, WorkerDiedError
from .worker import Key

_LOOK_S = 0.05  # how often the memory of workers is looked at
_START_S = 60.0  # how long a worker may take to come up


class Shared:
    """An argument that is sent to each worker once, however many tasks use it."""

    _keys = itertools.count()

    def __init__(self, value: Any) -> None:
        self.key = next(self._keys)
        self.blob = cloudpickle.dumps(value)


class Slot(msgspec.Struct, frozen=True):
    """What one worker may use: core numbers (empty for any) and GPU names (None for any)."""

    cpus: tuple[int, ...] = ()
    gpus: tuple[str, ...] | None = None


def cores() -> list[int]:
    """The cores this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def gpus() -> list[str]:
    """The GPUs this process may use: CUDA_VISIBLE_DEVICES, or what the driver lists."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [g.strip() for g in named.split(",") if g.strip() not in ("", "-1")]
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [str(i) for i, _ in enumerate(listed.strip().splitlines())]


def slots(n_workers: int, resources: Mapping[str, float], cpus: list[int], gpus: list[str]) -> list[Slot]:
    """Shares cores and GPUs out among workers.

    Args:
        n_workers: How many.
        resources: What each needs: "cpu" (a whole number), "gpu" (a whole number, or a fraction of one).
        cpus: The cores there are.
        gpus: The GPUs there are.

    Raises:
        ResourceError: There are too few, or the need makes no sense.
    """
    if unknown := set(resources) - {"cpu", "gpu"}:
        raise ResourceError(f"resources are 'cpu' and 'gpu', got {sorted(unknown)}")
    n_cpus, share = resources.get("cpu", 0), resources.get("gpu", 0)
    if n_cpus != int(n_cpus) or n_cpus < 0:
        raise ResourceError(f"'cpu' is a whole number of cores, got {n_cpus!r}")
    if share < 0 or (share > 1 and share != int(share)):
        raise ResourceError(f"'gpu' is a fraction of one GPU, or a whole number, got {share!r}")
    a_gpu = math.floor(1 / share + 1e-9) if 0 < share <= 1 else 1  # workers on one GPU
    need_gpus = math.ceil(n_workers / a_gpu) if 0 < share <= 1 else int(share) * n_workers
    for what, need, have in (("cores", int(n_cpus) * n_workers, cpus), ("GPUs", need_gpus, gpus)):
        if need > len(have):
            raise ResourceError(
                f"{n_workers} workers with {dict(resources)} each need {need} {what}, this machine offers {len(have)}; "
                "lower n_jobs or the resources"
            )
    out = []
    for i in range(n_workers):
        mine = tuple(cpus[i * int(n_cpus) : (i + 1) * int(n_cpus)])
        if not share:
            out.append(Slot(mine, () if "gpu" in resources else None))
        else:
            first, many = (i // a_gpu, 1) if share <= 1 else (i * int(share), int(share))
            out.append(Slot(mine, tuple(gpus[first : first + many])))
    return out


def capacity(resources: Mapping[str, float] | None) -> int:
    """How many workers with these resources fit on this machine; at least one."""
    need, n = resources or {}, len(cores())
    if need.get("cpu"):
        n = len(cores()) // int(need["cpu"])
    if (share := need.get("gpu", 0)) > 0:
        each = math.floor(1 / share + 1e-9) * len(gpus()) if share <= 1 else len(gpus()) // int(share)
        n = min(n, each) if need.get("cpu") else each
    return max(n, 1)


class _Task:
    def __init__(self, calls: Mapping[str, Callable[..., Any]], fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.future: cf.Future[Any] = cf.Future()
        self.calls, self.fn, self.args = calls, fn, args
        self.deadline = math.inf


class _Worker:
    """One child process."""

    def __init__(self, process: subprocess.Popen[bytes], slot: Slot) -> None:
        self.process, self.slot = process, slot
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
        try:
            family = [*psutil.Process(self.process.pid).children(recursive=True), psutil.Process(self.process.pid)]
        except psutil.Error:
            family = []
        for p in family:
            with contextlib.suppress(psutil.Error):
                p.kill()
        self.process.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        if self.connection is not None:
            self.connection.close()

    def memory(self) -> int:
        """Resident bytes of the process and whatever it started."""
        total = 0
        try:
            for p in [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    total += p.memory_info().rss
        except psutil.Error:
            pass
        return total


class Processes(cf.Executor):
    """An executor of kept processes, with limits for each task.

    Args:
        n_workers: How many processes.
        limits: Bounds for one task, "seconds" and "memory_mb" (resident, of the process and its children).
        resources: What each worker gets, "cpu" and "gpu"; see `slots`.

    Raises:
        ResourceError: The machine does not have the resources.
        ValueError: A limit that is unknown or not positive.
    """

    def __init__(
        self, n_workers: int, limits: Mapping[str, float] | None = None, resources: Mapping[str, float] | None = None
    ) -> None:
        for name, bound in (limits or {}).items():
            if name not in ("seconds", "memory_mb") or not bound > 0:
                raise ValueError(f"limits are 'seconds' and 'memory_mb', each > 0, got {name!r}: {bound!r}")
        self.n_workers = n_workers
        self._seconds = (limits or {}).get("seconds", math.inf)
        self._bytes = int((limits or {}).get("memory_mb", 0) * 2**20)
        need = resources or {}
        self._slots = slots(n_workers, need, cores() if need.get("cpu") else [], gpus() if need.get("gpu") else [])
        self._threads = int(need.get("cpu") or max(1, len(cores()) // n_workers))
        self._workers: list[_Worker] = []
        self._queue: deque[_Task] = deque()
        self._lock = threading.RLock()
        self._closed = False
        self._authkey = secrets.token_bytes(16)
        self._folder = tempfile.TemporaryDirectory(prefix="luthier-")
        self._listener = Listener(
            os.path.join(self._folder.name, "s") if sys.platform != "win32" else None, authkey=self._authkey, backlog=64
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
        """Runs fn(*args) in a worker, where `worker.call(name, ...)` runs calls[name](...) in a thread of this process."""
        task = _Task(calls, fn, args)
        with self._lock:
            if self._closed:
                raise RuntimeError("this executor has been shut down")
            if self._thread is None:
                self._workers = [self._start(slot) for slot in self._slots]
                self._thread = threading.Thread(target=self._serve, daemon=True)
                self._thread.start()
            self._queue.append(task)
            self._hand_out()
            if task.deadline < math.inf:
                os.write(self._wake_in, b".")
        return task.future

    def _hand_out(self) -> None:
        for worker in self._workers:
            while worker.connection is not None and worker.task is None and self._queue:
                task = self._queue.popleft()
                if task.future.set_running_or_notify_cancel():
                    task.deadline = time.monotonic() + self._seconds
                    worker.give(task)

    def _start(self, slot: Slot) -> _Worker:
        env = {**os.environ}
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
            env.setdefault(name, str(self._threads))
        if slot.gpus is not None:
            env["CUDA_VISIBLE_DEVICES"] = ",".join(slot.gpus)
        settings = {
            "address": self._listener.address,
            "authkey": self._authkey.hex(),
            "cwd": os.getcwd(),
            "argv": sys.argv,
            "cpus": slot.cpus,
            "memory_bytes": 2 * self._bytes + 2**28 if self._bytes else None,
        }
        code = f"import sys; sys.path[:] = {sys.path!r}; from luthier.executors.worker import main; main()"
        process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, env=env)
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(settings) + b"\n")
        process.stdin.flush()
        return _Worker(process, slot)

    # -- the thread that listens to the workers ---------------------------------------------------------------------

    def _serve(self) -> None:
        listening = self._listener._listener._socket if sys.platform != "win32" else None  # type: ignore[attr-defined]
        look = 0.0
        while not self._closed:
            with self._lock:
                busy = [w for w in self._workers if w.task is not None]
                starting = [w for w in self._workers if w.connection is None]
                conns = {w.connection: w for w in self._workers if w.connection is not None}
                now = time.monotonic()
                due = min([w.task.deadline for w in busy if w.task] + [math.inf]) - now
                pause = min(due, _LOOK_S if self._bytes and busy else math.inf, 0.1 if starting else math.inf)
            waiting: list[Any] = [*conns, self._wake_out, *([listening] if listening is not None and starting else [])]
            for ready in wait(waiting, None if pause == math.inf else max(pause, 0.0)):
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
                if now >= look:
                    look = now + _LOOK_S

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
            _, name, args = message
            task = worker.task
            try:
                assert task is not None
                answer = pickle.dumps((True, task.calls[name](*args)))
            except Exception as e:
                answer = cloudpickle.dumps((False, e))
            with contextlib.suppress(OSError):
                worker.connection.send_bytes(answer)
            return
        with self._lock:
            task, worker.task = worker.task, None
            self._hand_out()
        if task is not None:
            _, ok, content = message
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
            worker.verdict = TrialTimeoutError(f"ran longer than its limit of {self._seconds:g} s and was ended")
        elif look and (used := worker.memory()) > self._bytes:
            worker.verdict = TrialMemoryError(
                f"used {used / 2**20:.0f} MB, more than its limit of {self._bytes / 2**20:g} MB, and was ended"
            )
        if worker.verdict is not None:
            self._bury(worker)

    def _bury(self, worker: _Worker) -> None:
        """Takes a dead or condemned worker out, tells its task why, and starts another."""
        if worker not in self._workers:
            return
        came_up = worker.connection is not None
        if worker.verdict is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(1.0)
        code = worker.process.poll()
        worker.kill()
        self._workers.remove(worker)
        error = worker.verdict or _obituary(code)
        if worker.task is not None:
            worker.task.future.set_exception(error)
        elif not came_up and not self._closed:  # it would not come up the next time either
            self._closed = True
            for task in self._queue:
                if task.future.set_running_or_notify_cancel():
                    task.future.set_exception(WorkerDiedError(f"no worker process could be started ({error})"))
            return
        if not self._closed:
            self._workers.append(self._start(worker.slot))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the workers; with wait=False at once, whatever they are doing.

        Args:
            wait: Let running and queued tasks finish first.
            cancel_futures: Forget the queued ones.
        """
        with self._lock:
            if cancel_futures:
                for task in self._queue:
                    task.future.cancel()
                self._queue.clear()
            pending = [w.task.future for w in self._workers if w.task] + [t.future for t in self._queue]
        if wait and not self._closed:
            cf.wait(pending)
        with self._lock:
            done, self._closed = self._closed and self._thread is None, True
            workers, self._workers = self._workers, []
        if done:
            return
        if self._thread is not None:
            os.write(self._wake_in, b".")
            if threading.current_thread() is not self._thread:
                self._thread.join(5.0)
            self._thread = None
        for worker in workers:
            worker.kill()
            if worker.task is not None and not worker.task.future.done():
                worker.task.future.set_exception(WorkerDiedError("the executor was shut down", killed=True))
        self._listener.close()
        os.close(self._wake_in)
        os.close(self._wake_out)
        self._folder.cleanup()


def _obituary(code: int | None) -> WorkerDiedError:
    """What an exit code says."""
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
        killed = -code in (signal.SIGKILL, signal.SIGTERM)
        return WorkerDiedError(f"the worker process was ended by {name}", killed=killed)
    return WorkerDiedError(f"the worker process ended with exit code {code}; did the objective call os._exit?")
