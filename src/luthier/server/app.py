"""The application: its routes, and how a request becomes a call and its result an answer."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path
from starlette.types import ASGIApp

from .. import errors
from ..errors import LuthierError
from ..storages import Storage
from ..storages.http_messages import VERBS, Count
from . import schemas, storage_api
from .handlers import Call, Desk, Refused
from .limits import Limits
from .metrics import CONTENT_TYPE, Metrics
from .middleware import Guard, failure, logger
from .openapi import describe
from .work_queue import Queue

_KEPT, _KEPT_BYTES = 10_000, 2**26  # answers to requests with a key
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_STATUS: tuple[tuple[type[LuthierError], int], ...] = (  # the first that fits
    (errors.StudyNotFoundError, 404),
    (errors.SamplerError, 422),
    (errors.UnknownNameError, 422),
    (errors.RuleError, 422),
    (errors.StudyError, 409),
    (errors.LeaseLostError, 409),
    (errors.TrialError, 422),
    (errors.SpaceError, 422),
    (errors.CheckpointError, 422),
    (errors.MissingDependencyError, 422),
    (errors.StorageUnreachableError, 503),
    (errors.StorageFullError, 507),
)


class Route(NamedTuple):
    """What is done for whom.

    Attributes:
        method: GET, POST or DELETE.
        path: With {study} and {number}.
        name: What it is called in the description.
        summary: The same in a sentence.
        run: Takes a call and gives the answer, or a status and the answer.
        answer: The answer's form; `str` for plain text, `dict` for any object.
        body: The form of what it is sent; with GET, of what stands behind the question mark.
        statuses: Of its answers.
        keyed: Whether an Idempotency-Key is heeded.
        public: Whether no token is asked for.
        apart: Whether it never waits for others of its study.
    """

    method: str
    path: str
    name: str
    summary: str
    run: Callable[[Call], Any]
    answer: Any
    body: type[msgspec.Struct] | None = None
    statuses: tuple[int, ...] = (200,)
    keyed: bool = False
    public: bool = False
    apart: bool = False


def routes(desk: Desk, limits: Limits, metrics: Metrics, open_metrics: bool = False) -> list[Route]:
    """All that the service does."""
    studies = "/v1/studies"
    study = "/v1/studies/{study}"
    trial = "/v1/studies/{study}/trials/{number}"
    found = [
        Route(
            "POST",
            f"{study}/ask",
            "ask",
            "Begins a trial.",
            desk.ask,
            schemas.Asked,
            schemas.Ask,
            keyed=True,
        ),
        Route(
            "POST",
            f"{study}/enqueue",
            "enqueue",
            "Adds a trial that is run next.",
            desk.enqueue,
            schemas.Queued,
            schemas.Enqueue,
            keyed=True,
        ),
        Route(
            "POST",
            f"{trial}/report",
            "report",
            "Takes a value on the way.",
            desk.report,
            schemas.Verdict,
            schemas.Reported,
        ),
        Route(
            "POST",
            f"{trial}/tell",
            "tell",
            "Ends a trial.",
            desk.tell,
            schemas.Trial,
            schemas.Told,
            keyed=True,
        ),
        Route(
            "POST",
            f"{trial}/heartbeat",
            "heartbeat",
            "Prolongs a lease.",
            desk.heartbeat,
            schemas.Lease,
            schemas.Beat,
            apart=True,
        ),
        Route(
            "GET",
            "/health",
            "health",
            "Whether the service runs.",
            _health,
            schemas.Health,
            public=True,
        ),
        Route(
            "GET",
            "/metrics",
            "metrics",
            "Figures for Prometheus.",
            lambda _: metrics.page(),
            str,
            public=open_metrics,
        ),
        Route(
            "GET", "/openapi.json", "openapi", "This description.", lambda _: describe(found), dict
        ),
        Route(
            "GET",
            studies,
            "list_studies",
            "The studies there are.",
            desk.studies,
            schemas.Studies,
            schemas.Which,
        ),
        Route(
            "POST",
            studies,
            "create_study",
            "Makes a study (201), or finds it (200).",
            desk.create,
            schemas.Study,
            schemas.Create,
            (200, 201),
            True,
        ),
        Route("GET", study, "get_study", "What is known of a study.", desk.show, schemas.Study),
        Route("DELETE", study, "delete_study", "Removes a study.", desk.delete, schemas.Done),
        Route(
            "GET",
            f"{study}/best",
            "best_trials",
            "The best trials so far.",
            desk.best,
            schemas.Trials,
        ),
        Route(
            "POST",
            f"{study}/choose",
            "choose",
            "Chooses one of several good trials.",
            desk.choose,
            schemas.Chosen,
            schemas.Choose,
        ),
        Route(
            "GET",
            f"{study}/trials",
            "list_trials",
            "Trials, by number.",
            desk.trials,
            schemas.Trials,
            schemas.Page,
        ),
    ]
    for verb, (form, answer) in VERBS.items():

        def run(call: Call, verb: str = verb) -> Any:
            return storage_api.run(desk.storage, verb, call.body, limits.max_body)

        summary = (form.__doc__ or "").split("\n")[0]
        found.append(
            Route("POST", f"/v1/storage/{verb}", f"storage_{verb}", summary, run, answer, form)
        )
    return found


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
        token: What clients must show; "" for nothing, and then only requests to this machine's own
            address are served.
        limits: How much is taken of clients.
        open_metrics: Whether /metrics needs no token.
        checkpoints: In which folder or URL studies may have a place of their own for checkpoints;
            None for nowhere.
    """
    limits = limits or Limits()
    storage.shared = True  # even one in memory, whose studies clients reach by two ways
    desk, metrics = Desk(storage, checkpoints), Metrics(storage)
    queue = Queue(limits.threads, limits.max_requests)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        queue.shutdown()
        storage.close()

    table = routes(desk, limits, metrics, open_metrics)
    answers = _Answers()
    paths = [
        Path(r.path, partial(_serve, r, queue, answers, limits.work_s), methods=[r.method])
        for r in table
    ]
    app = Starlette(routes=paths, lifespan=lifespan, exception_handlers={HTTPException: _unknown})
    app.router.redirect_slashes = False
    return Guard(app, token, limits, metrics, frozenset(r.path for r in table if r.public))


