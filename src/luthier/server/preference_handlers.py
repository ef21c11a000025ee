"""Handlers of what people prefer: the next two trials, which is better, the best so far."""

from __future__ import annotations

from .. import study
from ..errors import TooFewResultsError
from .control_schemas import Pair, Preferences, PreferRequest
from .open_studies import OpenStudies
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
        preferences = self._preferences(request)
        return self._answers.give(request, "preferences", lambda *_: _describe(preferences))

    def next_pair(self, request: ApiRequest) -> Pair:
        """Show two trials that somebody should compare next."""
        pair = self._preferences(request).next_pair()
        return Pair([trial_from_row(row) for row in pair])

    def prefer(self, request: ApiRequest) -> Preferences:
        """Say which of two trials is better."""
        body: PreferRequest = request.body
        found = self._preferences(request)
        found.prefer(body.better, body.worse, body.equal)
        return _describe(found)

    def _preferences(self, request: ApiRequest) -> study.StudyPreferences:
        return study.StudyPreferences(self._studies.open(request.study).engine, request.who)


def _describe(preferences: study.StudyPreferences) -> Preferences:
    try:
        best = preferences.best_trial.number
    except TooFewResultsError:
        best = None
    return Preferences(len(preferences.comparisons), best)
