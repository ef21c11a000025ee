"""The other end of `Ray`: runs in a process of the cluster what it is sent, and watches it."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import queue
import sys
import threading
from collections.abc import Mapping
from typing import Any

import psutil
import ray

from . import worker

_LOOK_S = 0.1  # how often memory is looked at


class Actor:
    """The other end: runs in a process of the cluster what it is sent, in a thread, and watches it.

    To the task it looks like the pipe of a `worker`.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._limit_bytes = settings["limit_bytes"]
        if os.path.isdir(settings["cwd"]) and not ray.get_runtime_context().runtime_env.get(
            "working_dir"
        ):
            os.chdir(settings["cwd"])
        sys.path += [place for place in settings["path"] if place not in sys.path]
        sys.argv = settings["argv"]
        self._given: queue.SimpleQueue[tuple[bytes, Mapping[int, Any]]] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        if self._limit_bytes:
            worker._bound_memory(_data_bytes() + 2 * self._limit_bytes)
        worker._connection = self  # type: ignore[assignment]
        threading.Thread(target=self._work, daemon=True).start()

    def ready(self) -> None:
        """Answers once the actor is up."""

    def run(self, message: bytes, refs: Mapping[int, Any]) -> bytes:
        """Begins a task; what it says first."""
        self._given.put((message, refs))
        return self._heard()

    def answer(self, answer: bytes) -> bytes:
        """Answers what the task has asked; what it says next."""
        self._answers.put(answer)
        return self._heard()

    def send_bytes(self, message: bytes) -> None:
        self._said.put(message)

    def recv_bytes(self) -> bytes:
        return self._answers.get()

    def _heard(self) -> bytes:
        while True:
            try:
                return self._said.get(timeout=_LOOK_S if self._limit_bytes else None)
            except queue.Empty:
                if (used := self._used()) > self._limit_bytes:
                    return pickle.dumps(("over", used))

    def _work(self) -> None:
        while True:
            message, refs = self._given.get()
            try:
                for key, ref in refs.items():
                    if key not in worker._known:
                        worker._known[key] = ray.get(ref)
            except Exception as e:
                self._said.put(worker.packed(False, _unreadable(e)))
            else:
                self._said.put(worker._answer(message, self._limit_bytes))
            if self._limit_bytes:
                gc.collect()

    def _used(self) -> int:
        """Resident bytes of this process and its children, without what they share with others."""
        total, me = 0, psutil.Process()
        for process in (me, *me.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                info = process.memory_info()
                total += info.rss - getattr(info, "shared", 0)
        return total


def _data_bytes() -> int:
    """What the system's bound on memory counts already: the stacks of Ray's threads are large."""
    info = psutil.Process().memory_info()
    return int(getattr(info, "data", info.vms))


def _unreadable(e: Exception) -> RuntimeError:
    where = ray.util.get_node_ip_address()
    return RuntimeError(
        f"the objective cannot be read by a Ray actor on {where}: {why(e)}; what it imports must "
        "be installed "
        "there, or travel by ray.init(runtime_env=...)"
    )


def why(e: BaseException) -> str:
    """What an exception says, in one line; of Ray's, the line that matters."""
    lines = str(e).strip().splitlines() or [type(e).__name__]
    dead = [line for line in lines if line.startswith("The actor is dead because")]
    return f"{lines[-1] if 'creation task' in lines[0] else (dead or lines)[0]:.300}"
