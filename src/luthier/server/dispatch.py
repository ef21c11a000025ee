"""Where the work of a request is done, and for how long its client waits."""

from __future__ import annotations

import asyncio
import hashlib
import re
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from .handling import Job, run_handler
from .limits import Limits
from .metrics import CONTENT_TYPE
from .middleware import SESSION_OPEN, encode_error
from .request import PAGE, Answer, RequestError
from .request_body import BodyReader
from .response_cache import ResponseCache
from .route import Route
from .work_queue import WorkQueue
from .worker_processes import WorkerProcesses

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_RETRY_S = 1.0
_MAX_TAG = 100  # characters
_MEDIA_TYPES = {str: CONTENT_TYPE, bytes: "application/octet-stream"}

_INERT = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


class Dispatcher:
    """Serves requests that were let in and have a route.

    Args:
        processes: Do the work that may take long; None where threads do.
        limits: Limits on what clients may send.
    """

    def __init__(self, processes: WorkerProcesses | None, limits: Limits) -> None:
        self._processes = processes
        self._queue = WorkQueue(limits.threads)
        self._bodies = BodyReader(limits)
        self._cache = ResponseCache()
        self._work_s = limits.work_s
        self._max_requests = limits.max_requests
        self._n_requests = 0  # worked on or waiting, whether a client still waits or not

    async def serve(self, route: Route, request: Request) -> Response:
        """The response to a request that belongs to a route."""
        request.scope["luthier.route"] = route.path
        try:
            answer = await self._respond(route, request)
        except RequestError as e:
            headers = {}
            if e.retry_after_s is not None:
                headers["Retry-After"] = f"{max(1, round(e.retry_after_s))}"
            if e.status == 408:
                headers["Connection"] = "close"
            body = encode_error(e.kind, str(e), e.retry_after_s)
            return Response(body, e.status, headers, "application/json")
        headers = {"ETag": answer.tag, "Cache-Control": "no-cache"} if answer.tag else {}
        media_type = answer.media_type or _MEDIA_TYPES.get(route.response, "application/json")
        if answer.file:  # of whatever content: it is saved, and runs nowhere
            headers |= {"Content-Disposition": f'attachment; filename="{answer.file}"', **_INERT}
        return Response(answer.content, answer.status, headers, media_type)

    async def close(self) -> bool:
        """End the work; return whether all of it has ended, as threads may not."""
        if self._processes is not None:
            await self._processes.close()
        return self._queue.shutdown()

    async def _respond(self, route: Route, request: Request) -> Answer:
        """The answer to a request.

        Raises:
            RequestError: The request is refused, failed, or takes too long.
        """
        key = request.headers.get("idempotency-key", "")
        if route.method == "POST" and _media_type(request) != "application/json":
            message = "expected Content-Type: application/json"
            raise RequestError(415, "UnsupportedMediaType", message)
        if key and not _KEY.fullmatch(key):
            raise RequestError(
                422, "Invalid", "an Idempotency-Key has at most 64 letters, digits, '-' and '_'"
            )
        known = request.headers.get("if-none-match", "")[:_MAX_TAG]
        query = request.scope["query_string"]
        job = Job(route.name, request.path_params, query, b"", key, known, _who(request))
        if route.method != "POST":
            return await self._finish(route, job)
        async with self._bodies.reading(request) as body:
            job.body = body
            return await self._finish(route, job)

    async def _finish(self, route: Route, job: Job) -> Answer:
        """The answer to a request that was read."""
        if route.inline:
            return run_handler(route, job)

        is_cached = route.accepts_key and bool(job.key)
        work = partial(self._work, route, job)
        if is_cached:
            slot = route.name, job.path.get("study"), job.path.get("number"), job.key
            response = self._cache.get_or_run(slot, hashlib.sha256(job.body).digest(), work)
        else:
            response = asyncio.ensure_future(work())
        try:
            async with asyncio.timeout(self._work_s):
                return await asyncio.shield(response)
        except TimeoutError:
            if not is_cached:  # nobody will fetch the response
                response.cancel()
            what_next = (
                "and goes on; ask again" if is_cached else "and goes on only if it has begun"
            )
            message = f"it takes longer than {self._work_s:g} s {what_next}"
            raise RequestError(504, "Timeout", message) from None

    async def _work(self, route: Route, job: Job) -> Answer:
        """The answer, once it is this request's turn."""
        if self._n_requests >= self._max_requests:
            message = f"{self._n_requests} requests are worked on or wait; come again"
            raise RequestError(503, "Busy", message, _RETRY_S)
        self._n_requests += 1
        study = None if route.skips_queue else job.path.get("study")
        if route.apart:
            study = f"{study} slow" if route.slow else f"{study} apart"
        try:
            if route.costly and self._processes is not None:
                return await self._processes.run(study, job, route.slow)
            return await self._queue.run(study, partial(run_handler, route, job))
        finally:
            self._n_requests -= 1


def _who(request: Request) -> str:
    """Who sent a request, for logs: the page or a program, and its address."""
    client = request.client.host if request.client else "a socket file"
    return f"{PAGE if request.scope.get(SESSION_OPEN) else 'a program'} at {client}"


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
