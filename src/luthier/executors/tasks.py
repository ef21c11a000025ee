"""Tasks as executors hold them and send them to workers; the other end is `worker`."""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
import itertools
import math
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import cloudpickle

from .pickling import to_pickle
from .worker import Key

_keys = itertools.count()


class Argument:
    """Argument that each worker is sent once, however many tasks use it.

    Attributes:
        key: What stands for it in a task.
    """

    def __init__(self) -> None:
        self.key = next(_keys)


class Task:
    """Task that waits for a worker or runs in one.

    Attributes:
        calls: The functions of this process that it may call, by name.
        fn: What it runs.
        args: With these arguments.
        future: What becomes of it.
        deadline: When it is ended, by time.monotonic.
    """

    def __init__(
        self, calls: Mapping[str, Callable[..., Any]], fn: Callable[..., Any], args: tuple[Any, ...]
    ) -> None:
        self.calls = calls
        self.fn = fn
        self.args = args
        self.future: cf.Future[Any] = cf.Future()
        self.deadline = math.inf

    def pack(self, new: Mapping[int, bytes]) -> bytes:
        """Return the message that makes a worker run it.

        Args:
            new: Arguments that the worker does not have yet, pickled, by key.
        """
        args = tuple(Key(a.key) if isinstance(a, Argument) else a for a in self.args)
        return to_pickle((self.fn, args, new))

    def settle(self, error: BaseException | None, result: Any = None) -> None:
        """Set the exception of its future, or else the result."""
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


def answer_call(task: Task | None, name: str, args: tuple[Any, ...]) -> bytes:
    """Run a function that a task calls, and return the message with its result or exception."""
    try:
        if task is None:
            raise RuntimeError(f"{name!r} was called after its task had ended")
        return pickle.dumps((True, task.calls[name](*args)))
    except Exception as e:
        # An exception travels if it can be read again; otherwise its text does.
        with contextlib.suppress(Exception):
            answer = cloudpickle.dumps((False, e))
            pickle.loads(answer)
            return bytes(answer)
        return pickle.dumps((False, RuntimeError(f"{type(e).__name__}: {e}")))


def read_result(ok: bool, blob: bytes, text: str) -> tuple[BaseException | None, Any]:
    """Return the exception of a task, or None and its result.

    Args:
        ok: Whether it has a result.
        blob: The result or the exception, pickled.
        text: What to say of it where it cannot be read.
    """
    try:
        content = pickle.loads(blob)
    except Exception as e:
        return RuntimeError(f"{text} cannot be read here: {type(e).__name__}: {e}"), None
    return (None, content) if ok else (content, None)
