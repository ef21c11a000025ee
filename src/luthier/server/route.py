"""One HTTP route of the service."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import msgspec

from .request import ApiRequest

STORAGE_PATH = "/v1/storage/"  # before the verbs of the storage contract
PAGE_PATH = "/ui/"  # before what the page in a browser reads
STUDIES = "/v1/studies"
STUDY = "/v1/studies/{study}"
TRIAL = f"{STUDY}/trials/{{number}}"
MODELS = "/v1/models"
MODEL = f"{MODELS}/{{name}}"
PAGE_STUDY = f"{PAGE_PATH}studies/{{study}}"
PAGE_TRIAL = f"{PAGE_STUDY}/trials/{{number}}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Route:
    """One HTTP route.

    Attributes:
        method: "GET", "POST" or "DELETE".
        path: The address, with {study} and {number}.
        name: Name of the operation in the OpenAPI document.
        summary: The operation in one sentence.
        handler: Takes a request and returns the response, or a status and the response.
        response: Form of the response; `str` for plain text, `bytes` for columns, `dict` for any
            object.
        request: Form of the request's body; with GET, of the query parameters.
        statuses: Statuses of successful responses.
        accepts_key: Whether the route heeds an Idempotency-Key.
        public: Whether it needs no token.
        skips_queue: Whether it does not wait for other requests of its study.
        inline: Whether the handler is so quick that it needs no thread.
        costly: Whether it may take long, so that it runs in a process that can be ended.
        apart: Whether it does not wait for the asks and tells of its study, nor they for it.
        slow: Of what is apart, whether it may take seconds, so that the others do not wait for it.
        for_page: Whether the page in a browser may call it in a session, though it changes things.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Callable[[ApiRequest], Any]
    response: Any
    request: type[msgspec.Struct] | None = None
    statuses: tuple[int, ...] = (200,)
    accepts_key: bool = False
    public: bool = False
    skips_queue: bool = False
    inline: bool = False
    costly: bool = False
    apart: bool = False
    slow: bool = False
    for_page: bool = False
