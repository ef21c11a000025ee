"""Processes that do what may take long, and are ended where it takes too long."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import NamedTuple

import msgspec

from ..storages import Storage
from .handling import TOO_EXPENSIVE, Job
from .limits import Limits
from .request import Answer, RequestError
from .worker_loop import LENGTH, Reply, Settings

_QUICK_S = 1.0  # a study is quick whose last requests took no longer, and slow otherwise
_MAX_PACES = 10_000  # studies whose pace is remembered
_MOST_AT_ONCE = 16  # requests of one study that a process is sent together
_AT_ONCE_S = 0.1  # how long these may take together, at the study's pace
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
        of_analyses: Whether it makes analyses, as long as there are others for what is quick.
        began_s: When it was given what it works on, by time.monotonic.
        was_killed: Whether this process has ended it.
        verdict: Why, if that was for what it worked on.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.studies: set[str] = set()
        self.of_analyses = False
        self.began_s = 0.0
        self.was_killed = False
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
            await worker.send([settings])
            await worker.receive()
        except BaseException:
            worker.kill()
            raise
        return worker

    async def send(self, messages: Iterable[bytes]) -> None:
        """Send requests; each has its reply, in the same order."""
        to_worker = self._process.stdin
        assert to_worker is not None
        to_worker.write(b"".join(LENGTH.pack(len(message)) + message for message in messages))
        with contextlib.suppress(OSError):  # `receive` says why
            await to_worker.drain()

    async def receive(self) -> Reply:
        """What came of the next request.

        Raises:
            RequestError: The process was ended, or has died.
        """
        from_worker = self._process.stdout
        assert from_worker is not None
        try:
            head = await from_worker.readexactly(LENGTH.size)
            return _decode(await from_worker.readexactly(*LENGTH.unpack(head)))
        except (asyncio.IncompleteReadError, OSError):
            if self.verdict is not None:
                raise self.verdict from None
            text = "the process that worked on it has died, perhaps for want of memory"
            raise RequestError(503, "ProcessDied", text, _RETRY_S) from None

    def kill(self, verdict: RequestError | None = None) -> None:
        """End the process, whatever it does."""
        self.was_killed = True
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


class _Request(NamedTuple):
    """A request and the future of its reply; nobody waits any more for one that is cancelled."""

    message: bytes
    reply: asyncio.Future[Reply]


class _Line(NamedTuple):
    """The requests about a study that wait for each other.

    Attributes:
        study: The study by the text in the address, and what of it; "" for studies to come.
        of_analyses: Whether they are analyses, which may take seconds.
        requests: Those that wait, the first at the left.
    """

    study: str
    of_analyses: bool
    requests: deque[_Request]


class WorkerProcesses:
    """Worker processes of the service; they run on the event loop's side without a thread.

    One study is worked on by one process at a time, by the same one where that is free, since it
    has the study's history. Requests that come in the meantime stand in the study's line, and are
    sent together if they are quick. Who comes while all are taken waits for one to be free, at
    most until another has had its turn of `turn_s`, which is then ended. New studies leave one
    process to those that were quick, and slow ones another to both. Analyses have processes of
    their own, so that whoever reads a study meanwhile does not wait for a process to start.

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
        self._most = max(limits.processes, 1)
        self._n_starting = 0
        self._lanes = [asyncio.Semaphore(max(limits.processes - i, 1)) for i in range(3)]
        self._took_s: OrderedDict[str, float] = OrderedDict()  # by study
        self._idle: list[WorkerProcess] = []
        self._busy: set[WorkerProcess] = set()
        self._lines: dict[str, _Line] = {}  # by study
        self._tasks: set[asyncio.Task[None]] = set()
        self._first: asyncio.Task[WorkerProcess] | None = None  # until somebody needs it
        self._is_closed = False

    def begin(self) -> None:
        """Start a process, so that whoever comes first does not wait for that."""
        self._first = asyncio.create_task(WorkerProcess.start(self._settings))

    async def run(self, study: str | None, job: Job, is_analysis: bool = False) -> Answer:
        """The answer to a request.

        Args:
            study: The study whose other work is waited for; None for studies to come.
            job: The request.
            is_analysis: Whether it may take seconds, and keeps nobody from reading the study.

        Raises:
            RequestError: The request is refused, failed, or was ended.
        """
        request = _Request(_encode(job), asyncio.get_running_loop().create_future())
        if study in self._lines:
            self._lines[study].requests.append(request)
        else:
            line = _Line(study or "", is_analysis, deque([request]))
            if study is not None:
                self._lines[study] = line
            task = asyncio.create_task(self._serve(line))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        reply = await request.reply
        if reply.kind:
            raise RequestError(reply.status, reply.kind, reply.message, reply.retry_after_s)
        return Answer(reply.status, reply.content, reply.tag, reply.file, reply.media_type)

    async def close(self) -> None:
        """End all processes."""
        self._is_closed = True
        if self._first is not None:
            self._first.cancel()
            with contextlib.suppress(asyncio.CancelledError, RequestError):
                self._idle.append(await self._first)
        workers = [*self._idle, *self._busy]
        for worker in workers:
            worker.kill(_closing())
        for worker in workers:
            await worker.wait()

    async def _serve(self, line: _Line) -> None:
        """Have the requests in a line worked on until none is left."""
        try:
            while line.requests:
                async with contextlib.AsyncExitStack() as stack:
                    for lane in reversed(self._lanes[: self._n_lanes(line)]):
                        await stack.enter_async_context(self._holding(lane))
                    await self._work_on(line)
        finally:
            self._lines.pop(line.study, None)

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

    async def _work_on(self, line: _Line) -> None:
        """Have the first requests of a line worked on by one process.

        Replies come one by one, so that of a process that is ended or dies only the first request
        without a reply has begun; the others go back into the line.
        """
        requests = deque(self._take(line))
        try:
            if self._is_closed:
                raise _closing()
            if not requests:
                return
            worker = self._pick(line) or await self._start()
            with self._working(worker, line):
                await worker.send(request.message for request in requests)
                while requests:
                    reply = await self._receive(worker, line.study)
                    if reply.kind != TOO_EXPENSIVE:
                        _answer(requests.popleft(), reply)
                        continue
                    worker.kill()
                    if len(worker.studies) == 1:  # else others may have filled it
                        _answer(requests.popleft(), reply)
                    return
        except Exception as e:
            if not requests:
                raise
            _answer(requests.popleft(), e)
        finally:
            line.requests.extendleft(reversed(requests))

    def _take(self, line: _Line) -> Iterator[_Request]:
        """Take as many requests out of a line as are quick, and still waited for."""
        took_s = self._took_s.get(line.study, _AT_ONCE_S)
        n_left = min(max(int(_AT_ONCE_S / took_s), 1), _MOST_AT_ONCE)
        while line.requests and n_left:
            request = line.requests.popleft()
            if not request.reply.cancelled():
                n_left -= 1
                yield request

    @contextlib.contextmanager
    def _working(self, worker: WorkerProcess, line: _Line) -> Iterator[None]:
        """Give a process to a line; it is free afterwards unless it was ended or has died."""
        worker.studies.add(line.study)
        worker.of_analyses = line.of_analyses
        worker.began_s = time.monotonic()
        self._busy.add(worker)
        try:
            yield
        except BaseException:
            worker.kill()
            raise
        finally:
            self._busy.discard(worker)
            if not worker.was_killed:
                self._idle.append(worker)

    async def _receive(self, worker: WorkerProcess, study: str) -> Reply:
        """What came of the next request; a process that takes too long is ended."""
        began_s = time.monotonic()
        verdict = _ended(self._work_s, "no request may take longer", 504, None)
        timer = asyncio.get_running_loop().call_later(self._work_s, worker.kill, verdict)
        try:
            return await worker.receive()
        finally:
            timer.cancel()
            self._note_pace(study, time.monotonic() - began_s)

    async def _start(self) -> WorkerProcess:
        """Start a process, or take the first where nobody has it yet."""
        first, self._first = self._first, None
        self._n_starting += 1
        try:
            if first is not None:
                with contextlib.suppress(RequestError):
                    return await first
            return await WorkerProcess.start(self._settings)
        finally:
            self._n_starting -= 1

    def _pick(self, line: _Line) -> WorkerProcess | None:
        """Take the free process that has a study open, or else the one used last.

        While more may be started, what makes analyses is left to these, and what does not to
        others.
        """
        self._idle = [worker for worker in self._idle if worker.lives]
        fitting = [worker for worker in self._idle if worker.of_analyses == line.of_analyses]
        if not fitting and len(self._idle) + len(self._busy) + self._n_starting >= self._most:
            fitting = self._idle
        found = next((worker for worker in fitting if line.study in worker.studies), None)
        found = found or (fitting[-1] if fitting else None)
        if found is not None:
            self._idle.remove(found)
        return found

    def _n_lanes(self, line: _Line) -> int:
        """In how many lanes a line waits: what was quick in one, what is new in two."""
        if line.of_analyses:
            return 3
        if line.study not in self._took_s:
            return 2
        return 1 if self._took_s[line.study] <= _QUICK_S else 3

    def _note_pace(self, study: str, took_s: float) -> None:
        """Remember how long the last requests of a study took: what was slow is half forgotten."""
        self._took_s[study] = max(took_s, self._took_s.pop(study, 0.0) / 2)
        if len(self._took_s) > _MAX_PACES:
            self._took_s.popitem(last=False)


def _answer(request: _Request, reply: Reply | Exception) -> None:
    """Tell whoever waits for a request what came of it."""
    if request.reply.cancelled():
        return
    if isinstance(reply, Reply):
        request.reply.set_result(reply)
    else:
        request.reply.set_exception(reply)


def _closing() -> RequestError:
    return RequestError(503, "Busy", "the service ends; come again", _RETRY_S)


def _ended(after_s: float, why: str, status: int, retry_after_s: float | None) -> RequestError:
    message = f"it was ended after {after_s:g} s, since {why}"
    return RequestError(status, "Timeout", message, retry_after_s)
