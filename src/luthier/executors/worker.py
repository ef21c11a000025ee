"""The other end of `Processes`: a loop in a process of its own that runs what it is sent.

Messages are pickled by this library on both ends of a pipe between parent and child; nothing else is ever read.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from multiprocessing.connection import Client, Connection
from typing import Any

import cloudpickle

_connection: Connection | None = None
_known: dict[int, Any] = {}  # shared arguments by key, sent once


def call(name: str, *args: Any) -> Any:
    """Asks the parent to run one of the functions it registered with the task, and waits for the answer.

    Raises:
        Exception: What the function raised over there.
    """
    assert _connection is not None, "only a task in a worker process has somebody to call"
    _connection.send_bytes(pickle.dumps(("call", name, args)))
    ok, answer = pickle.loads(_connection.recv_bytes())
    if not ok:
        raise answer
    return answer


def serve(address: Any, authkey: bytes, memory_bytes: int | None) -> None:
    """Runs tasks until the parent hangs up."""
    global _connection
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_die_with_parent, daemon=True).start()
    if memory_bytes is not None:
        _bound_memory(memory_bytes)
    _connection = Client(address, authkey=authkey)
    _connection.send_bytes(pickle.dumps(("hello", os.getpid())))
    while True:
        try:
            message = _connection.recv_bytes()
        except (EOFError, OSError):
            return
        try:
            fn, args, new = pickle.loads(message)
            _known.update({key: pickle.loads(blob) for key, blob in new.items()})
            result = fn(*(_known[a.key] if isinstance(a, Key) else a for a in args))
            answer = _packed(("done", True, result))
        except BaseException as e:
            answer = _packed(("done", False, e))
        try:
            _connection.send_bytes(answer)
        except (BrokenPipeError, OSError):
            return


class Key:
    """Stands for an argument that the worker already has."""

    __slots__ = ("key",)

    def __init__(self, key: int) -> None:
        self.key = key


def _packed(message: tuple[str, bool, Any]) -> bytes:
    try:
        return bytes(cloudpickle.dumps(message))
    except Exception as e:  # a result or an exception that cannot travel: its text does
        kind, _, content = message
        if hasattr(content, "exception") and content.exception is not None:
            content.exception = RuntimeError(f"{type(content.exception).__name__}: {content.exception}")
            return bytes(cloudpickle.dumps((kind, True, content)))
        return bytes(cloudpickle.dumps((kind, False, RuntimeError(f"{content!r:.500} cannot be sent back: {e}"))))


def _die_with_parent() -> None:
    """Ends this process, and what it started, when the parent is gone: its end of our standard input closes."""
    while os.read(0, 4096):
        pass
    import psutil

    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.Error:
            continue
    os._exit(1)


def _bound_memory(memory_bytes: int) -> None:
    """A hard bound against one huge allocation between two looks of the parent, where the system has such bounds."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, hard))


def main() -> None:
    """Entry of the child process: settings come on standard input, one line of JSON."""
    import msgspec

    line = b""
    while not line.endswith(b"\n"):
        line += os.read(0, 1)
    settings = msgspec.json.decode(line)
    os.chdir(settings["cwd"])
    if settings["cpus"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, settings["cpus"])
    sys.argv = settings["argv"]
    serve(settings["address"], bytes.fromhex(settings["authkey"]), settings["memory_bytes"])
