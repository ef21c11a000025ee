"""Handlers of what people prefer: the next two trials, which is better, the best so far."""

from __future__ import annotations

from ..history.history import History
from ..models.preferences import learn_preferences
from ..study.preferences import StudyPreferences
from .control_schemas import Pair, Preferences, PreferRequest
from .open_studies import OpenStudies, OpenStudy
from .page_answers import Answers
from .request import Answer, ApiRequest
from .schemas import trial_from_row


class PreferenceHandlers:
    """Handlers of preferences; every method may be called from many threads.

    Args:
        studies: The open studies.
    """

    def __init__(self, studies: OpenStudies) -> None:
        self._studies = studies
        self._answers = Answers(studies)

    def get(self, request: ApiRequest) -> Answer:
        """Read how many comparisons there are, and the best trial by them."""

        def make(opened: OpenStudy, history: History) -> Preferences:
            return _describe(history)

        return self._answers.give(request, "preferences", make)

    def next_pair(self, request: ApiRequest) -> Pair:
        """Show two trials that somebody should compare next."""
        pair = self._preferences(request).next_pair()
        return Pair([trial_from_row(row) for row in pair])

    def prefer(self, request: ApiRequest) -> Preferences:
        """Say which of two trials is better."""
        body: PreferRequest = request.body
        found = self._preferences(request)
        found.prefer(body.better, body.worse, body.equal)
        with self._studies.open(request.study).engine.reading() as history:
            return _describe(history)

    def _preferences(self, request: ApiRequest) -> StudyPreferences:
        return StudyPreferences(self._studies.open(request.study).engine, request.who)


def _describe(history: History) -> Preferences:
    learned = learn_preferences(history)
    best = None if learned is None else int(learned.number[learned.best])
    return Preferences(len(history.info.comparisons), best)
