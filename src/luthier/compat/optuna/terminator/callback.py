"""A callback that stops a study that has done enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..logging import get_logger
from ..marks import warn
from ..trial.frozen import FrozenTrial
from .erroreval import OLD
from .terminator import BaseTerminator, Terminator

if TYPE_CHECKING:
    from ..study.search import Study

_logger = get_logger("optuna.terminator")


class TerminatorCallback:
    """Stops a study that has done enough.

    Args:
        terminator: What says so; None for `Terminator()`.
    """

    def __init__(self, terminator: BaseTerminator | None = None) -> None:
        warn(OLD, FutureWarning, stacklevel=2)
        self._terminator = terminator or Terminator()

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        if self._terminator.should_terminate(study=study):
            _logger.info("The study has been stopped by the terminator.")
            study.stop()
