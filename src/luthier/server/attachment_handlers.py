"""Handlers of attachments: files of a trial, which may hold anything, and are served inert."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ..checkpoints.attachments import MAX_BYTES, Attachment
from ..errors import CheckpointError
from ..storages.codec import Whole
from ..storages.http_messages import Form
from ..storages.transitions import require_token
from ..trial.record import TrialRow
from .open_studies import OpenStudies, OpenStudy
from .request import Answer, ApiRequest
from .trial_handlers import read_row

# What begins like this is an image that runs no code, whatever else is in it.
_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
OTHER = "application/octet-stream"


class AttachRequest(Form):
    """A file of a running trial; `content` is encoded as base64."""

    token: Whole
    name: Annotated[str, msgspec.Meta(max_length=100)]
    content: Annotated[bytes, msgspec.Meta(max_length=MAX_BYTES)]


class AttachmentList(msgspec.Struct):
    """The files of a trial, by name; and why none can be listed, where that is so."""

    attachments: list[Attachment]
    note: str = ""


class AttachmentHandlers:
    """Handlers of attachments; every method may be called from many threads.

    Args:
        studies: The open studies.
    """

    def __init__(self, studies: OpenStudies) -> None:
        self._studies = studies

    def attach(self, request: ApiRequest) -> Attachment:
        """Keep a file with a running trial."""
        body: AttachRequest = request.body
        opened, row = self._find(request)
        require_token(row, body.token)
        _require_place(opened)
        store = opened.engine.checkpoints.attachments
        return store.attach(row.number, body.name, body.content)

    def list_them(self, request: ApiRequest) -> AttachmentList:
        """List the files of a trial."""
        opened, row = self._find(request)
        try:
            _require_place(opened)
            found = opened.engine.checkpoints.attachments.of(row.number)
        except CheckpointError as e:
            return AttachmentList([], str(e))
        return AttachmentList(found)

    def get(self, request: ApiRequest) -> Answer:
        """Read a file of a trial, as a download."""
        opened, row = self._find(request)
        _require_place(opened)
        content = opened.engine.checkpoints.attachments.read(row.number, request.name)
        return Answer(200, content, file=request.name, media_type=find_media_type(content))

    def _find(self, request: ApiRequest) -> tuple[OpenStudy, TrialRow]:
        """The study and the trial in the address.

        Raises:
            RequestError: There is no such trial.
        """
        opened = self._studies.open(request.study)
        return opened, read_row(self._studies.storage, request)


def find_media_type(content: bytes) -> str:
    """The type of an image without code, by how it begins; of anything else bytes."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for begin, kind in _IMAGES if content.startswith(begin)), OTHER)


def _require_place(opened: OpenStudy) -> None:
    """Refuse a study whose files are in a place that the service does not touch.

    Raises:
        CheckpointError: It is one.
    """
    if not opened.checkpoints_in_place:
        raise CheckpointError(
            f"study {opened.name!r} keeps its attachments in a place that this service does not "
            "touch; let it be served with that place: luthier serve --checkpoints"
        )
