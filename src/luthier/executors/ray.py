"""Tasks in actors of a Ray cluster, which are kept, watched, and can be ended one by one.

An actor is the other end of a conversation, as a process of `Processes` is, with the same messages:
it is handed a task, and answers with what the task asks of this process, or with what became of it.
So nothing but this process ever touches the study's storage, wherever the actor runs.
"""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
import math
import os
import pickle
import queue
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError

from ..errors import NoWorkerError, ResourceError, WorkerDiedError
from ..terminal import logger
from . import actor, ray_cluster
from .contract import ElasticExecutor
from .limits import TaskLimits
from .resources import cores
from .sharing import Handle, place_handles
from .tasks import Argument, Task, answer_call, read_result

_CAPACITY_S = 1.0  # how often the cluster is looked at, where it may have grown or shrunk
_MAX_FAILED_STARTS = 10  # how often in a row an actor may fail to come up
_STOP_S = 10.0  # how long threads may take to notice the end


class Put(Argument):
    """Argument of tasks in Ray's object store, from which each actor reads it once."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        try:
            self.ref = ray.put(value)
        except Exception as e:
            raise TypeError(
                f"{value!r:.200} cannot be sent to Ray's actors: {actor.reason(e.__cause__ or e)}"
            ) from e


class Ray(cf.Executor, ElasticExecutor):
    """An executor of actors on a Ray cluster, with limits for each task.

    It joins the cluster this process is connected to; or the one at `address`, that RAY_ADDRESS
    names, or that was begun on this machine by `ray start`; or begins one on this machine, and ends
    it with `shutdown`. An actor that dies is replaced: its task fails with `WorkerDiedError`.

    Args:
        n_workers: How many actors at most; -1 for as many as the cluster has room for, which is
            looked at again and again. Those that find no room wait for it, the others work.
        resources: What each actor needs: "cpu", "gpu" (whole, or a fraction of one), and whatever
            else the cluster's nodes offer by name. One CPU where None.
        limits: Bounds for one task, "time_s" and "memory_mb" (of the actor and its children,
            beyond what they held when the task began, and without what it reads from the object
            store). An actor that holds more than half of that between two tasks is replaced.
        address: As for `ray.init`: "host:port", "auto" for any cluster on this machine, "local" for
            one of its own.

    Raises:
        MissingDependencyError: Ray is not installed.
        ResourceError: The need makes no sense.
        ValueError: No workers; a limit that is unknown or not positive.
    """

    def __init__(
        self,
        n_workers: int = -1,
        resources: Mapping[str, float] | None = None,
        limits: Mapping[str, float] | None = None,
        address: str | None = None,
    ) -> None:
        if n_workers != -1 and n_workers < 1:
            raise ValueError(f"n_workers must be >= 1, or -1 for as many as fit, got {n_workers!r}")
        self.n_workers = n_workers
        self.address = address
        self._limits = TaskLimits.parse(limits)
        self._need = ray_cluster.check_need(resources)
        self._any_need = resources is None  # nobody said what a trial needs

        self._lock = threading.RLock()
        self._queue: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._tasks: set[Task] = set()  # those whose futures are not done
        self._actors: set[Any] = set()  # all of them, also those that are not up yet
        self._n_up = 0
        self._threads: list[threading.Thread] = []
        self._n_wanted = 0
        self._look_at_capacity = 0.0  # when, by time.monotonic
        self._handles: weakref.WeakKeyDictionary[Handle[Any], Any] = weakref.WeakKeyDictionary()
        self._leave: Callable[[], None] | None = None  # leaves the cluster, once there is one
        self._closed = False
        self._failed_starts = 0
        self._broken: NoWorkerError | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> cf.Future[Any]:
        """Run fn(*args) in an actor; what `put` returned is fetched by each actor once."""
        if kwargs:
            raise TypeError("keyword arguments do not travel; use functools.partial")
        return self.submit_with_calls({}, fn, *args)

    def submit_with_calls(
        self, calls: Mapping[str, Callable[..., Any]], fn: Callable[..., Any], /, *args: Any
    ) -> cf.Future[Any]:
        """Run fn(*args) in an actor, which can call functions of this process.

        See `TrialExecutor`.

        Raises:
            NoWorkerError: No actor can be kept.
            ResourceError: The cluster that was begun here cannot hold the workers.
            RuntimeError: The executor has been shut down.
        """
        task = Task(calls, fn, args)
        self._grow()
        with self._lock:
            if self._broken is not None:
                raise self._broken
            self._tasks.add(task)
            self._queue.put(task)
        return task.future

    def put(self, value: Any) -> Put:
        """Put an argument of tasks into the object store, with the data of handles in it."""
        self._join()
        with place_handles(self._place):
            return Put(value)

    def room(self) -> int:
        """Return how many tasks find an actor now; at least 1, which may have to wait for it."""
        self._grow()
        return max(1, self._n_up)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the actors; with wait=False at once, whatever they are doing.

        A cluster that was there before stays.

        Args:
            wait: Let running and queued tasks finish first.
            cancel_futures: Cancel the queued ones.
        """
        if cancel_futures:
            self._cancel()
        if wait and not self._closed:
            cf.wait([task.future for task in list(self._tasks)])

        with self._lock:
            if self._closed and self._leave is None:
                return
            self._closed = True
            actors = list(self._actors)
            threads = list(self._threads)
            leave = self._leave
            self._leave = None
        self._cancel()
        for _ in threads:
            self._queue.put(None)
        for a in actors:
            ray_cluster.kill_actor(a)

        until = time.monotonic() + _STOP_S
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))
        for task in list(self._tasks):
            self._settle(task, WorkerDiedError("the executor was shut down", killed=True))
        self._handles.clear()
        if leave is not None:
            leave()

    # -- the cluster

    def _join(self) -> None:
        """Join the cluster, if that has not been done."""
        with self._lock:
            if self._closed:
                raise RuntimeError("this executor has been shut down")
            if self._leave is not None:
                return
            if ray.is_initialized():
                self._leave = ray_cluster.stay
            else:
                self._leave = self._connect()
            if not ray_cluster.cluster_capacity(self._need):
                logger.warning(
                    "no node of the Ray cluster offers %s; waiting for one that does", self._need
                )

    def _connect(self) -> Callable[[], None]:
        """Join a cluster or begin one here, and return how to leave it."""
        n_cpus = max(len(cores()), self.n_workers) if self._any_need else len(cores())
        leave, begun = ray_cluster.connect(self.address, n_cpus)
        n_wanted = max(1, self.n_workers)
        fit = ray_cluster.cluster_capacity(self._need) if begun else math.inf
        if fit < n_wanted:
            leave()
            raise ResourceError(
                f"{n_wanted} workers with {self._need} each do not fit on this machine, which has "
                f"room for {fit}; lower n_jobs or the resources, or connect to a larger cluster by "
                "ray.init"
            )
        return leave

    def _grow(self) -> None:
        """Start a thread for each actor that should be there."""
        self._join()
        with self._lock:
            if self.n_workers != -1:
                self._n_wanted = self.n_workers
            elif time.monotonic() >= self._look_at_capacity:
                self._n_wanted = max(1, ray_cluster.cluster_capacity(self._need))
                self._look_at_capacity = time.monotonic() + _CAPACITY_S
            while len(self._threads) < self._n_wanted and self._broken is None:
                self._threads.append(threading.Thread(target=self._keep_actor, daemon=True))
                self._threads[-1].start()

    def _place(self, handle: Handle[Any]) -> Callable[[], Any]:
        """Put the data of a handle into the object store, once; return what fetches it."""
        if handle not in self._handles:
            self._handles[handle] = ray.put(handle.get())
        return partial(ray.get, self._handles[handle])

    # -- a thread for each actor

    def _keep_actor(self) -> None:
        """Keep one actor up and give it one task after the other."""
        try:
            while (worker := self._start()) is not None:
                with self._lock:
                    self._n_up += 1
                try:
                    while (task := self._queue.get()) is not None:
                        if self._put_back(worker, task) or not self._run(worker, task):
                            break
                finally:
                    with self._lock:
                        self._n_up -= 1
                    self._drop(worker)
        except Exception as e:  # the cluster has ended; nobody must be left waiting
            self._give_up(e)
        finally:
            with self._lock:
                self._threads.remove(threading.current_thread())

    def _start(self) -> Any:
        """Return an actor that is up; None when none is wanted any more."""
        settings = {
            "cwd": os.getcwd(),
            "path": sys.path,
            "argv": sys.argv,
            "limit_bytes": self._limits.memory_bytes,
        }
        while True:
            with self._lock:
                if self._closed or self._broken is not None:
                    return None
                worker = ray_cluster.start_actor(self._need, settings)
                self._actors.add(worker)
            ready = worker.ready.remote()
            try:
                while True:
                    try:
                        ray.get(ready, timeout=_CAPACITY_S)
                        self._failed_starts = 0
                        return worker
                    except GetTimeoutError:
                        if len(self._threads) > self._n_wanted:  # the cluster has shrunk
                            self._drop(worker)
                            return None
            except RayError as e:
                self._drop(worker)
                with self._lock:
                    self._failed_starts += 1
                if self._failed_starts >= _MAX_FAILED_STARTS and not self._closed:
                    self._give_up(e)

    def _put_back(self, worker: Any, task: Task) -> bool:
        """Return whether an actor has died while it was idle.

        Its task, which never ran, is then left to another actor.
        """
        try:
            ray.get(worker.ready.remote())
        except Exception:
            with self._lock:
                if self._closed or self._broken is not None:  # there will be no other
                    return False
                self._queue.put(task)
            return True
        return False

    def _run(self, worker: Any, task: Task) -> bool:
        """Run a task in an actor and settle its future.

        Returns:
            Whether the actor can run another.
        """
        if not task.future.set_running_or_notify_cancel():
            self._tasks.discard(task)
            return True
        try:
            refs = {a.key: a.ref for a in task.args if isinstance(a, Put)}
            message = task.pack({})
        except Exception as e:  # what cannot be pickled
            self._settle(task, e)
            return True

        task.deadline = time.monotonic() + self._limits.time_s
        error: Exception
        try:
            kind, content = self._converse(worker, task, message, refs)
            if kind == "done":
                self._settle(task, *read_result(*content))
                return not (self._limits.memory_bytes and self._holds_too_much(worker))
            error = self._limits.memory_error(*content)
        except GetTimeoutError:
            error = self._limits.timeout_error()
        except Exception as e:  # whether it was killed or its objective crashed, Ray does not say
            text = f"its Ray actor died: {actor.reason(e)}"
            error = WorkerDiedError(
                "the executor was shut down" if self._closed else text, killed=True
            )
        self._drop(worker)
        self._settle(task, error)
        return False

    def _holds_too_much(self, worker: Any) -> bool:
        """Return whether earlier tasks have left so much in an actor that another takes over."""
        try:
            return self._limits.is_too_much_left(ray.get(worker.left_bytes.remote()))
        except RayError:  # it has died
            return True

    def _converse(
        self, worker: Any, task: Task, message: bytes, refs: Mapping[int, Any]
    ) -> tuple[str, list[Any]]:
        """Send a task to an actor and answer its calls.

        Returns:
            Its last message: "done" with the result, or "over" with the memory that it uses, and
            that it held before.
        """
        heard = worker.run.remote(message, refs)
        while True:
            left_s = None
            if task.deadline < math.inf:
                left_s = max(task.deadline - time.monotonic(), 0.0)
            kind, *content = pickle.loads(ray.get(heard, timeout=left_s))
            if kind != "call":
                return kind, content
            heard = worker.answer.remote(answer_call(task, *content))

    def _drop(self, worker: Any) -> None:
        with self._lock:
            self._actors.discard(worker)
        ray_cluster.kill_actor(worker)

    def _settle(self, task: Task, error: BaseException | None, result: Any = None) -> None:
        """Settle the future of a task, unless that has been done."""
        with self._lock:
            if task not in self._tasks:
                return
            self._tasks.remove(task)
        task.settle(error, result)

    def _take_queued(self) -> Iterator[Task]:
        """Take back the tasks that no actor has begun."""
        with contextlib.suppress(queue.Empty):
            while True:
                task = self._queue.get_nowait()
                if task is not None:
                    yield task

    def _cancel(self) -> None:
        for task in self._take_queued():
            task.future.cancel()
            task.future.set_running_or_notify_cancel()
            self._tasks.discard(task)

    def _give_up(self, reason: Exception) -> None:
        """End all tasks, as no actor can be kept."""
        with self._lock:
            if self._broken is None:
                self._broken = NoWorkerError(
                    f"no actor can be kept on the Ray cluster ({type(reason).__name__}: "
                    f"{actor.reason(reason)})",
                )
            threads = list(self._threads)
        for task in self._take_queued():
            if task.future.set_running_or_notify_cancel():
                self._settle(task, self._broken)
        for _ in threads:
            self._queue.put(None)
