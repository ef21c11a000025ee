"""Handlers of the routes by which people control a study."""

from __future__ import annotations

from ..storages import controls as stored
from ..study.controls import StudyControls
from ..study.engine import Engine
from . import control_schemas, schemas
from .open_studies import OpenStudies
from .page_answers import Answers
from .request import Answer, ApiRequest
from .schemas import trial_from_row
from .trial_handlers import read_row, read_values


class ControlHandlers:
    """Handlers of controls; every method may be called from many threads.

    Args:
        studies: The open studies.
    """

    def __init__(self, studies: OpenStudies) -> None:
        self._studies = studies
        self._answers = Answers(studies)

    def get(self, request: ApiRequest) -> Answer:
        """Read what people have asked of a study; nothing where the client has it."""
        return self._answers.give(
            request, "controls", lambda opened, history: _describe(opened.engine)
        )

    def pause(self, request: ApiRequest) -> control_schemas.Controls:
        """Let no worker begin a trial."""
        controls = self._controls(request)
        controls.pause()
        return _describe(self._studies.open(request.study).engine)

    def resume(self, request: ApiRequest) -> control_schemas.Controls:
        """Let workers begin trials again."""
        controls = self._controls(request)
        controls.resume()
        return _describe(self._studies.open(request.study).engine)

    def stop(self, request: ApiRequest) -> control_schemas.Controls:
        """End the run of every worker."""
        controls = self._controls(request)
        controls.stop(trials=request.body.trials)
        return _describe(self._studies.open(request.study).engine)

    def stop_trial(self, request: ApiRequest) -> schemas.Trial:
        """Stop a trial where it next asks."""
        self._controls_of_trial(request).stop_trial(request.number)
        return self._trial(request)

    def fail_trial(self, request: ApiRequest) -> schemas.Trial:
        """Fail a trial at once."""
        self._controls_of_trial(request).fail_trial(request.number, request.body.reason)
        return self._trial(request)

    def enter(self, request: ApiRequest) -> schemas.Trial:
        """Enter the value of a trial that was run by hand."""
        body: control_schemas.EnterRequest = request.body
        value = read_values(body.value, body.values)
        self._controls_of_trial(request).enter(request.number, value)
        return self._trial(request)

    def propose(self, request: ApiRequest) -> schemas.Trial:
        """Propose a trial that somebody runs by hand."""
        return trial_from_row(self._controls(request).propose())

    def enqueue_nearby(self, request: ApiRequest) -> control_schemas.NearbyResponse:
        """Add trials near another."""
        body: control_schemas.NearbyRequest = request.body
        controls = self._controls_of_trial(request)
        numbers = controls.enqueue_nearby(request.number, body.n, body.radius, body.seed)
        return control_schemas.NearbyResponse(numbers)

    def remark(self, request: ApiRequest) -> stored.Remark:
        """Say something of a trial."""
        body: control_schemas.RemarkRequest = request.body
        controls = self._controls_of_trial(request)
        number = request.number
        if body.note is not None:
            controls.note(number, body.note)
        if body.star is not None:
            controls.star(number, body.star)
        if body.hidden is not None:
            controls.hide(number, body.hidden)
        for name, value in body.tags.items():
            controls.tag(number, name, value)
        return controls.remark(number)

    def _controls(self, request: ApiRequest) -> StudyControls:
        return StudyControls(self._studies.open(request.study).engine, request.who)

    def _controls_of_trial(self, request: ApiRequest) -> StudyControls:
        """The controls of a study that has the trial in the address.

        Raises:
            RequestError: It has no such trial.
        """
        controls = self._controls(request)
        read_row(self._studies.storage, request)
        return controls

    def _trial(self, request: ApiRequest) -> schemas.Trial:
        return trial_from_row(read_row(self._studies.storage, request))


def _describe(engine: Engine) -> control_schemas.Controls:
    controls = engine.controls
    return control_schemas.Controls(
        course=controls.course,
        stopping=sorted(
            engine.history.running if controls.ends_trials else map(int, controls.stopping)
        ),
        remarks=controls.remarks,
        log=controls.log,
        space=engine.space.to_json()["params"],
    )
