"""All trials of a run as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..wording import list_params
from .joint_space import LEARNER, split_params
from .run import Found
from .search import Tried


class Line(NamedTuple):
    """One trial.

    Attributes:
        rank: 1 for the best; None for trials that were not complete.
        number: Of the trial.
        learner: Its learner.
        score: Mean of the metric over the folds; NaN where it was not complete.
        weight: Its share of the final model.
        fit_s: Seconds of a fit on a fold.
        state: "complete", "stopped" or "failed".
        params: Those of the learner and of the preparation, in words.
        why: Why it failed.
    """

    rank: int | None
    number: int
    learner: str
    score: float
    weight: float
    fit_s: float
    state: str
    params: str
    why: str


class Leaderboard(tuple[Line, ...]):
    """The lines of a table, the best first; `str` shows them, `to_dicts` is for data frames."""

    __slots__ = ()

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the lines as dicts, as for `pandas.DataFrame`."""
        return [line._asdict() for line in self]

    def __str__(self) -> str:
        head = "     trial  learner           score  weight   fit_s  params"
        lines = [
            f"{'' if line.rank is None else line.rank:>4} {line.number:>5}  {line.learner:<12} "
            f"{_number(line.score):>10} {_share(line.weight):>7} {line.fit_s:>7.2f}  "
            f"{line.params if line.state == 'complete' else f'{line.state} {line.why}'}"[:160]
            for line in self
        ]
        return "\n".join([head, *lines])


def _number(score: float) -> str:
    return "" if math.isnan(score) else f"{score:.5g}"


def _share(weight: float) -> str:
    return f"{weight:.2f}" if weight else ""


def make_leaderboard(found: Found) -> Leaderboard:
    """Return all trials of a run: complete ones by their score, then the others."""
    weights = {member.tried.number: member.weight for member in found.members}
    complete = sorted(
        (one for one in found.tried if one.state == "complete"), key=lambda one: one.loss
    )
    others = [one for one in found.tried if one.state != "complete"]
    lines = [_line(found, one, i + 1, weights) for i, one in enumerate(complete)]
    return Leaderboard([*lines, *(_line(found, one, None, weights) for one in others)])


def _line(found: Found, tried: Tried, rank: int | None, weights: Mapping[int, float]) -> Line:
    return Line(
        rank=rank,
        number=tried.number,
        learner=tried.params[LEARNER],
        score=found.metric.sign() * tried.loss,
        weight=weights.get(tried.number, 0.0),
        fit_s=tried.fit_s,
        state=tried.state,
        params=say_params(tried.params),
        why=tried.why,
    )


def say_params(params: Mapping[str, Any]) -> str:
    """Return the params of a pipeline in words."""
    _, own, options = split_params(params)
    return list_params(own | options)
