"""The space of pipelines: a learner, its own parameters, and how columns are prepared for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from ..space.distributions import Categorical, Distribution
from ..space.space import Space
from .columns import Column, find_columns
from .learners import Learner, Task, choose_learners
from .tables import read_table

LEARNER = "learner"
ENCODING = "encoding"
SCALING = "scaling"
_N_ROWS = 6  # of a learner's portfolio


def pipeline_space(X: Any, task: Task, learners: Any = None) -> Space:
    """Return the space of pipelines for a table: print it, edit it, and pass it as `space`.

    It is an ordinary space: "learner" says which model a pipeline ends in, each model's own
    parameters wait for it under names such as "forest__max_features", and "encoding" and "scaling"
    say how columns are prepared. Its first rows are the portfolios of the learners.

    Args:
        X: (n, d) table.
        task: "classify" or "regress".
        learners: Names of learners and `Learner` objects; None for all that are installed.

    Raises:
        EstimatorError: The table or a learner cannot be used.
    """
    table, names = read_table(X)
    return make_space(find_columns(table, names), choose_learners(learners, task, len(table)), task)


def make_space(columns: Iterable[Column], learners: Sequence[Learner], task: Task) -> Space:
    """Return the space of pipelines of these learners for these columns."""
    used = [column for column in columns if column.kind != "dropped"]
    params: dict[str, Distribution] = {
        LEARNER: Categorical(tuple(one.name for one in learners), default=learners[0].name)
    }
    unscaled = tuple(one.name for one in learners if not one.scaled)
    scaled = tuple(one.name for one in learners if one.scaled)
    if unscaled and any(column.kind in ("category", "many") for column in used):
        params[ENCODING] = Categorical(
            ("ordinal", "one-hot", "target"), default="ordinal", when={LEARNER: unscaled}
        )
    if scaled and any(column.kind == "number" for column in used):
        params[SCALING] = Categorical(
            ("standard", "quantile"), default="standard", when={LEARNER: scaled}
        )
    first: list[dict[str, Any]] = []
    for learner in learners:
        own = learner.space(task, len(used))
        for name, dist in own.params.items():
            params[_join(learner.name, name)] = _wait_for(learner.name, dist)
        first += [
            {LEARNER: learner.name} | {_join(learner.name, n): v for n, v in row.items()}
            for row in (own.first or ({},))[:_N_ROWS]
        ]
    return Space(params, first=first)


def split_params(params: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the name of the learner, its own params, and those of the preparation."""
    name = params[LEARNER]
    prefix = _join(name, "")
    own = {key.removeprefix(prefix): v for key, v in params.items() if key.startswith(prefix)}
    rest = {key: params[key] for key in (ENCODING, SCALING) if key in params}
    return name, own, rest


def _join(learner: str, name: str) -> str:
    return f"{learner}__{name}"


def _wait_for(learner: str, dist: Distribution) -> Distribution:
    """Return a distribution that is active for one learner, beside its own conditions."""
    own = {_join(learner, parent): values for parent, values in (dist.when or {}).items()}
    return replace(dist, when={LEARNER: (learner,), **own})
