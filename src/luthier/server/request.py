"""A parsed request, and the error that refuses it."""

from __future__ import annotations

from typing import Any, NamedTuple

PAGE = "the page"  # at the beginning of `who`


class ApiRequest(NamedTuple):
    """A request whose address and body have been read.

    Attributes:
        study: Id of the study in the path; 0 where the path has none.
        number: Number of the trial in the path; 0 where the path has none.
        body: The body in the form that the route expects; for GET, the query parameters.
        key: The Idempotency-Key; "" for none.
        known: The tag of what the client has already; "" for none.
        who: Who sent it, for logs: the page or a program, and its address.
        name: The name of an attachment in the path; "" where the path has none.
    """

    study: int
    number: int
    body: Any
    key: str
    known: str = ""
    who: str = ""
    name: str = ""

    @property
    def is_from_page(self) -> bool:
        """Whether it comes from the page in a browser."""
        return self.who.startswith(PAGE)


class Answer(NamedTuple):
    """What is answered to a request.

    Attributes:
        status: Status of the response.
        content: Its body.
        tag: Names this state of what was asked for, as an ETag does; "" for none.
        file: The name under which a browser is to save it; "" for what is no file.
        media_type: Its type, where the route does not tell.
    """

    status: int
    content: bytes
    tag: str = ""
    file: str = ""
    media_type: str = ""


class RequestError(Exception):
    """A request that is refused.

    Args:
        status: Status of the response.
        kind: Kind of the error, for programs.
        message: The error in words.
        retry_after_s: After how many seconds the request may be repeated; None where repeating it
            does not help.
    """

    def __init__(
        self, status: int, kind: str, message: str, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.retry_after_s = retry_after_s
