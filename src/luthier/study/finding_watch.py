"""A watch over a running study: it tells each finding once, and applies remedies if it may."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any, Protocol

from ..analysis.findings.finding import Finding
from ..errors import LuthierError
from ..history.history import History
from ..storages.settings import Applied
from ..terminal import logger
from ..trial.record import TrialRow

_EVERY = 25  # trials between two diagnoses, at least
_GROWTH = 1.1  # of the number of trials between two diagnoses, at least


class Watched(Protocol):
    """What a watch needs of a study."""

    @property
    def history(self) -> History:
        """The trials as columns."""

    def diagnose(self, *, quick: bool) -> list[Finding]:
        """Say what may be wrong."""

    def apply(self, finding: Finding) -> Applied:
        """Apply a remedy."""


class FindingWatch:
    """A callback of a run, which diagnoses the study now and then.

    It does so when the study has at least 25 trials, and a tenth, more than at the last time, and
    leaves out what needs a model: so it costs little however long the study is, and depends on the
    trials alone. What was found is told once, and its remedy is applied once.

    Args:
        study: The study.
        tell: Called with each new finding that is not dismissed, after its remedy was applied;
            None for none.
        act: Kinds of actions that are applied.
    """

    def __init__(
        self, study: Watched, tell: Callable[[Finding], Any] | None, act: Collection[str]
    ) -> None:
        self._study = study
        self._tell = tell
        self._act = act
        self._known: set[tuple[str, str]] = set()
        self._due = _find_due(study.history.n)

    def __call__(self, row: TrialRow) -> None:
        n = self._study.history.n
        if n < self._due:
            return
        self._due = _find_due(n)
        for finding in self._study.diagnose(quick=True):
            key = finding.name, finding.subject
            if finding.dismissed or key in self._known:
                continue
            self._known.add(key)
            if finding.action is not None and finding.action.kind in self._act:
                self._apply(finding)
            if self._tell is not None:
                self._tell(finding)

    def _apply(self, finding: Finding) -> None:
        """Apply a remedy; one that cannot be is said, and the run goes on."""
        try:
            done = self._study.apply(finding)
        except LuthierError as e:
            logger.warning("the remedy of %r cannot be applied: %s", finding.name, e)
            return
        if done.kind == "widen":  # the wider range may be too narrow still
            self._known.discard((finding.name, finding.subject))


def _find_due(n: int) -> int:
    """The number of trials at which a study of n is diagnosed next."""
    return max(n + _EVERY, math.ceil(_GROWTH * n))
