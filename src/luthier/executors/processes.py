"""Tasks in processes that are kept, watched, and can be ended one by one.

The standard library's process pools cannot end a single task that takes too long or too much
memory. Here each worker is a fresh interpreter behind a pipe: no guard around the main script is
needed, closures and notebook functions travel (cloudpickle), large arguments travel once, and a
task may call back into this process.
"""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
import os
import pickle
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from multiprocessing.connection import wait
from typing import Any

from ..attempts import is_exhausted
from ..errors import NoWorkerError, WorkerDiedError
from ..validation import check_whole
from .child_process import ChildProcess, Shared, error_from_exit_code
from .contract import TrialExecutor
from .limits import TaskLimits
from .resources import Slot, cores, gpus, require_cores_can_be_bound, slots
from .supervised import require_supervisors
from .tasks import Task, answer_call, read_result

_MEMORY_S = 0.05  # how often the memory of workers is looked at
_ALIVE_S = 1.0  # how often it is checked that busy workers live: one may die, its pipe held open
_START_S = 60.0  # how long a worker may take to come up
_MAX_FAILED_STARTS = 3  # in a row, before the executor gives up
_MAX_KILLED_STARTS = 20  # the same for workers that somebody kills on their way
_ENDING_S = 5.0  # how long what a dead worker started may take to end, before its status is known


