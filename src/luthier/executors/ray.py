"""Tasks in actors of a Ray cluster, which are kept, watched, and can be ended one by one.

An actor is the other end of a conversation, as a process of `Processes` is, with the same messages:
it is handed a task, and answers with what the task asks of this process, or with what became of it.
So nothing but this process ever touches the study's storage, wherever the actor runs.
"""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
import logging
import math
import os
import pickle
import queue
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import cloudpickle
import ray
from ray.exceptions import GetTimeoutError, RayError

from ..errors import ResourceError, TrialMemoryError, TrialTimeoutError, WorkerDiedError
from .actor import Actor, why
from .processes import Shared, _answered, _Task
from .resources import _on_one, cores
from .sharing import Handle, placed
from .worker import Key

logger = logging.getLogger("luthier")

_CAPACITY_S = 1.0  # how often the cluster is looked at, where it may have grown or shrunk
_ACTOR: Any = ray.remote(Actor)
_STARTS = 10  # how often in a row an actor may fail to come up
_STOP_S = 10.0  # how long threads may take to notice the end


class Put(Shared):
    """An argument in Ray's object store.

    Actors read it from there once, however many tasks use it.
    """

    def __init__(self, value: Any) -> None:
        self.key = next(self._keys)
        try:
            self.ref = ray.put(value)
        except Exception as e:
            raise TypeError(
                f"{value!r:.200} cannot be sent to Ray's actors: {why(e.__cause__ or e)}"
            ) from e


