"""From a request whose body was read to the response, in whichever thread or process."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from .. import errors
from ..errors import LuthierError
from ..storages.codec import Count
from .request import Answer, ApiRequest, RequestError
from .request_body import require_distinct_names, require_shallow
from .request_log import logger
from .route import STORAGE_PATH, Route
from .wire_words import to_wire_words

TOO_EXPENSIVE = "TooExpensive"
# The first that fits is taken.
_STATUS: tuple[tuple[type[LuthierError], int], ...] = (
    (errors.StudyNotFoundError, 404),
    (errors.StorageDamagedError, 409),
    (errors.SamplerError, 422),
    (errors.UnknownNameError, 422),
    (errors.RuleError, 422),
    (errors.StudyError, 409),
    (errors.LeaseLostError, 409),
    (errors.TrialError, 422),
    (errors.SpaceError, 422),
    (errors.RegistryConflictError, 409),
    (errors.RegistryError, 404),
    (errors.LifecycleError, 422),
    (errors.CheckpointPlaceError, 503),
    (errors.CheckpointError, 422),
    (errors.MissingDependencyError, 422),
    (errors.StorageUnreachableError, 503),
    (errors.StorageFullError, 507),
    (errors.StorageReadOnlyError, 409),
)


class Job(msgspec.Struct):
    """What came with a request to a route.

    Attributes:
        route: The route's name.
        path: The numbers in its address, by name.
        query: What stands after the question mark.
        body: The body.
        key: The Idempotency-Key; "" for none.
        known: If-None-Match: the tag of what the client has already; "" for none.
        who: Who sent it, for logs.
    """

    route: str
    path: dict[str, str]
    query: bytes
    body: bytes
    key: str
    known: str = ""
    who: str = ""


def run_handler(route: Route, job: Job) -> Answer:
    """The answer to a request.

    Raises:
        RequestError: The request is refused, or failed.
    """
    try:
        request = ApiRequest(
            study=_read_number(job.path, "study"),
            number=_read_number(job.path, "number"),
            body=_read_body(route, job.query, job.body),
            key=job.key,
            known=job.known,
            who=job.who,
            name=job.path.get("name", ""),
        )
        result = route.handler(request)
        if isinstance(result, Answer):
            return result
        status, content = result if isinstance(result, tuple) else (200, result)
        return Answer(
            status, content if isinstance(content, bytes) else msgspec.json.encode(content)
        )
    except LuthierError as e:
        status = next((status for kind, status in _STATUS if isinstance(e, kind)), 500)
        if status == 500:
            logger.error("%s: %s", type(e).__name__, e)
        # Python's words come back to Python where the client is luthier's own storage.
        message = str(e) if route.path.startswith(STORAGE_PATH) else to_wire_words(str(e))
        retry_after_s = 1.0 if status == 503 else None
        raise RequestError(status, type(e).__name__, message, retry_after_s) from e
    except (OverflowError, UnicodeError, RecursionError) as e:  # what a storage cannot hold
        raise RequestError(
            422, "Invalid", f"expected numbers and text that can be stored: {e}"
        ) from e
    except MemoryError as e:
        message = "this needs more memory than the service has for a request"
        raise RequestError(422, TOO_EXPENSIVE, message) from e
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
        require_shallow(body)
        read = msgspec.json.decode(body or b"{}", type=route.request)
        if body and route.costly:  # luthier's own clients write every name once
            require_distinct_names(body)
        return read
    except msgspec.ValidationError as e:
        raise RequestError(422, "Invalid", to_wire_words(str(e))) from None
    except (ValueError, RecursionError) as e:
        raise RequestError(400, "BadRequest", f"the body is not well-formed JSON: {e}") from None