class Processes(cf.Executor, TrialExecutor):
    """An executor of processes that are kept, with limits for each task.

    Args:
        n_workers: How many processes.
        limits: Bounds for one task, "time_s" and "memory_mb" (resident, of the process and its
            children, beyond what they held when the task began). A process that holds more than
            half of that between two tasks is replaced.
        resources: What each worker gets, "cpu" and "gpu"; see `slots`.

    Raises:
        PlatformError: The system cannot end what a task has started, or bind processes to cores.
        ResourceError: The machine does not have the resources.
        ValueError: No workers; a limit that is unknown or not positive.
    """

    def __init__(
        self,
        n_workers: int,
        limits: Mapping[str, float] | None = None,
        resources: Mapping[str, float] | None = None,
    ) -> None:
        require_supervisors(sys.platform)
        self.n_workers = check_whole("n_workers", n_workers)
        self._limits = TaskLimits.parse(limits)

        need = resources or {}
        if need.get("cpu"):
            require_cores_can_be_bound()
        self._slots = slots(
            n_workers, need, cores() if need.get("cpu") else [], gpus() if need.get("gpu") else []
        )
        self._n_threads = int(need.get("cpu") or max(1, len(cores()) // n_workers))

        self._workers: list[ChildProcess] = []
        self._queue: deque[Task] = deque()
        # Tasks that were ended: their futures are settled once the lock is free.
        self._ended: list[tuple[Task, Exception]] = []
        self._lock = threading.RLock()
        self._closed = False
        self._cleaned_up = False
        self._broken: NoWorkerError | None = None
        self._failed_starts = 0

        self._wake_out, self._wake_in = os.pipe()
        self._thread: threading.Thread | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> cf.Future[Any]:
        """Run fn(*args) in a worker; what `put` returned travels once."""
        if kwargs:
            raise TypeError("keyword arguments do not travel; use functools.partial")
        return self.submit_with_calls({}, fn, *args)

    def submit_with_calls(
        self, calls: Mapping[str, Callable[..., Any]], fn: Callable[..., Any], /, *args: Any
    ) -> cf.Future[Any]:
        task = Task(calls, fn, args)
        with self._lock:
            if self._broken is not None:
                raise self._broken
            if self._closed:
                raise RuntimeError("this executor has been shut down")
            if self._thread is None:
                for slot in self._slots:
                    self._workers.append(self._start(slot))
                self._thread = threading.Thread(target=self._serve, daemon=True)
                self._thread.start()
            self._queue.append(task)
            self._dispatch()
            os.write(self._wake_in, b".")  # the thread sees to its limits
        return task.future

    def put(self, value: Any) -> Shared:
        """Return a stand-in for an argument that many tasks share, pickled once."""
        return Shared(value)

    def _dispatch(self) -> None:
        """Send queued tasks to idle workers."""
        for worker in self._workers:
            while worker.is_ready and worker.task is None and self._queue:
                task = self._queue.popleft()
                if task.future.set_running_or_notify_cancel():
                    if self._limits.memory_bytes:
                        worker.memory.begin()
                    task.deadline = time.monotonic() + self._limits.time_s
                    try:
                        worker.send(task)
                    except Exception as e:  # what cannot be pickled
                        self._ended.append((task, e))

    def _start(self, slot: Slot) -> ChildProcess:
        settings = {
            "cwd": os.getcwd(),
            "argv": sys.argv,
            "limit_bytes": self._limits.memory_bytes,
        }
        try:
            return ChildProcess(settings, slot, self._n_threads)
        except OSError as e:
            if not is_exhausted(e):
                raise
            raise NoWorkerError(f"no worker process can be started: {e}") from e

    # -- the thread that listens to the workers

    def _serve(self) -> None:
        try:
            look_at_memory = 0.0
            while not self._closed:
                look_at_memory = self._handle_events(look_at_memory)
        except Exception as e:  # nobody must be left waiting
            with self._lock:
                self._give_up(e)
        self._settle_futures()

    def _handle_events(self, look_at_memory: float) -> float:
        """Wait for what happens next, and see to it.

        Args:
            look_at_memory: When the memory of workers is looked at, by time.monotonic.

        Returns:
            The next such time.
        """
        with self._lock:
            deadlines = [w.task.deadline for w in self._workers if w.task is not None]
            starting = [w.started + _START_S for w in self._workers if not w.is_ready]
            connections = {w.connection: w for w in self._workers}

        pauses = [until - time.monotonic() for until in (*deadlines, *starting)]
        if deadlines:
            pauses.append(_MEMORY_S if self._limits.memory_bytes else _ALIVE_S)

        waited_for: list[Any] = [*connections, self._wake_out]
        for ready in wait(waited_for, max(min(pauses), 0.0) if pauses else None):
            if ready == self._wake_out:
                os.read(self._wake_out, 4096)
            else:
                self._receive(connections[ready])  # type: ignore[index]

        now = time.monotonic()
        with self._lock:
            for worker in list(self._workers):
                self._check(worker, now, bool(self._limits.memory_bytes) and now >= look_at_memory)
        self._settle_futures()
        return now + _MEMORY_S if now >= look_at_memory else look_at_memory

    def _settle_futures(self) -> None:
        """Settle the futures of ended tasks, outside the lock: their callbacks are not ours."""
        while self._ended:
            task, error = self._ended.pop()
            if not task.future.done():
                task.settle(error)

    def _receive(self, worker: ChildProcess) -> None:
        """Read a worker's message: that it is ready, a call, a result, or the end of its pipe."""
        try:
            message = pickle.loads(worker.connection.recv_bytes())
        except (EOFError, OSError):
            with self._lock:
                self._remove_dead_worker(worker)
            return
        if message[0] == "ready":
            with self._lock:
                worker.is_ready = True
                self._failed_starts = 0
                self._dispatch()
            return
        if message[0] == "call":
            answer = answer_call(worker.task, *message[1:])
            with contextlib.suppress(OSError):
                worker.connection.send_bytes(answer)
            return
        with self._lock:
            task = worker.task
            worker.task = None
            if self._limits.memory_bytes and self._limits.is_too_much_left(
                worker.memory.left_bytes()
            ):
                self._replace(worker)
            self._dispatch()
        if task is not None:
            task.settle(*read_result(*message[1:]))

    def _check(self, worker: ChildProcess, now: float, look_at_memory: bool) -> None:
        """End a worker that is beyond its limits, that has died, or that never came up."""
        task = worker.task
        if not worker.is_ready and now - worker.started > _START_S:
            self._remove_dead_worker(worker)
        if task is None:
            return
        if now >= task.deadline:
            worker.verdict = self._limits.timeout_error()
        elif look_at_memory:
            used = worker.memory.used_bytes(self._limits.memory_bytes)
            if used > self._limits.memory_bytes:
                worker.verdict = self._limits.memory_error(used, worker.memory.before_bytes)
        died = worker.has_died()
        if worker.verdict is not None or died:
            self._remove_dead_worker(worker)

    def _remove_dead_worker(self, worker: ChildProcess) -> None:
        """Remove a worker that has died or is to be ended, and start another in its place."""
        if worker not in self._workers:
            return
        error = worker.verdict or error_from_exit_code(worker.process.wait(_ENDING_S))
        worker.kill()
        self._workers.remove(worker)
        if worker.task is not None:
            self._ended.append((worker.task, error))

        self._failed_starts += not worker.is_ready
        killed = isinstance(error, WorkerDiedError) and error.killed
        if self._failed_starts >= (_MAX_KILLED_STARTS if killed else _MAX_FAILED_STARTS):
            self._give_up(error)
        elif not self._closed:
            self._workers.append(self._start(worker.slot))

    def _replace(self, worker: ChildProcess) -> None:
        """End an idle worker, and start another in its place."""
        worker.kill()
        self._workers.remove(worker)
        self._workers.append(self._start(worker.slot))

    def _give_up(self, reason: Exception) -> None:
        """End all tasks, as no worker can be kept."""
        self._broken = NoWorkerError(
            f"no worker process can be kept ({type(reason).__name__}: {reason})"
        )
        self._closed = True
        self._end_tasks(self._workers, self._broken, self._broken)

    def _end_tasks(
        self, workers: list[ChildProcess], running: Exception, queued: Exception
    ) -> None:
        """End the tasks of these workers with one error, and those in the queue with another."""
        self._ended += [(w.task, running) for w in workers if w.task is not None]
        self._ended += [
            (task, queued) for task in self._queue if task.future.set_running_or_notify_cancel()
        ]
        self._queue.clear()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; with wait=False at once, whatever they are doing.

        Args:
            wait: Let running and queued tasks finish first.
            cancel_futures: Cancel the queued ones.
        """
        with self._lock:
            if cancel_futures:
                for task in self._queue:
                    if task.future.cancel():
                        task.future.set_running_or_notify_cancel()
                self._queue.clear()
            pending = [w.task.future for w in self._workers if w.task]
            pending += [task.future for task in self._queue]
        if wait and not self._closed:
            cf.wait(pending)

        with self._lock:
            self._closed = True
            workers = self._workers
            self._workers = []
            shut_down = WorkerDiedError("the executor was shut down", killed=True)
            self._end_tasks(workers, shut_down, cf.CancelledError())
            cleaned_up = self._cleaned_up
            self._cleaned_up = True
        if cleaned_up:
            return
        if self._thread is not None:
            os.write(self._wake_in, b".")
            if threading.current_thread() is not self._thread:
                self._thread.join(5.0)
        for worker in workers:
            worker.process.ask_to_end()  # all at the same time
        for worker in workers:
            worker.kill()
        self._settle_futures()
        os.close(self._wake_in)
        os.close(self._wake_out)
