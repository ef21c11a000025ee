"""The routes by which services in any language follow a model, and say what came of it."""

from __future__ import annotations

from . import model_schemas as forms
from .model_handlers import ModelHandlers
from .route import MODEL, MODELS, Route


def model_routes(handlers: ModelHandlers) -> list[Route]:
    """Routes of models in production."""
    return [
        Route(
            method="GET",
            path=MODELS,
            name="list_models",
            summary="List the models with their aliases.",
            handler=handlers.list_models,
            response=forms.Models,
        ),
        Route(
            method="GET",
            path=f"{MODEL}/choose",
            name="choose_version",
            summary="Choose the version that answers a unit, and count the unit.",
            handler=handlers.choose,
            response=forms.Choice,
            request=forms.ChooseQuery,
        ),
        Route(
            method="POST",
            path=f"{MODEL}/observe",
            name="observe_outcomes",
            summary="Say what came of a unit that was chosen for.",
            handler=handlers.observe,
            response=forms.Observed,
            request=forms.ObserveRequest,
        ),
        Route(
            method="GET",
            path=f"{MODEL}/verdict",
            name="rollout_verdict",
            summary="Read how the latest roll-out of a model stands.",
            handler=handlers.verdict,
            response=forms.RolloutVerdict,
        ),
    ]
