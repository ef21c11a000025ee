"""The routes of studies and trials, and of the storage verbs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from ..storages import Storage
from ..storages.http_messages import VERBS
from . import page_schemas, page_view_schemas, schemas, storage_api
from .attachment_handlers import AttachmentHandlers
from .attachment_routes import attachment_routes
from .control_handlers import ControlHandlers
from .control_routes import control_routes, finding_routes
from .finding_handlers import FindingHandlers
from .model_handlers import ModelHandlers
from .model_routes import model_routes
from .open_studies import OpenStudies
from .page_handlers import PageHandlers
from .page_views import PageViews
from .preference_handlers import PreferenceHandlers
from .preference_routes import preference_routes
from .request import ApiRequest
from .route import PAGE_PATH, PAGE_STUDY, PAGE_TRIAL, STORAGE_PATH, STUDIES, STUDY, TRIAL, Route
from .study_handlers import StudyHandlers
from .trial_handlers import TrialHandlers


def make_routes(storage: Storage, checkpoints: str | None, max_body: int) -> list[Route]:
    """All routes of studies, trials and the storage.

    Args:
        storage: Where the studies live.
        checkpoints: A folder or URL below which studies may have their own places; None for none.
        max_body: Largest request in bytes; clients are informed of it.
    """
    studies = OpenStudies(storage, checkpoints)
    study_handlers = StudyHandlers(studies)
    return [
        *trial_routes(TrialHandlers(studies)),
        *study_routes(study_handlers),
        *result_routes(study_handlers),
        *control_routes(ControlHandlers(studies)),
        *finding_routes(FindingHandlers(studies)),
        *attachment_routes(AttachmentHandlers(studies)),
        *preference_routes(PreferenceHandlers(studies)),
        *model_routes(ModelHandlers(storage)),
        *storage_routes(storage, max_body),
        *page_routes(PageHandlers(studies)),
        *view_routes(PageViews(studies)),
    ]


def trial_routes(handlers: TrialHandlers) -> list[Route]:
    """Routes by which workers run trials."""
    return [
        Route(
            method="POST",
            path=f"{STUDY}/ask",
            name="ask",
            summary="Begin a trial.",
            handler=handlers.ask,
            response=schemas.AskResponse,
            request=schemas.AskRequest,
            accepts_key=True,
            costly=True,
        ),
        Route(
            method="POST",
            path=f"{STUDY}/enqueue",
            name="enqueue",
            summary="Add a trial that is run next.",
            handler=handlers.enqueue,
            response=schemas.EnqueueResponse,
            request=schemas.EnqueueRequest,
            accepts_key=True,
            costly=True,
            for_page=True,
        ),
        Route(
            method="POST",
            path=f"{TRIAL}/report",
            name="report",
            summary="Store an intermediate value, and decide whether the trial goes on.",
            handler=handlers.report,
            response=schemas.ReportResponse,
            request=schemas.ReportRequest,
            costly=True,
        ),
        Route(
            method="POST",
            path=f"{TRIAL}/tell",
            name="tell",
            summary="End a trial, and begin the worker's next one if it asks for that.",
            handler=handlers.tell,
            response=schemas.TellResponse,
            request=schemas.TellRequest,
            accepts_key=True,
            costly=True,
        ),
        Route(
            method="POST",
            path=f"{TRIAL}/retry",
            name="retry",
            summary="Offer a failed trial again.",
            handler=handlers.retry,
            response=schemas.Trial,
            request=schemas.RetryRequest,
            accepts_key=True,
            for_page=True,
        ),
        Route(
            method="POST",
            path=f"{TRIAL}/heartbeat",
            name="heartbeat",
            summary="Extend the lease of a trial.",
            handler=handlers.heartbeat,
            response=schemas.HeartbeatResponse,
            request=schemas.HeartbeatRequest,
            skips_queue=True,
        ),
    ]


def study_routes(handlers: StudyHandlers) -> list[Route]:
    """Routes by which studies are created, found and deleted."""
    return [
        Route(
            method="GET",
            path=STUDIES,
            name="list_studies",
            summary="List the studies.",
            handler=handlers.list_studies,
            response=schemas.Studies,
            request=schemas.ListStudiesQuery,
        ),
        Route(
            method="POST",
            path=STUDIES,
            name="create_study",
            summary="Create a study (201), or find it (200).",
            handler=handlers.create,
            response=schemas.Study,
            request=schemas.CreateStudyRequest,
            statuses=(200, 201),
            accepts_key=True,
            costly=True,
            for_page=True,
        ),
        Route(
            method="GET",
            path=STUDY,
            name="get_study",
            summary="Read the settings and counts of a study.",
            handler=handlers.get,
            response=schemas.Study,
        ),
        Route(
            method="DELETE",
            path=STUDY,
            name="delete_study",
            summary="Delete a study with its trials and checkpoints.",
            handler=handlers.delete,
            response=schemas.DeleteResponse,
        ),
    ]


def result_routes(handlers: StudyHandlers) -> list[Route]:
    """Routes by which the trials of a study are read."""
    return [
        Route(
            method="GET",
            path=f"{STUDY}/best",
            name="best_trials",
            summary="Read the best trials so far.",
            handler=handlers.best,
            response=schemas.Trials,
            costly=True,
        ),
        Route(
            method="POST",
            path=f"{STUDY}/choose",
            name="choose",
            summary="Choose one of several good trials.",
            handler=handlers.choose,
            response=schemas.ChooseResponse,
            request=schemas.ChooseRequest,
            costly=True,
        ),
        Route(
            method="GET",
            path=f"{STUDY}/trials",
            name="list_trials",
            summary="List trials, by number.",
            handler=handlers.list_trials,
            response=schemas.Trials,
            request=schemas.ListTrialsQuery,
        ),
    ]


def page_routes(handlers: PageHandlers) -> list[Route]:
    """Routes by which the page in a browser reads studies; they change nothing."""
    read = partial(Route, method="GET", costly=True, apart=True)
    return [
        Route(
            method="GET",
            path=f"{PAGE_PATH}studies",
            name="page_studies",
            summary="List the studies with their counts.",
            handler=handlers.list_studies,
            response=page_schemas.StudyList,
        ),
        read(
            path=f"{PAGE_STUDY}/summary",
            name="page_summary",
            summary="Read what one screen shows of a study.",
            handler=handlers.summary,
            response=page_schemas.Summary,
        ),
        read(
            path=f"{PAGE_STUDY}/columns",
            name="page_columns",
            summary="Read some columns of all trials.",
            handler=handlers.columns,
            response=bytes,
            request=page_schemas.ColumnsQuery,
        ),
        read(
            path=f"{PAGE_STUDY}/rows",
            name="page_rows",
            summary="Read one page of the table of trials.",
            handler=handlers.rows,
            response=page_schemas.Rows,
            request=page_schemas.RowsQuery,
        ),
        read(
            path=f"{PAGE_STUDY}/table.csv",
            name="page_table",
            summary="Read all trials that a filter keeps, as CSV.",
            handler=handlers.table,
            response=bytes,
            request=page_schemas.TableQuery,
        ),
        read(
            path=f"{PAGE_STUDY}/attributes",
            name="page_attributes",
            summary="Name what trials noted beside their values.",
            handler=handlers.attributes,
            response=page_schemas.Attributes,
        ),
        read(
            path=PAGE_TRIAL,
            name="page_trial",
            summary="Read one trial with its reports.",
            handler=handlers.trial,
            response=schemas.Trial,
        ),
        read(
            path=f"{PAGE_STUDY}/importance",
            name="page_importance",
            slow=True,
            summary="Estimate how much each parameter matters.",
            handler=handlers.importance,
            response=page_schemas.Importances,
            request=page_schemas.ImportanceQuery,
        ),
        read(
            path=f"{PAGE_STUDY}/findings",
            name="page_findings",
            slow=True,
            summary="Say what may be wrong with a study.",
            handler=handlers.findings,
            response=page_schemas.Findings,
        ),
    ]


def view_routes(views: PageViews) -> list[Route]:
    """Routes of the page's views of an analysis."""
    read = partial(Route, method="GET", costly=True, apart=True, slow=True, response=dict)
    described: dict[str, tuple[Callable[[ApiRequest], Any], type[msgspec.Struct] | None]] = {
        "curves": (views.curves, page_view_schemas.ObjectiveQuery),
        "effects": (views.effects, page_view_schemas.EffectsQuery),
        "surface": (views.surface, page_view_schemas.SurfaceQuery),
        "ablation": (views.ablation, page_view_schemas.AblationQuery),
        "fidelity": (views.fidelity, page_view_schemas.ObjectiveQuery),
        "distribution": (views.distribution, page_view_schemas.ObjectiveQuery),
        "front": (views.front, None),
        "choice": (views.choice, page_view_schemas.ChoiceQuery),
        "timeline": (views.timeline, None),
        "failures": (views.failures, None),
        "space": (views.space, None),
        "resources": (views.resources, None),
    }
    return [
        read(
            path=f"{PAGE_PATH}compare",
            name="page_compare",
            summary=_first_line(views.compare),
            handler=views.compare,
            request=page_view_schemas.CompareQuery,
        ),
        *(
            read(
                path=f"{PAGE_STUDY}/{name}",
                name=f"page_{name}",
                summary=_first_line(handler),
                handler=handler,
                request=query,
            )
            for name, (handler, query) in described.items()
        ),
    ]


def _first_line(handler: Callable[[ApiRequest], Any]) -> str:
    return (handler.__doc__ or "").split("\n")[0]


def storage_routes(storage: Storage, max_body: int) -> list[Route]:
    """One route for each verb of the storage contract.

    Args:
        storage: Where the studies live.
        max_body: Largest request in bytes; clients are informed of it.
    """
    return [
        Route(
            method="POST",
            path=f"{STORAGE_PATH}{verb}",
            name=f"storage_{verb}",
            summary=(form.__doc__ or "").split("\n")[0],
            handler=partial(_run_verb, storage, max_body, verb),
            response=response,
            request=form,
        )
        for verb, (form, response) in VERBS.items()
    ]


def _run_verb(storage: Storage, max_body: int, verb: str, request: ApiRequest) -> Any:
    return storage_api.run_verb(storage, verb, request.body, max_body)
