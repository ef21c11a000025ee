"""What the views of the page ask for; what they get is the record of the analysis, as an object."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from ..storages.http_messages import Form

Objective = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Indices = Annotated[str, msgspec.Meta(max_length=1000)]
"""Whole numbers with commas between them."""


class CurvesQuery(Form):
    """The index of an objective."""

    objective: Objective = 0


class EffectsQuery(Form):
    """Effects of some parameters on an objective.

    Attributes:
        params: Indices of the parameters.
        objective: Index of the objective.
        around: Where the other parameters are; see `analysis.Effect`.
    """

    params: Indices
    objective: Objective = 0
    around: Literal["uniform", "good", "best"] = "uniform"


class ChoiceQuery(Form):
    """A rule by which a trial is chosen; "" for the knee of the front."""

    rule: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class CompareQuery(Form):
    """Studies beside each other.

    Attributes:
        studies: Their ids.
        by: What is counted as effort.
    """

    studies: Indices
    by: Literal["trial", "time", "cost"] = "trial"
