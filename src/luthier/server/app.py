"""The ASGI application: its routes, and what is opened and closed with it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterable
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from ..storages import Storage
from ..storages.wrapper import Shared
from . import schemas
from .dispatch import Dispatcher
from .limits import Limits
from .metrics import Metrics
from .middleware import HEALTH, Guard, PageRules, encode_error
from .openapi import describe_api
from .page_events import EventStreams
from .page_files import Page
from .route import PAGE_PATH, Route
from .routes import make_routes
from .sessions import Sessions
from .worker_processes import WorkerProcesses


def application(
    storage: Storage,
    token: str = "",
    limits: Limits | None = None,
    open_metrics: bool = False,
    checkpoints: str | None = None,
    read_only: str = "",
    frames: str = "'none'",
    closed_sessions: Path | None = None,
) -> Guard:
    """The service as an ASGI application; it closes the storage when it ends.

    Args:
        storage: Where the studies live; others may write to it at the same time.
        token: The secret that clients must send. "" for none: then only requests to this machine's
            own address are served.
        limits: Limits on what clients may send.
        open_metrics: Whether /metrics needs no token.
        checkpoints: A folder or URL. Studies may have their checkpoints in places of their own
            below it; None allows no such places.
        read_only: Why the page in a browser may change nothing; "" if it may. Programs with the
            token may in any case.
        frames: Whose pages may show the page in a frame, as in the policy `frame-ancestors`.
        closed_sessions: A file that notes which sessions were closed; None forgets them at its end.
    """
    limits = limits or Limits()
    processes = None
    if storage.shared and limits.processes:
        processes = WorkerProcesses(storage, checkpoints, limits)
    else:
        # Clients reach a study in memory by two ways: by the handlers, and by the storage verbs.
        storage = storage if storage.shared else Shared(storage)
    sessions = Sessions(token, closed_sessions)
    streams = EventStreams(storage, sessions)
    metrics = Metrics(storage, lambda: streams.n_open)
    dispatcher = Dispatcher(processes, limits)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if processes is not None:
            processes.begin()
        yield
        if await dispatcher.close():
            storage.close()

    routes = make_routes(storage, checkpoints, limits.max_body)
    routes += _service_routes(routes, metrics, open_metrics)
    page = Page(token, sessions, read_only, streams.tell)
    app = Starlette(
        routes=[
            *page.routes(),
            *streams.routes(),
            *(
                StarletteRoute(route.path, partial(dispatcher.serve, route), methods=[route.method])
                for route in routes
            ),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _not_found},
    )
    app.router.redirect_slashes = False
    public = frozenset(route.path for route in routes if route.public)
    return Guard(
        app=app,
        token=token,
        limits=limits,
        metrics=metrics,
        public=public,
        page=PageRules(
            page.public,
            _match_paths(route.path for route in routes if route.for_page),
            read_only,
            frames,
        ),
        sessions=sessions,
        end_streams=streams.end,
    )


def _match_paths(paths: Iterable[str]) -> re.Pattern[str]:
    """A pattern that matches addresses of some routes."""
    return re.compile("|".join(re.sub(r"{\w+}", "[0-9]+", path) for path in paths))


def _service_routes(others: list[Route], metrics: Metrics, open_metrics: bool) -> list[Route]:
    """Routes of the service itself: its health, its metrics, and the description of all routes."""
    routes = [
        Route(
            method="GET",
            path=HEALTH,
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
            handler=lambda request: describe_api(
                [*(other for other in others if not other.path.startswith(PAGE_PATH)), *routes]
            ),
            response=dict,
        ),
    ]
    return routes


async def _not_found(request: Request, error: Exception) -> Response:
    """The response where no route has this path, or not with this method."""
    assert isinstance(error, HTTPException)
    status = error.status_code
    kind = {404: "NotFound", 405: "MethodNotAllowed"}.get(status, "BadRequest")
    message = "there is nothing at this address" if status == 404 else str(error.detail)
    return Response(encode_error(kind, message), status, error.headers, "application/json")
