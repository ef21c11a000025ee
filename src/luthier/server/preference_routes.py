"""The routes by which people compare trials; the page may call them too."""

from __future__ import annotations

from functools import partial

from . import control_schemas as forms
from .preference_handlers import PreferenceHandlers
from .route import PAGE_STUDY, STUDY, Route


def preference_routes(handlers: PreferenceHandlers) -> list[Route]:
    """Routes by which people compare trials."""
    act = partial(Route, method="POST", costly=True, for_page=True)
    return [
        Route(
            method="GET",
            path=f"{PAGE_STUDY}/preferences",
            name="page_preferences",
            summary="Read how many comparisons there are, and the best trial by them.",
            handler=handlers.get,
            response=forms.Preferences,
            costly=True,
            apart=True,
            slow=True,
        ),
        act(
            path=f"{STUDY}/next-pair",
            name="next_pair",
            summary="Show two trials that somebody should compare next.",
            handler=handlers.next_pair,
            response=forms.Pair,
            request=forms.NextPairRequest,
        ),
        act(
            path=f"{STUDY}/prefer",
            name="prefer",
            summary="Say which of two trials is better.",
            handler=handlers.prefer,
            response=forms.Preferences,
            request=forms.PreferRequest,
        ),
    ]
