"""The routes by which people control a study; the page may call them too."""

from __future__ import annotations

from functools import partial

from ..storages.controls import Remark
from . import control_schemas as forms
from . import schemas
from .control_handlers import ControlHandlers
from .finding_handlers import FindingHandlers
from .route import PAGE_STUDY, STUDY, TRIAL, Route


def control_routes(handlers: ControlHandlers) -> list[Route]:
    """Routes by which people control a study."""
    act = partial(Route, method="POST", costly=True, for_page=True)
    return [
        *(
            Route(
                method="GET",
                path=f"{study}/controls",
                name=name,
                summary="Read what people have asked of a study, and said about its trials.",
                handler=handlers.get,
                response=forms.Controls,
                costly=True,
                apart=True,
            )
            for study, name in ((STUDY, "get_controls"), (PAGE_STUDY, "page_controls"))
        ),
        act(
            path=f"{STUDY}/pause",
            name="pause",
            summary="Let no worker begin a trial until the study is resumed.",
            handler=handlers.pause,
            response=forms.Controls,
            request=forms.PauseRequest,
        ),
        act(
            path=f"{STUDY}/resume",
            name="resume",
            summary="Let workers begin trials again.",
            handler=handlers.resume,
            response=forms.Controls,
            request=forms.ResumeRequest,
        ),
        act(
            path=f"{STUDY}/stop",
            name="stop",
            summary="End the run of every worker.",
            handler=handlers.stop,
            response=forms.Controls,
            request=forms.StopRequest,
        ),
        act(
            path=f"{TRIAL}/stop",
            name="stop_trial",
            summary="Stop a trial where it next asks whether it should.",
            handler=handlers.stop_trial,
            response=schemas.Trial,
            request=forms.StopTrialRequest,
        ),
        act(
            path=f"{TRIAL}/fail",
            name="fail_trial",
            summary="Fail a trial at once, whatever its worker does.",
            handler=handlers.fail_trial,
            response=schemas.Trial,
            request=forms.FailTrialRequest,
        ),
        act(
            path=f"{STUDY}/propose",
            name="propose",
            summary="Propose a trial that somebody runs by hand.",
            handler=handlers.propose,
            response=schemas.Trial,
            request=forms.ProposeRequest,
        ),
        act(
            path=f"{TRIAL}/enter",
            name="enter",
            summary="Enter the value of a trial that somebody has run by hand.",
            handler=handlers.enter,
            response=schemas.Trial,
            request=forms.EnterRequest,
        ),
        act(
            path=f"{TRIAL}/nearby",
            name="enqueue_nearby",
            summary="Add trials near another, to be run next.",
            handler=handlers.enqueue_nearby,
            response=forms.NearbyResponse,
            request=forms.NearbyRequest,
        ),
        act(
            path=f"{TRIAL}/remark",
            name="remark",
            summary="Write a note on a trial, mark it, hide its result, or tag it.",
            handler=handlers.remark,
            response=Remark,
            request=forms.RemarkRequest,
        ),
    ]


def finding_routes(handlers: FindingHandlers) -> list[Route]:
    """Routes by which people act on what a diagnosis found."""
    act = partial(
        Route,
        method="POST",
        costly=True,
        for_page=True,
        response=forms.FindingResponse,
    )
    return [
        act(
            path=f"{STUDY}/findings/dismiss",
            name="dismiss_finding",
            summary="Dismiss a finding, so that it counts no more.",
            handler=handlers.dismiss,
            request=forms.DismissRequest,
        ),
        act(
            path=f"{STUDY}/findings/restore",
            name="restore_finding",
            summary="Let a finding count again that was dismissed.",
            handler=handlers.restore,
            request=forms.FindingRequest,
        ),
        act(
            path=f"{STUDY}/findings/apply",
            name="apply_finding",
            summary="Apply the remedy of a finding to the stored study.",
            handler=handlers.apply,
            request=forms.FindingRequest,
        ),
    ]