class Ray(cf.Executor):
    """An executor of actors on a Ray cluster, with limits for each task.

    It joins the cluster this process is connected to; or the one at `address`, that RAY_ADDRESS
    names, or that was begun on this machine by `ray start`; or begins one on this machine, and ends
    it with `shutdown`. An actor that dies is replaced: its task fails with `WorkerDiedError`.

    Args:
        n_workers: How many actors at most; -1 for as many as the cluster has room for, which is
            looked at again and again. Those that find no room wait for it, the others work.
        resources: What each actor needs: "cpu", "gpu" (whole, or a fraction of one), and whatever
            else the cluster's nodes offer by name. One CPU where None.
        limits: Bounds for one task, "seconds" and "memory_mb" (of the actor and its children,
            without what it reads from the object store).
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
        self.address = address
        self._need = _checked(resources)
        self._any_room = resources is None  # nobody said what a trial needs
        self._seconds = (limits or {}).get("seconds", math.inf)
        self._bytes = int((limits or {}).get("memory_mb", 0) * 2**20)
        self._lock = threading.RLock()
        self._queue: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._tasks: set[_Task] = set()  # whose futures are not done
        self._actors: set[Any] = set()  # all of them, also those that are not up yet
        self._up = 0
        self._threads: list[threading.Thread] = []
        self._wanted = 0
        self._look = 0.0
        self._handles: weakref.WeakKeyDictionary[Handle[Any], Any] = weakref.WeakKeyDictionary()
        self._leave: Callable[[], None] | None = (
            None  # how to let go of the cluster, once there is one
        )
        self._closed = False
        self._failed_starts = 0
        self._broken: WorkerDiedError | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> cf.Future[Any]:
        """Runs fn(*args) in an actor; what `put` returned is fetched by each actor once."""
        if kwargs:
            raise TypeError("keyword arguments do not travel; use functools.partial")
        return self.submit_with_calls({}, fn, *args)

    def submit_with_calls(
        self, calls: Mapping[str, Callable[..., Any]], fn: Callable[..., Any], /, *args: Any
    ) -> cf.Future[Any]:
        """Runs fn(*args) in an actor, where `worker.call(name, ...)` runs calls[name](...) in a thread of this process.

        Raises:
            WorkerDiedError: No actor can be kept.
            ResourceError: The cluster that was begun here cannot hold the workers.
            RuntimeError: The executor has been shut down.
        """
        task = _Task(calls, fn, args)
        self._grow()
        with self._lock:
            if self._broken is not None:
                raise self._broken
            self._tasks.add(task)
            self._queue.put(task)
        return task.future

    def put(self, value: Any) -> Put:
        """Puts an argument of tasks into the object store, and the data of handles in it, once each."""
        self._join()
        with placed(self._placed):
            return Put(value)

    def room(self) -> int:
        """How many tasks find an actor now; at least one, which then waits for it."""
        self._grow()
        return max(1, self._up)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the actors; with wait=False at once, whatever they are doing.

        A cluster that was there stays.

        Args:
            wait: Let running and queued tasks finish first.
            cancel_futures: Forget the queued ones.
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
        for actor in actors:
            _kill(actor)
        until = time.monotonic() + _STOP_S
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))
        for task in list(self._tasks):
            self._tell(task, WorkerDiedError("the executor was shut down", killed=True))
        self._handles.clear()
        if leave is not None:
            leave()

    # -- the cluster
    # ------------------------------------------------------------------------------------------

    def _join(self) -> None:
        """Connects to the cluster, if that has not been done."""
        with self._lock:
            if self._closed:
                raise RuntimeError("this executor has been shut down")
            if self._leave is not None:
                return
            if ray.is_initialized():
                self._leave = _stay
            else:
                n_cpus = max(len(cores()), self.n_workers) if self._any_room else len(cores())
                self._leave, begun = _connect(self.address, n_cpus)
                fit = _capacity(self._need) if begun else math.inf
                if fit < max(1, self.n_workers):
                    leave = self._leave
                    self._leave = None
                    leave()
                    raise ResourceError(
                        f"{max(1, self.n_workers)} workers with {self._need} each do not fit on "
                        "this machine, which "
                        f"has room for {fit}; lower n_jobs or the resources, or connect to a "
                        "larger cluster by ray.init"
                    )
            if not _capacity(self._need):
                logger.warning(
                    "no node of the Ray cluster offers %s; waiting for one that does", self._need
                )

    def _grow(self) -> None:
        """Sees to it that there is a thread for each actor that should be."""
        self._join()
        with self._lock:
            if self.n_workers != -1:
                self._wanted = self.n_workers
            elif time.monotonic() >= self._look:
                self._wanted = max(1, _capacity(self._need))
                self._look = time.monotonic() + _CAPACITY_S
            while len(self._threads) < self._wanted and self._broken is None:
                self._threads.append(threading.Thread(target=self._keep, daemon=True))
                self._threads[-1].start()

    def _placed(self, handle: Handle[Any]) -> Callable[[], Any]:
        if handle not in self._handles:
            self._handles[handle] = ray.put(handle.get())
        return partial(ray.get, self._handles[handle])

    # -- a thread for each actor
    # ------------------------------------------------------------------------------------

    def _keep(self) -> None:
        """Keeps one actor up and gives it one task after the other."""
        try:
            while (actor := self._start()) is not None:
                with self._lock:
                    self._up += 1
                try:
                    while (task := self._queue.get()) is not None:
                        if self._put_back(actor, task) or not self._run(actor, task):
                            break
                finally:
                    with self._lock:
                        self._up -= 1
                    self._drop(actor)
        except Exception as e:  # the cluster is gone; nobody must be left waiting
            self._break(e)
        finally:
            with self._lock:
                self._threads.remove(threading.current_thread())

    def _start(self) -> Any:
        """An actor that is up; None when none is wanted any more."""
        settings = {
            "cwd": os.getcwd(),
            "path": sys.path,
            "argv": sys.argv,
            "limit_bytes": self._bytes,
        }
        while True:
            with self._lock:
                if self._closed or self._broken is not None:
                    return None
                actor = _ACTOR.options(**_options(self._need)).remote(settings)
                self._actors.add(actor)
            ready = actor.ready.remote()
            try:
                while True:
                    try:
                        ray.get(ready, timeout=_CAPACITY_S)
                        self._failed_starts = 0
                        return actor
                    except GetTimeoutError:
                        if len(self._threads) > self._wanted:  # the cluster has shrunk
                            self._drop(actor)
                            return None
            except RayError as e:
                self._drop(actor)
                with self._lock:
                    self._failed_starts += 1
                if self._failed_starts >= _STARTS and not self._closed:
                    self._break(e)

    def _put_back(self, actor: Any, task: _Task) -> bool:
        """Whether an actor has died while it was idle.

        Its task, which never ran, is then left to another.
        """
        try:
            ray.get(actor.ready.remote())
        except Exception:
            with self._lock:
                if self._closed or self._broken is not None:  # there will be no other
                    return False
                self._queue.put(task)
            return True
        return False

    def _run(self, actor: Any, task: _Task) -> bool:
        """Has an actor run a task; whether it can be given another."""
        if not task.future.set_running_or_notify_cancel():
            self._tasks.discard(task)
            return True
        try:
            refs = {a.key: a.ref for a in task.args if isinstance(a, Put)}
            args = tuple(Key(a.key) if isinstance(a, Put) else a for a in task.args)
            message = cloudpickle.dumps((task.fn, args, {}))
        except Exception as e:  # what cannot be pickled
            self._tell(task, e)
            return True
        deadline = time.monotonic() + self._seconds
        error: Exception
        try:
            heard = actor.run.remote(message, refs)
            while True:
                left_s = None if deadline == math.inf else max(deadline - time.monotonic(), 0.0)
                kind, *content = pickle.loads(ray.get(heard, timeout=left_s))
                if kind != "call":
                    break
                heard = actor.answer.remote(_answered(task, *content))
            if kind == "done":
                self._tell(task, *_read(*content))
                return True
            error = TrialMemoryError(
                f"used {content[0] / 2**20:.0f} MB, more than its limit of {self._bytes / 2**20:g} "
                "MB, and was ended"
            )
        except GetTimeoutError:
            error = TrialTimeoutError(
                f"ran longer than its limit of {self._seconds:g} s and was ended"
            )
        except Exception as e:  # whether it was killed or its objective crashed, Ray does not say
            reason = (
                "the executor was shut down" if self._closed else f"its Ray actor died: {why(e)}"
            )
            error = WorkerDiedError(reason, killed=True)
        self._drop(actor)
        self._tell(task, error)
        return False

    def _drop(self, actor: Any) -> None:
        with self._lock:
            self._actors.discard(actor)
        _kill(actor)

    def _tell(self, task: _Task, error: BaseException | None, content: Any = None) -> None:
        with self._lock:
            if task not in self._tasks:
                return
            self._tasks.remove(task)
        task.future.set_result(content) if error is None else task.future.set_exception(error)

    def _queued(self) -> Iterator[_Task]:
        """Takes back what no actor has got yet."""
        with contextlib.suppress(queue.Empty):
            while True:
                task = self._queue.get_nowait()
                if task is not None:
                    yield task

    def _cancel(self) -> None:
        for task in self._queued():
            task.future.cancel()
            task.future.set_running_or_notify_cancel()
            self._tasks.discard(task)

    def _break(self, reason: Exception) -> None:
        """Gives up: whatever waits is told."""
        with self._lock:
            if self._broken is None:
                text = (
                    f"no actor can be kept on the Ray cluster ({type(reason).__name__}: "
                    f"{why(reason)})"
                )
                self._broken = WorkerDiedError(text, killed=True)
            threads = list(self._threads)
        for task in self._queued():
            if task.future.set_running_or_notify_cancel():
                self._tell(task, self._broken)
        for _ in threads:
            self._queue.put(None)


def _checked(resources: Mapping[str, float] | None) -> dict[str, float]:
    """What a worker needs, by luthier's names."""
    need = {"cpu": 1.0} if resources is None else dict(resources)
    for name, amount in need.items():
        if (
            isinstance(amount, bool)
            or not isinstance(amount, int | float)
            or not 0 <= amount < math.inf
        ):
            raise ResourceError(f"{name!r} is a number >= 0, got {amount!r}")
        if amount > 1 and amount != int(amount):
            raise ResourceError(f"{name!r} is a fraction of one, or a whole number, got {amount!r}")
    if not any(need.values()):
        raise ResourceError(
            f"a worker must need something of the cluster, such as {{'cpu': 1}}, got {need!r}"
        )
    return need


