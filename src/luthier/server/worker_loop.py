"""The other end of `WorkerProcesses`: a process that runs handlers of the service, one at a time.

Requests and responses are messages in MessagePack on stdin and stdout, each after its length. Only
the first, from the service itself, is pickled: the storage and the limits.
"""

from __future__ import annotations

import os
import pickle
import queue
import struct
import sys
import threading
from typing import BinaryIO, NamedTuple

import msgspec

from ..storages import Storage
from .handling import TOO_EXPENSIVE, Job, run_handler
from .request import RequestError
from .request_log import configure_log
from .routes import make_routes

LENGTH = struct.Struct(">Q")


class Settings(NamedTuple):
    """What a worker process is told at its start.

    Attributes:
        storage: Where the studies live.
        checkpoints: A folder or URL below which studies may have their own places; None for none.
        max_body: Largest request in bytes.
        max_memory: How much memory the process may use, in bytes.
    """

    storage: Storage
    checkpoints: str | None
    max_body: int
    max_memory: int


class Reply(msgspec.Struct, omit_defaults=True):
    """A response, see `Answer`, or the error that refuses it: see `RequestError`."""

    status: int
    content: bytes = b""
    kind: str = ""
    message: str = ""
    retry_after_s: float | None = None
    tag: str = ""
    file: str = ""
    media_type: str = ""


def run_worker() -> None:
    """Run handlers until the service hangs up."""
    # Whatever else is printed is no message.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "rb")
    settings: Settings = pickle.loads(_receive(requests))
    configure_log()
    routes = {
        route.name: route
        for route in make_routes(settings.storage, settings.checkpoints, settings.max_body)
    }
    _limit_memory(settings.max_memory)
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, jobs), daemon=True).start()

    read = msgspec.msgpack.Decoder(Job).decode
    write = msgspec.msgpack.Encoder().encode
    reply = Reply(200)  # it is up
    while True:
        message = write(reply)
        replies.write(LENGTH.pack(len(message)) + message)
        replies.flush()
        if reply.kind == TOO_EXPENSIVE:
            os._exit(0)  # what has come since has not begun, and needs a process with memory
        job = read(jobs.get())
        try:
            answer = run_handler(routes[job.route], job)
            reply = Reply(
                answer.status,
                answer.content,
                tag=answer.tag,
                file=answer.file,
                media_type=answer.media_type,
            )
        except RequestError as e:
            reply = Reply(e.status, b"", e.kind, str(e), e.retry_after_s)


def _receive(stream: BinaryIO) -> bytes:
    """The next message.

    Raises:
        EOFError: The service has hung up.
    """
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    return stream.read(*LENGTH.unpack(head))


def _listen(stream: BinaryIO, jobs: queue.SimpleQueue[bytes]) -> None:
    """Pass messages on; end the process with the service, whatever it is doing."""
    while True:
        try:
            jobs.put(_receive(stream))
        except (EOFError, OSError):
            os._exit(0)


def _limit_memory(max_bytes: int) -> None:
    """Let the process use so much memory, where the system can see to it."""
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
