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

_MEMORY_S = 0.1  # how often memory is looked at


class Actor:
    """Worker in a cluster: it runs tasks in a thread, and watches them from another.

    To a task it looks like the pipe of a `worker`.

    Args:
        settings: "cwd", "path", "argv" and "limit_bytes".
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._limit_bytes = settings["limit_bytes"]
        packaged = ray.get_runtime_context().runtime_env.get("working_dir")
        if os.path.isdir(settings["cwd"]) and not packaged:
            os.chdir(settings["cwd"])
        sys.path += [place for place in settings["path"] if place not in sys.path]
        sys.argv = settings["argv"]
        self._tasks: queue.SimpleQueue[tuple[bytes, Mapping[int, Any]]] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._messages: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        if self._limit_bytes:
            worker.bound_memory(_data_bytes() + 2 * self._limit_bytes)
        worker.connect(self)
        threading.Thread(target=self._work, daemon=True).start()

    def ready(self) -> None:
        """Answer once the actor is up."""

    def run(self, message: bytes, refs: Mapping[int, Any]) -> bytes:
        """Begin a task and return its first message: a call, or what became of it.

        Args:
            message: The task.
            refs: Where its shared arguments are in the object store, by key.
        """
        self._tasks.put((message, refs))
        return self._next_message()

    def answer(self, answer: bytes) -> bytes:
        """Answer the call of a task and return its next message."""
        self._answers.put(answer)
        return self._next_message()

    def send_bytes(self, message: bytes, /) -> None:
        """Send a message of the task; part of `worker.Pipe`."""
        self._messages.put(message)

    def recv_bytes(self) -> bytes:
        """Wait for the answer to a call; part of `worker.Pipe`."""
        return self._answers.get()

    def _next_message(self) -> bytes:
        while True:
            try:
                return self._messages.get(timeout=_MEMORY_S if self._limit_bytes else None)
            except queue.Empty:
                if (used := self._own_bytes()) > self._limit_bytes:
                    return pickle.dumps(("over", used))

    def _work(self) -> None:
        while True:
            message, refs = self._tasks.get()
            try:
                for key, ref in refs.items():
                    if key not in worker.arguments:
                        worker.arguments[key] = ray.get(ref)
            except Exception as e:
                self._messages.put(worker.pack_result(False, _unreadable(e)))
            else:
                self._messages.put(worker.run_task(message, self._limit_bytes))
            if self._limit_bytes:
                gc.collect()

    def _own_bytes(self) -> int:
        """Return the resident memory of this process and its children that no other shares."""
        total = 0
        me = psutil.Process()
        for process in (me, *me.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                info = process.memory_info()
                total += info.rss - getattr(info, "shared", 0)
        return total


def _data_bytes() -> int:
    """Return what counts already under the system's bound: the stacks of Ray's many threads."""
    info = psutil.Process().memory_info()
    return int(getattr(info, "data", info.vms))


def _unreadable(e: Exception) -> RuntimeError:
    where = ray.util.get_node_ip_address()
    return RuntimeError(
        f"the objective cannot be read by a Ray actor on {where}: {reason(e)}; what it imports "
        "must be installed there, or travel by ray.init(runtime_env=...)"
    )


def reason(e: BaseException) -> str:
    """Return what an exception says, in one line; of Ray's exceptions the line that matters."""
    lines = str(e).strip().splitlines() or [type(e).__name__]
    dead = [line for line in lines if line.startswith("The actor is dead because")]
    return f"{lines[-1] if 'creation task' in lines[0] else (dead or lines)[0]:.300}"