def _options(need: Mapping[str, float]) -> dict[str, Any]:
    """A need as Ray wants to be told."""
    others = {
        name: amount for name, amount in need.items() if name not in ("cpu", "gpu") and amount
    }
    return {
        "num_cpus": need.get("cpu", 0),
        "num_gpus": need.get("gpu", 0),
        "resources": others,
        "max_restarts": 0,
        "max_task_retries": 0,
    }


def _capacity(need: Mapping[str, float]) -> int:
    """How many workers fit on the nodes that are alive, if nobody else is there."""
    n = 0
    for node in ray.nodes():
        have = node["Resources"] if node["Alive"] else {}
        fits = []
        for name, amount in need.items():
            offered = have.get({"cpu": "CPU", "gpu": "GPU"}.get(name, name), 0.0)
            if amount:
                fits.append(
                    int(offered) * _on_one(amount)
                    if name == "gpu" and amount <= 1
                    else int(offered / amount + 1e-9)
                )
        n += min(fits)
    return n


def _connect(address: str | None, n_cpus: int) -> tuple[Callable[[], None], bool]:
    """Joins a cluster, or begins one here; how to let go of it, and whether it was begun."""
    before, handler = dict(os.environ), signal.getsignal(signal.SIGTERM)

    def leave() -> None:
        ray.shutdown()
        for name in {n for n in {*os.environ, *before} if n.startswith("RAY_")} | {
            "PYTHONBREAKPOINT"
        }:
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        try:
            ray.init(address, num_cpus=n_cpus, include_dashboard=False, **quiet)
            return leave, True
        except ValueError:  # there is one already, whose CPUs are what they are
            ray.init(address, logging_level=logging.WARNING)
            return leave, False
    except BaseException:
        leave()
        raise
    finally:  # Ray sets one of its own
        if handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)


def _stay() -> None:
    """How to let go of a cluster that somebody else holds."""


def _kill(actor: Any) -> None:
    if ray.is_initialized():
        with contextlib.suppress(Exception):
            ray.kill(actor)


def _read(ok: bool, blob: bytes, text: str) -> tuple[BaseException | None, Any]:
    """What became of a task: its exception, or its result."""
    try:
        content = pickle.loads(blob)
    except Exception as e:
        return RuntimeError(f"{text} cannot be read here: {type(e).__name__}: {e}"), None
    return (None, content) if ok else (content, None)