def _health(call: Call) -> schemas.Health:
    return schemas.Health()


async def _serve(
    route: Route, queue: Queue, answers: _Answers, work_s: float, request: Request
) -> Response:
    request.scope["luthier.route"] = route.path
    body, key = request.scope["luthier.body"], request.headers.get("idempotency-key", "")
    try:
        if route.method == "POST" and _media_type(request) != "application/json":
            raise Refused(415, "UnsupportedMediaType", "expected Content-Type: application/json")
        if key and not _KEY.fullmatch(key):
            raise Refused(
                422, "Invalid", "an Idempotency-Key has at most 64 letters, digits, '-' and '_'"
            )
        if route.run is _health:  # without a thread, which may all be busy
            return Response(msgspec.json.encode(schemas.Health()), media_type="application/json")
        path, keyed = request.path_params, route.keyed and bool(key)
        work = partial(
            queue.run,
            None if route.apart else path.get("study"),
            partial(_work, route, path, request.scope["query_string"], body, key),
        )
        if keyed:
            slot = route.name, path.get("study"), path.get("number"), key
            done = answers.once(slot, hashlib.sha256(body).digest(), work)
        else:
            done = asyncio.ensure_future(work())
        try:
            async with asyncio.timeout(work_s):
                status, content = await asyncio.shield(done)
        except TimeoutError:
            if not keyed:  # nobody will fetch the answer
                done.cancel()
            goes_on = "and goes on; ask again" if keyed else "and goes on only if it has begun"
            raise Refused(504, "Timeout", f"it takes longer than {work_s:g} s {goes_on}") from None
    except Refused as e:
        head = (
            {} if e.retry_after_s is None else {"Retry-After": f"{max(1, round(e.retry_after_s))}"}
        )
        return Response(
            failure(e.kind, str(e), e.retry_after_s), e.status, head, "application/json"
        )
    return Response(
        content, status, media_type=CONTENT_TYPE if route.answer is str else "application/json"
    )


