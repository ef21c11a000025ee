"""The routes of attachments, for programs and for the page."""

from __future__ import annotations

from functools import partial

from ..checkpoints.attachments import Attachment
from .attachment_handlers import AttachmentHandlers, AttachmentList, AttachRequest
from .route import PAGE_TRIAL, TRIAL, Route


def attachment_routes(handlers: AttachmentHandlers) -> list[Route]:
    """Routes by which files of trials are kept and read."""
    read = partial(Route, method="GET", costly=True, apart=True)
    pairs = [
        (
            read(
                path=f"{trial}/attachments",
                name=f"list_attachments{suffix}",
                summary="List the files of a trial.",
                handler=handlers.list_them,
                response=AttachmentList,
            ),
            read(
                path=f"{trial}/attachments/{{name}}",
                name=f"get_attachment{suffix}",
                summary="Read a file of a trial, as a download.",
                handler=handlers.get,
                response=bytes,
            ),
        )
        for trial, suffix in ((TRIAL, ""), (PAGE_TRIAL, "_for_page"))
    ]
    attach = Route(
        method="POST",
        path=f"{TRIAL}/attachments",
        name="attach",
        summary="Keep a file with a running trial.",
        handler=handlers.attach,
        response=Attachment,
        request=AttachRequest,
        costly=True,
    )
    return [attach, *(route for pair in pairs for route in pair)]
