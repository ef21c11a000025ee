"""The other end of `Processes`: a loop in a process of its own that runs what it is sent.

Messages are pickled by this library on both ends of a pipe between parent and child; nothing else
is ever read.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Any, Protocol

import cloudpickle
from msgspec.structs import replace

from ..errors import TrialMemoryError

# Room for the libraries that a task loads, beside its memory, under the system's bound.
_LIBRARIES_BYTES = 2**28

arguments: dict[int, Any] = {}  # shared arguments by key, sent once


class Pipe(Protocol):
    """Channel of a worker's messages: a pipe, or what takes its place."""

    def send_bytes(self, message: bytes, /) -> None:
        """Send a message."""

    def recv_bytes(self) -> bytes:
        """Wait for a message and return it."""


class Key:
    """Stands for an argument that the worker already has."""

    __slots__ = ("key",)

    def __init__(self, key: int) -> None:
        self.key = key


_pipe: Pipe | None = None
_calling = threading.Lock()  # a call and its answer are not parted by those of another thread


def connect(pipe: Pipe) -> None:
    """Set the pipe through which tasks of this process call."""
    global _pipe
    _pipe = pipe


def call(name: str, *args: Any) -> Any:
    """Call one of the functions that came with the task, in the process that sent it.

    Raises:
        Exception: What the function raised over there.
    """
    assert _pipe is not None, "only a task in a worker process has somebody to call"
    with _calling:
        _pipe.send_bytes(pickle.dumps(("call", name, args)))
        ok, answer = pickle.loads(_pipe.recv_bytes())
    if not ok:
        raise answer
    return answer


def serve(pipe: Pipe, limit_bytes: int) -> None:
    """Run tasks until the parent hangs up."""
    connect(pipe)
    with contextlib.suppress(EOFError, OSError):
        pipe.send_bytes(pickle.dumps(("ready",)))
        while True:
            result = run_task(pipe.recv_bytes(), limit_bytes)
            if limit_bytes:  # so that what a failed task's traceback holds is not left to the next
                gc.collect()
            pipe.send_bytes(result)


def run_task(message: bytes, limit_bytes: int) -> bytes:
    """Run a task and return the message that says what became of it."""
    if limit_bytes:
        _bound_memory(2 * limit_bytes + _LIBRARIES_BYTES)
    try:
        fn, args, new = pickle.loads(message)
        arguments.update({key: pickle.loads(blob) for key, blob in new.items()})
        result = fn(*(arguments[a.key] if isinstance(a, Key) else a for a in args))
        error = getattr(result, "exception", None)
        if isinstance(error, BaseException):  # an outcome that carries what the objective raised
            error = _make_sendable(error, limit_bytes)
            result = replace(result, exception=error)
            if isinstance(error, TrialMemoryError):
                result = replace(result, error=f"TrialMemoryError: {error}\n{result.error}")
        return pack_result(True, result)
    except BaseException as e:
        return pack_result(False, _make_sendable(e, limit_bytes))


def pack_result(ok: bool, content: Any) -> bytes:
    """Return the message with a result or an exception, and what to say if it cannot be read."""
    text = str(getattr(content, "error", None) or type(content).__name__)
    try:
        blob = cloudpickle.dumps(content)
    except Exception as e:
        ok = False
        blob = pickle.dumps(RuntimeError(f"{text} cannot be sent back: {type(e).__name__}: {e}"))
    return pickle.dumps(("done", ok, blob, text))


def _make_sendable(e: BaseException, limit_bytes: int) -> BaseException:
    """Return an exception that can travel, of the same class, with its traceback as a note."""
    if limit_bytes and isinstance(e, MemoryError) and not isinstance(e, TrialMemoryError):
        return TrialMemoryError(
            f"needed more memory than its limit of {limit_bytes / 2**20:g} MB ({e})"
        )
    note = "in the worker process:\n" + "".join(traceback.format_exception(e))
    with contextlib.suppress(Exception):
        if type(pickle.loads(cloudpickle.dumps(e))) is type(e):
            e.add_note(note)
            return e
    try:
        text = str(e)
        cloudpickle.dumps(type(e))
        _rebuild(type(e), text, note)  # some classes, as groups, cannot be made from a text
    except Exception:
        return RuntimeError(f"{type(e).__name__}, which cannot be sent; {note}")
    return _StandIn(type(e), text, note)


class _StandIn(BaseException):
    """Exception that becomes one of another class when it arrives, with its text alone."""

    def __init__(self, kind: type[BaseException], text: str, note: str) -> None:
        super().__init__(text)
        self.parts = kind, text, note

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, self.parts


def _rebuild(kind: type[BaseException], text: str, note: str) -> BaseException:
    """Return an exception of a class, made from its text."""
    try:
        e = kind.__new__(kind)
        e.args = (text,)
        e.add_note(note)
    except Exception:  # a class that wants more than a text
        return RuntimeError(f"{kind.__name__}: {text}; {note}")
    return e


def _bound_memory(further_bytes: int) -> None:
    """Set the system's bound on memory, where it has one, this far above what is in use.

    It stops a huge allocation that comes between two looks of the parent.
    """
    import resource

    import psutil

    info = psutil.Process().memory_info()
    used_bytes = int(getattr(info, "data", info.vms))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(ValueError, OSError):  # a lower one was there before
        resource.setrlimit(resource.RLIMIT_DATA, (used_bytes + further_bytes, hard))


def run_worker(file: int) -> None:
    """Run the child process.

    Args:
        file: The number of its end of the pipe, from which settings come first, in JSON.
    """
    import msgspec

    os.set_inheritable(file, False)  # no program that the objective runs gets it
    pipe = Connection(file)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    try:
        settings = msgspec.json.decode(pipe.recv_bytes())
    except (EOFError, OSError):
        return  # the parent has ended already
    os.chdir(settings["cwd"])
    if settings["cpus"]:
        os.sched_setaffinity(0, settings["cpus"])
    sys.argv = settings["argv"]
    serve(pipe, settings["limit_bytes"])