def _work(
    route: Route, path: dict[str, str], query: bytes, body: bytes, key: str
) -> tuple[int, bytes]:
    """Status and body of the answer; runs in a thread."""
    try:
        study, number = _number(path, "study"), _number(path, "number")
        found = route.run(Call(study, number, _taken(route, query, body), key))
        status, found = found if isinstance(found, tuple) else (200, found)
        return status, found if isinstance(found, bytes) else msgspec.json.encode(found)
    except LuthierError as e:
        status = next((status for kind, status in _STATUS if isinstance(e, kind)), 500)
        if status == 500:
            logger.error("%s: %s", type(e).__name__, e)
        raise Refused(status, type(e).__name__, str(e), 1.0 if status == 503 else None) from e
    except (
        OverflowError,
        UnicodeError,
    ) as e:  # numbers and half characters that a storage cannot hold
        raise Refused(422, "Invalid", f"expected numbers and text that can be stored: {e}") from e
    except Refused:
        raise
    except Exception as e:
        logger.exception("%s failed", route.name)
        raise Refused(500, "InternalError", "the service failed; its log says why") from e


def _number(path: dict[str, str], name: str) -> int:
    try:
        return int(msgspec.convert(path.get(name, "0"), Count, strict=False))
    except msgspec.ValidationError:
        raise Refused(
            404, "NotFound", f"expected a whole number for the {name}, got {path[name]!r:.100}"
        ) from None


def _taken(route: Route, query: bytes, body: bytes) -> Any:
    """What was sent, in the form that the route asks for."""
    if route.body is None:
        return None
    try:
        if route.method == "GET":
            return msgspec.convert(
                dict(parse_qsl(query.decode(), keep_blank_values=True)), route.body, strict=False
            )
        return msgspec.json.decode(body or b"{}", type=route.body)
    except msgspec.ValidationError as e:
        raise Refused(422, "Invalid", str(e)) from None
    except (ValueError, RecursionError) as e:
        raise Refused(400, "BadRequest", f"the body is not well-formed JSON: {e}") from None


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _unknown(request: Request, e: Exception) -> Response:
    """What Starlette refuses: a path, or a method, that there is not."""
    assert isinstance(e, HTTPException)
    kind = {404: "NotFound", 405: "MethodNotAllowed"}.get(e.status_code, "BadRequest")
    message = "there is nothing at this address" if e.status_code == 404 else str(e.detail)
    return Response(failure(kind, message), e.status_code, e.headers, "application/json")


class _Answers:
    """What was answered to requests with a key, or is about to be."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Any, tuple[bytes, asyncio.Future[tuple[int, bytes]]]] = (
            OrderedDict()
        )
        self._sizes: dict[Any, int] = {}
        self._bytes = 0

    def once(
        self, slot: Any, digest: bytes, work: Callable[[], Any]
    ) -> asyncio.Future[tuple[int, bytes]]:
        """The answer to a request, which is worked on only if it is new, or failed the last time.

        Raises:
            Refused: The key was used for another request.
        """
        known = self._kept.get(slot)
        if known is not None and not (
            known[1].done() and (known[1].cancelled() or known[1].exception())
        ):
            if known[0] != digest:
                raise Refused(
                    422,
                    "KeyReused",
                    "this Idempotency-Key came with another request; make up a new one",
                )
            return known[1]
        future: asyncio.Future[tuple[int, bytes]] = asyncio.ensure_future(work())
        self._kept[slot] = digest, future
        future.add_done_callback(partial(self._answered, slot))
        return future

    def _answered(self, slot: Any, future: asyncio.Future[tuple[int, bytes]]) -> None:
        """Takes in an answer, and forgets the oldest where there are too many, or too much."""
        if future.cancelled() or future.exception() is not None:
            return
        if slot in self._kept and self._kept[slot][1] is future:
            self._sizes[slot] = len(future.result()[1])
            self._bytes += self._sizes[slot]
        while len(self._kept) > _KEPT or self._bytes > _KEPT_BYTES:
            oldest, _ = self._kept.popitem(last=False)
            self._bytes -= self._sizes.pop(oldest, 0)
