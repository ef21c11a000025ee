"""The ASGI application: from an HTTP request to a handler, and from its result to a response."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp

from .. import errors
from ..errors import LuthierError
from ..storages import Storage
from ..storages.codec import Count
from ..storages.wrapper import Shared
from . import schemas
from .limits import Limits
from .metrics import CONTENT_TYPE, Metrics
from .middleware import Guard, encode_error, logger
from .open_studies import OpenStudies
from .openapi import describe_api
from .request import ApiRequest, RequestError
from .response_cache import ResponseCache
from .routes import Route, result_routes, storage_routes, study_routes, trial_routes
from .study_handlers import StudyHandlers
from .trial_handlers import TrialHandlers
from .work_queue import WorkQueue

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
# The first that fits is taken.
_STATUS: tuple[tuple[type[LuthierError], int], ...] = (
    (errors.StudyNotFoundError, 404),
    (errors.SamplerError, 422),
    (errors.UnknownNameError, 422),
    (errors.RuleError, 422),
    (errors.StudyError, 409),
    (errors.LeaseLostError, 409),
    (errors.TrialError, 422),
    (errors.SpaceError, 422),
    (errors.CheckpointPlaceError, 503),
    (errors.CheckpointError, 422),
    (errors.MissingDependencyError, 422),
    (errors.StorageUnreachableError, 503),
    (errors.StorageFullError, 507),
)


def application(
    storage: Storage,
    token: str = "",
    limits: Limits | None = None,
    open_metrics: bool = False,
    checkpoints: str | None = None,
) -> ASGIApp:
    """The service as an ASGI application; it closes the storage when it ends.

    Args:
        storage: Where the studies live; others may write to it at the same time.
        token: The secret that clients must send. "" for none: then only requests to this machine's
            own address are served.
        limits: Limits on what clients may send.
        open_metrics: Whether /metrics needs no token.
        checkpoints: A folder or URL. Studies may have their checkpoints in places of their own
            below it; None allows no such places.
    """
    limits = limits or Limits()
    # Clients reach a study in memory by two ways: by the handlers, and by the storage verbs.
    storage = storage if storage.shared else Shared(storage)
    metrics = Metrics(storage)
    queue = WorkQueue(limits.threads, limits.max_requests)
    cache = ResponseCache()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        queue.shutdown()
        storage.close()

    studies = OpenStudies(storage, checkpoints)
    study_handlers = StudyHandlers(studies)
    routes = [
        *trial_routes(TrialHandlers(studies)),
        *study_routes(study_handlers),
        *result_routes(study_handlers),
        *storage_routes(storage, limits.max_body),
    ]
    routes += _service_routes(routes, metrics, open_metrics)
    app = Starlette(
        routes=[
            StarletteRoute(
                route.path,
                partial(_serve, route, queue, cache, limits.work_s),
                methods=[route.method],
            )
            for route in routes
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _not_found},
    )
    app.router.redirect_slashes = False
    public = frozenset(route.path for route in routes if route.public)
    return Guard(app, token, limits, metrics, public)


def _service_routes(others: list[Route], metrics: Metrics, open_metrics: bool) -> list[Route]:
    """Routes of the service itself: its health, its metrics, and the description of all routes."""
    routes = [
        Route(
            method="GET",
            path="/health",
            name="health",
            summary="Check that the service runs.",
            handler=lambda request: schemas.HealthResponse(),
            response=schemas.HealthResponse,
            public=True,
            inline=True,
        ),
        Route(
            method="GET",
            path="/metrics",
            name="metrics",
            summary="Read the metrics for Prometheus.",
            handler=lambda request: metrics.render(),
            response=str,
            public=open_metrics,
        ),
        Route(
            method="GET",
            path="/openapi.json",
            name="openapi",
            summary="Read this description.",
            handler=lambda request: describe_api([*others, *routes]),
            response=dict,
        ),
    ]
    return routes


async def _serve(
    route: Route, queue: WorkQueue, cache: ResponseCache, work_s: float, request: Request
) -> Response:
    """The response to a request that belongs to a route."""
    request.scope["luthier.route"] = route.path
    try:
        status, content = await _respond(route, queue, cache, work_s, request)
    except RequestError as e:
        headers = {}
        if e.retry_after_s is not None:
            headers["Retry-After"] = f"{max(1, round(e.retry_after_s))}"
        body = encode_error(e.kind, str(e), e.retry_after_s)
        return Response(body, e.status, headers, "application/json")
    media_type = CONTENT_TYPE if route.response is str else "application/json"
    return Response(content, status, media_type=media_type)


async def _respond(
    route: Route, queue: WorkQueue, cache: ResponseCache, work_s: float, request: Request
) -> tuple[int, bytes]:
    """Status and body of the response.

    Raises:
        RequestError: The request is refused, failed, or takes too long.
    """
    body: bytes = request.scope["luthier.body"]
    key = request.headers.get("idempotency-key", "")
    if route.method == "POST" and _media_type(request) != "application/json":
        raise RequestError(415, "UnsupportedMediaType", "expected Content-Type: application/json")
    if key and not _KEY.fullmatch(key):
        raise RequestError(
            422, "Invalid", "an Idempotency-Key has at most 64 letters, digits, '-' and '_'"
        )

    path = request.path_params
    work = partial(_run_handler, route, path, request.scope["query_string"], body, key)
    if route.inline:
        return work()

    queued = partial(queue.run, None if route.skips_queue else path.get("study"), work)
    is_cached = route.accepts_key and bool(key)
    if is_cached:
        slot = route.name, path.get("study"), path.get("number"), key
        response = cache.get_or_run(slot, hashlib.sha256(body).digest(), queued)
    else:
        response = asyncio.ensure_future(queued())
    try:
        async with asyncio.timeout(work_s):
            return await asyncio.shield(response)
    except TimeoutError:
        if not is_cached:  # nobody will fetch the response
            response.cancel()
        what_next = "and goes on; ask again" if is_cached else "and goes on only if it has begun"
        message = f"it takes longer than {work_s:g} s {what_next}"
        raise RequestError(504, "Timeout", message) from None


def _run_handler(
    route: Route, path: dict[str, str], query: bytes, body: bytes, key: str
) -> tuple[int, bytes]:
    """Status and body of the response; runs in a thread.

    Raises:
        RequestError: The request is refused, or failed.
    """
    try:
        request = ApiRequest(
            study=_read_number(path, "study"),
            number=_read_number(path, "number"),
            body=_read_body(route, query, body),
            key=key,
        )
        result = route.handler(request)
        status, content = result if isinstance(result, tuple) else (200, result)
        return status, content if isinstance(content, bytes) else msgspec.json.encode(content)
    except LuthierError as e:
        status = next((status for kind, status in _STATUS if isinstance(e, kind)), 500)
        if status == 500:
            logger.error("%s: %s", type(e).__name__, e)
        raise RequestError(status, type(e).__name__, str(e), 1.0 if status == 503 else None) from e
    except (OverflowError, UnicodeError) as e:  # numbers and text that a storage cannot hold
        raise RequestError(
            422, "Invalid", f"expected numbers and text that can be stored: {e}"
        ) from e
    except RequestError:
        raise
    except Exception as e:
        logger.exception("%s failed", route.name)
        raise RequestError(500, "InternalError", "the service failed; its log says why") from e


def _read_number(path: dict[str, str], name: str) -> int:
    """A number in the address; 0 where the route has none."""
    try:
        return int(msgspec.convert(path.get(name, "0"), Count, strict=False))
    except msgspec.ValidationError:
        raise RequestError(
            404, "NotFound", f"expected a whole number for the {name}, got {path[name]!r:.100}"
        ) from None


def _read_body(route: Route, query: bytes, body: bytes) -> Any:
    """The body, or the query parameters, in the form that the route expects."""
    if route.request is None:
        return None
    try:
        if route.method == "GET":
            parameters = dict(parse_qsl(query.decode(), keep_blank_values=True))
            return msgspec.convert(parameters, route.request, strict=False)
        return msgspec.json.decode(body or b"{}", type=route.request)
    except msgspec.ValidationError as e:
        raise RequestError(422, "Invalid", str(e)) from None
    except (ValueError, RecursionError) as e:
        raise RequestError(400, "BadRequest", f"the body is not well-formed JSON: {e}") from None


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _not_found(request: Request, error: Exception) -> Response:
    """The response where no route has this path, or not with this method."""
    assert isinstance(error, HTTPException)
    status = error.status_code
    kind = {404: "NotFound", 405: "MethodNotAllowed"}.get(status, "BadRequest")
    message = "there is nothing at this address" if status == 404 else str(error.detail)
    return Response(encode_error(kind, message), status, error.headers, "application/json")
