"""Handlers of the routes by which people act on what a diagnosis found."""

from __future__ import annotations

from ..analysis import Finding
from ..study.controls import StudyControls
from . import control_schemas
from .open_studies import OpenStudies, OpenStudy
from .request import ApiRequest, RequestError


class FindingHandlers:
    """Handlers of findings; every method may be called from many threads.

    Each leaves a line in the log of the study.

    Args:
        studies: The open studies.
    """

    def __init__(self, studies: OpenStudies) -> None:
        self._studies = studies

    def dismiss(self, request: ApiRequest) -> control_schemas.FindingResponse:
        """Dismiss a finding, so that it counts no more."""
        body: control_schemas.DismissRequest = request.body
        opened = self._studies.open(request.study)
        opened.study.dismiss(body.finding, body.parameter, body.reason)
        return _record(request, opened, f"dismissed the finding {_name(body)}")

    def restore(self, request: ApiRequest) -> control_schemas.FindingResponse:
        """Let a finding count again that was dismissed."""
        body: control_schemas.FindingRequest = request.body
        opened = self._studies.open(request.study)
        opened.study.undo_dismissal(body.finding, body.parameter)
        return _record(request, opened, f"let the finding {_name(body)} count again")

    def apply(self, request: ApiRequest) -> control_schemas.FindingResponse:
        """Apply the remedy of a finding to the stored study, which all workers follow."""
        body: control_schemas.FindingRequest = request.body
        opened = self._studies.open(request.study)
        finding = _find(opened, body)
        if finding.action is not None and finding.action.kind == "stop":
            StudyControls(opened.engine, request.who).stop()
            return control_schemas.FindingResponse("no further trial is begun")
        if finding.action is not None and finding.action.kind == "schedule":
            raise RequestError(
                422,
                "Invalid",
                "a scheduler is set where the study is run, which takes: " + finding.remedy,
            )
        change = opened.study.apply(finding).change
        return _record(request, opened, f"applied the finding {_name(body)}: {change}", change)


def _find(opened: OpenStudy, body: control_schemas.FindingRequest) -> Finding:
    """The finding that a request names.

    Raises:
        RequestError: It is not found any more.
    """
    for finding in opened.study.diagnose():
        if (finding.name, finding.subject, finding.dismissed) == (
            body.finding,
            body.parameter,
            False,
        ):
            return finding
    raise RequestError(404, "NotFound", f"the finding {_name(body)} is not there any more")


def _name(body: control_schemas.FindingRequest) -> str:
    return f"{body.finding} of {body.parameter}" if body.parameter else body.finding


def _record(
    request: ApiRequest, opened: OpenStudy, what: str, change: str = ""
) -> control_schemas.FindingResponse:
    """Write what was done into the log."""
    StudyControls(opened.engine, request.who).record(what)
    return control_schemas.FindingResponse(change or what)
