"""Types of what passes between an experiment and its user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .outcome_constraint import ComparisonOp

__all__ = [
    "ComparisonOp",
    "TEvaluationOutcome",
    "TModelCov",
    "TModelMean",
    "TModelPredict",
    "TModelPredictArm",
    "TOutcome",
    "TParamValue",
    "TParameterValue",
    "TParameterization",
    "TTrialEvaluation",
]

TParamValue = str | bool | float | int | None
TParameterization = Mapping[str, TParamValue]
TParameterValue = TParamValue
TEvaluationOutcome = Any
TOutcome = Mapping[str, Any]
TTrialEvaluation = Any
TModelMean = dict[str, list[float]]
TModelCov = dict[str, dict[str, list[float]]]
TModelPredict = tuple[TModelMean, TModelCov]
TModelPredictArm = tuple[dict[str, float], dict[str, dict[str, float]]]
