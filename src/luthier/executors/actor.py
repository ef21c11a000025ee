"""The other end of `Ray`: runs in a process of the cluster what it is sent, and watches it."""

from __future__ import annotations

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
from .task_memory import TaskMemory, private_bytes

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
        self._memory = TaskMemory(_family, private_bytes)  # without the object store
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
        if self._limit_bytes:
            self._memory.begin()
        self._tasks.put((message, refs))
        return self._next_message()

    def answer(self, answer: bytes) -> bytes:
        """Answer the call of a task and return its next message."""
        self._answers.put(answer)
        return self._next_message()

    def left_bytes(self) -> int:
        """Return how much is held now, between two tasks, of what earlier ones have left."""
        return self._memory.left_bytes()

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
                used = self._memory.used_bytes(self._limit_bytes)
                if used > self._limit_bytes:
                    return pickle.dumps(("over", used, self._memory.before_bytes))

    def _work(self) -> None:
        while True:
            message, refs = self._tasks.get()
            try:
                for key, ref in refs.items():
                    if key not in worker.arguments:
                        worker.arguments[key] = ray.get(ref)
            except Exception as e:
                result = worker.pack_result(False, _unreadable(e))
            else:
                result = worker.run_task(message, self._limit_bytes)
            if self._limit_bytes:  # so that what a traceback holds is not left to the next task
                gc.collect()
            self._messages.put(result)


def _family() -> list[psutil.Process]:
    me = psutil.Process()
    return [me, *me.children(recursive=True)]


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
