"""What the views of the page ask for; what they get is the record of the analysis, as an object."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from ..storages.http_messages import Form

Objective = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Indices = Annotated[str, msgspec.Meta(max_length=1000)]
"""Whole numbers with commas between them."""
Index = Annotated[str, msgspec.Meta(pattern="^[0-9]{0,6}$")]


class ObjectiveQuery(Form):
    """The index of an objective."""

    objective: Objective = 0


class AblationQuery(Form):
    """The number of the trial at which the path begins; "" for the first that is complete."""

    objective: Objective = 0
    baseline: Annotated[str, msgspec.Meta(pattern="^[0-9]{0,15}$")] = ""


class SurfaceQuery(Form):
    """How an objective depends on two parameters.

    Attributes:
        x: Index of the one; "" for what the model varies along most.
        y: Index of the other.
        objective: Index of the objective.
        around: Where the other parameters are; see `analysis.Surface`.
    """

    x: Index = ""
    y: Index = ""
    objective: Objective = 0
    around: Literal["uniform", "good", "best"] = "best"


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
        groups: For each of them the number of its group, which has one line for the mean of its
            studies; "" for a line each.
        by: What is counted as effort.
    """

    studies: Indices
    groups: Indices = ""
    by: Literal["trial", "time", "cost"] = "trial"
