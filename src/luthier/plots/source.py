"""What figures are made from: a study, or the history of one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import numpy as np

from ..analysis.candidates import Candidates
from ..analysis.rule_language import parse
from ..errors import RuleError
from ..history.history import History
from ..trial.record import State, TrialRow
from ..validation import show

_OVER = (State.COMPLETE, State.PRUNED, State.FAILED)

RowsOf = Callable[[list[int]], list[TrialRow]]
"""Reads the rows of trials with some numbers."""


class _Engine(Protocol):
    def reading(self) -> AbstractContextManager[History]: ...

    def rows(self, numbers: list[int] | None = None) -> list[TrialRow]: ...


class _Study(Protocol):
    @property
    def engine(self) -> _Engine: ...


Source = _Study | History
"""A study, or its history."""


class Trials(NamedTuple):
    """What is known of a study while a figure is made.

    Attributes:
        history: The trials.
        rows_of: Reads rows; None where only the history was given.
    """

    history: History
    rows_of: RowsOf | None


@contextlib.contextmanager
def open_source(source: Source, where: str | None = None) -> Iterator[Trials]:
    """Hold a study for as long as a figure is made of it.

    Args:
        source: A study, or its history.
        where: Conditions on params, tags, objectives and constraints, as in `Study.choose`:
            "layers >= 2 and kind = 'cnn'". Of all trials that are over, only those that satisfy
            them count; what has no value satisfies no condition on it.

    Raises:
        RuleError: The conditions cannot be read, name what no trial has, or need the study.
        TypeError: `source` is neither.
    """
    if isinstance(source, History):
        if where is not None:
            raise RuleError("where=... reads what trials noted: give the study, not its history")
        yield Trials(source, None)
        return
    engine = getattr(source, "engine", None)
    if engine is None:
        raise TypeError(f"expected a study or its history, got {show(source)}")
    with engine.reading() as history:
        if where is not None:
            history = _keep(history, engine.rows, where)
        yield Trials(history, engine.rows)


def _keep(history: History, rows_of: RowsOf, where: str) -> History:
    """A history in which only those trials are over that satisfy conditions."""
    rule = parse(where)
    if rule.orders or not rule.conditions:
        raise RuleError(f"where=... takes conditions such as 'layers >= 2', got {where!r:.200}")
    candidates = Candidates(history, rows_of, _OVER)
    passes = np.ones(len(candidates), dtype=bool)
    for condition in rule.conditions:
        passes &= candidates.condition(condition, where).passes
    kept = [
        row.number for run, ok in zip(candidates.runs, passes, strict=True) if ok for row in run
    ]
    hidden = np.isin(history.state, _OVER)
    hidden[kept] = False
    return history.without(hidden)


def name_sources(sources: Source | Sequence[Source]) -> dict[str, Source]:
    """Return studies by the names that a legend shows, which are told apart where two are equal.

    Args:
        sources: One, or several.

    Raises:
        TypeError: There is none.
    """
    several = [sources] if not isinstance(sources, Sequence) else list(sources)
    if not several:
        raise TypeError("expected a study or several, got none")
    found: dict[str, Source] = {}
    for i, source in enumerate(several):
        name = str(getattr(source, "name", f"history {i + 1}"))
        found[name if name not in found else f"{name} ({i + 1})"] = source
    return found
