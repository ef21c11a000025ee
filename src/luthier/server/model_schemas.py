"""Bodies of requests and responses about models in production."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from ..storages.http_messages import Form

Key = Annotated[str, msgspec.Meta(max_length=1000)]


class ChooseQuery(Form):
    """`key` is the unit that asks: a user or a session, never a request."""

    key: Key


class ObserveRequest(Form):
    """What came of a unit: `outcomes` by metric, 0 or 1 where the metric is a rate."""

    key: Key
    outcomes: dict[str, float]


class Choice(msgspec.Struct):
    """Which version answers; `shadow` is one that shall answer as well without being heard."""

    version: int
    arm: Literal["champion", "challenger"]
    rollout: int
    step: int
    shadow: int | None
    params: dict[str, Any]


class Observed(msgspec.Struct):
    """Whether the outcomes were noted: not twice, and not after the end of their roll-out."""

    noted: bool


class Model(msgspec.Struct):
    """A model, how many versions it has, and which of them each alias names."""

    name: str
    versions: int
    aliases: dict[str, int]


class Models(msgspec.Struct):
    """All models."""

    models: list[Model]


class RolloutVerdict(msgspec.Struct):
    """The latest roll-out. `verdict` is what a web metric of Argo Rollouts reads."""

    model: str
    rollout: int
    verdict: Literal["success", "failure", "inconclusive", "running"]
    state: str
    share: float
    because: str
