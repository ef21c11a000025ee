"""Processes that do what may take long, and are ended where it takes too long."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from weakref import WeakValueDictionary

import msgspec

from ..storages import Storage
from .handling import TOO_EXPENSIVE, Job
from .limits import Limits
from .request import RequestError
from .worker_loop import LENGTH, Reply, Settings

_QUICK_S = 1.0  # a study is quick whose last request took no longer, and slow otherwise
_MAX_PACES = 10_000  # studies whose pace is remembered
_SHORTEST_WAIT_S = 0.1
_RETRY_S = 1.0
_CODE = (
    "import sys; sys.path[:] = {path!r}; "
    "from luthier.server.worker_loop import run_worker; run_worker()"
)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Reply).decode


class WorkerProcess:
    """A fresh interpreter that runs handlers, one at a time.

    Attributes:
        studies: The studies that it has open, by the text in the address.
        began_s: When it was given what it works on, by time.monotonic.
        verdict: Why it was ended, where this process decided so.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.studies: set[str] = set()
        self.began_s = 0.0
        self.verdict: RequestError | None = None

    @classmethod
    async def start(cls, settings: bytes) -> WorkerProcess:
        """Start a process, and wait until it is up.

        Args:
            settings: The pickled `Settings`.

        Raises:
            RequestError: It has died.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _CODE.format(path=sys.path),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=dict.fromkeys(_THREADS, "1") | os.environ,
            start_new_session=True,  # Ctrl-C is for the service alone
        )
        worker = cls(process)
        try:
            await worker._exchange(settings)
        except BaseException:
            worker.kill()
            raise
        return worker

    async def run(self, job: Job) -> Reply:
        """What came of a request.

        Raises:
            RequestError: The process was ended, or has died.
        """
        return await self._exchange(_encode(job))

    async def _exchange(self, message: bytes) -> Reply:
        """Send a message and wait for the reply."""
        to_worker, from_worker = self._process.stdin, self._process.stdout
        assert to_worker is not None
        assert from_worker is not None
        try:
            to_worker.write(LENGTH.pack(len(message)))
            to_worker.write(message)
            await to_worker.drain()
            head = await from_worker.readexactly(LENGTH.size)
            return _decode(await from_worker.readexactly(*LENGTH.unpack(head)))
        except (asyncio.IncompleteReadError, OSError):
            if self.verdict is not None:
                raise self.verdict from None
            text = "the process that worked on it has died, perhaps for want of memory"
            raise RequestError(503, "ProcessDied", text, _RETRY_S) from None

    def kill(self, verdict: RequestError | None = None) -> None:
        """End the process, whatever it does."""
        self.verdict = self.verdict or verdict
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def wait(self) -> None:
        """Wait until the process is gone."""
        await self._process.wait()

    @property
    def lives(self) -> bool:
        """Whether the process has not ended."""
        return self._process.returncode is None


class WorkerProcesses:
    """Worker processes of the service; they run on the event loop's side without a thread.

    One study is worked on by one process at a time, by the same one where that is free, since it
    has the study's history. Who comes while all are taken waits for one to be free, at most until
    another has had its turn of `turn_s`, which is then ended. New studies leave one process to
    those that were quick, and slow ones another to both.

    Args:
        storage: Where the studies live; every process opens it.
        checkpoints: See `Settings`.
        limits: Limits on what clients may send.
    """

    def __init__(self, storage: Storage, checkpoints: str | None, limits: Limits) -> None:
        settings = Settings(storage, checkpoints, limits.max_body, limits.max_memory)
        self._settings = pickle.dumps(settings)
        self._work_s = limits.work_s
        self._turn_s = limits.turn_s
        self._lanes = [asyncio.Semaphore(max(limits.processes - i, 1)) for i in range(3)]
        self._took_s: OrderedDict[str, float] = OrderedDict()  # by the last request of a study
        self._idle: list[WorkerProcess] = []
        self._busy: set[WorkerProcess] = set()
        # A study's lock lives as long as some request uses it.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, study: str | None, job: Job) -> tuple[int, bytes]:
        """Status and body of the response to a request.

        Args:
            study: The study whose other work is waited for; None for studies to come.
            job: The request.

        Raises:
            RequestError: The request is refused, failed, or was ended.
        """
        async with contextlib.AsyncExitStack() as stack:
            if study is not None:
                lock = self._locks.setdefault(study, asyncio.Lock())
                await stack.enter_async_context(lock)
            for lane in reversed(self._lanes[: self._n_lanes(study or "")]):
                await stack.enter_async_context(self._holding(lane))
            reply = await self._run(study or "", job)
        if reply.kind:
            raise RequestError(reply.status, reply.kind, reply.message, reply.retry_after_s)
        return reply.status, reply.content

    async def close(self) -> None:
        """End all processes."""
        workers = [*self._idle, *self._busy]
        for worker in workers:
            worker.kill(RequestError(503, "Busy", "the service ends; come again", _RETRY_S))
        for worker in workers:
            await worker.wait()

    @contextlib.asynccontextmanager
    async def _holding(self, slots: asyncio.Semaphore) -> AsyncIterator[None]:
        """Hold one of some slots; whoever has had a turn is ended for it."""
        acquiring = asyncio.ensure_future(slots.acquire())
        try:
            while not acquiring.done():
                await asyncio.wait([acquiring], timeout=self._wait_s())
                if not acquiring.done():
                    self._end_longest()
        except BaseException:
            if not acquiring.cancel():
                slots.release()
            raise
        try:
            yield
        finally:
            slots.release()

    def _wait_s(self) -> float:
        """How long until another process has had its turn, in seconds."""
        began_s = min((worker.began_s for worker in self._busy), default=time.monotonic())
        return max(began_s + self._turn_s - time.monotonic(), _SHORTEST_WAIT_S)

    def _end_longest(self) -> None:
        """End the process that has worked longest on one request, if that is a turn or more."""
        longest = min(self._busy, key=lambda worker: worker.began_s, default=None)
        if longest is not None and time.monotonic() > longest.began_s + self._turn_s:
            longest.kill(_ended(self._turn_s, "others wait", 503, 2 * self._turn_s))

    async def _run(self, study: str, job: Job) -> Reply:
        """What came of a request; the process that took too long, or has died, is replaced."""
        worker = self._pick(study) or await WorkerProcess.start(self._settings)
        worker.studies.add(study)
        worker.began_s = time.monotonic()
        self._busy.add(worker)
        reply = None
        try:
            async with asyncio.timeout(self._work_s):
                reply = await worker.run(job)
        except TimeoutError:
            raise _ended(self._work_s, "no request may take longer", 504, None) from None
        finally:
            self._busy.discard(worker)
            if reply is None or reply.kind == TOO_EXPENSIVE:
                worker.kill()
            else:
                self._idle.append(worker)
            self._note_pace(study, time.monotonic() - worker.began_s)
        if reply.kind == TOO_EXPENSIVE and len(worker.studies) > 1:  # others may have filled it
            return await self._run(study, job)
        return reply

    def _pick(self, study: str) -> WorkerProcess | None:
        """Take the free process that has a study open, or else the one used last."""
        self._idle = [worker for worker in self._idle if worker.lives]
        found = next((worker for worker in self._idle if study in worker.studies), None)
        found = found or (self._idle[-1] if self._idle else None)
        if found is not None:
            self._idle.remove(found)
        return found

    def _n_lanes(self, study: str) -> int:
        """In how many lanes a study waits: one that was quick in one, a new one in two."""
        if study not in self._took_s:
            return 2
        return 1 if self._took_s[study] <= _QUICK_S else 3

    def _note_pace(self, study: str, took_s: float) -> None:
        """Remember how long the last request of a study took."""
        self._took_s.pop(study, None)
        self._took_s[study] = took_s
        if len(self._took_s) > _MAX_PACES:
            self._took_s.popitem(last=False)


def _ended(after_s: float, why: str, status: int, retry_after_s: float | None) -> RequestError:
    message = f"it was ended after {after_s:g} s, since {why}"
    return RequestError(status, "Timeout", message, retry_after_s)
