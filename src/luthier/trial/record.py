"""Record of a trial as it is stored: its state, its turns, and the frozen row."""

from __future__ import annotations

import enum
import html
from typing import Any

import msgspec

from ..argument_names import explain_attributes
from ..errors import TrialDisturbedError
from ..wording import list_params, to_six_digits

ReportValue = float | tuple[float, ...]
"""Intermediate value: a number, or one for each of several objectives."""

# Names that people know from Optuna's FrozenTrial, and ours.
_OTHER_NAMES = {
    "user_attrs": "tags",
    "datetime_start": "started_s",
    "datetime_complete": "finished_s",
    "duration": "duration_s",
    "intermediate_values": "reports",
}


class State(enum.IntEnum):
    """State of a trial.

    From PAUSED on it has had a turn; from COMPLETE on it is finished. It never changes again then,
    unless it has failed and somebody retries it.
    """

    WAITING = 0
    RUNNING = 1
    PAUSED = 2
    COMPLETE = 3
    PRUNED = 4
    FAILED = 5

    @property
    def finished(self) -> bool:
        """Whether the trial is over."""
        return self >= _FIRST_FINISHED


_FIRST_FINISHED = State.COMPLETE


class Decision(enum.StrEnum):
    """Decision on a trial that has just reported."""

    CONTINUE = "continue"
    STOP = "stop"
    PAUSE = "pause"


class Turn(msgspec.Struct, frozen=True, omit_defaults=True):
    """Turn of a trial that went on after a pause.

    Attributes:
        step: The step that it went on from.
        params: Its params from there on.
        source: Number of the trial whose checkpoint it went on from; None for its own.
        paused_s: When the pause before it began, in seconds since 1970; None where nobody knows,
            and for the turn that a trial began with.
        resumed_s: When it began itself; None as well.
    """

    step: float
    params: dict[str, Any]
    source: int | None = None
    paused_s: float | None = None
    resumed_s: float | None = None


@explain_attributes(_OTHER_NAMES, "row")
class TrialRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The record of one trial.

    Attributes:
        number: 0, 1, 2, ... within the study.
        state: WAITING, RUNNING, PAUSED, COMPLETE, PRUNED or FAILED.
        params: Name to value, in the user's types; those proposed while it runs, those used once it
            is finished.
        values: One number for each objective; the last report of a paused or pruned trial; None
            without any.
        reports: (step, value) pairs, by step.
        tags: Tags that were set with `trial.set_tag`, in JSON's types. "confirms" and "repeat" mark
            the re-runs of `Study.confirm`; "earlier_errors" says why a retried trial had failed;
            "n_folds" says that its value is the mean of its reports, each of another fold.
        error: Why it failed, with the traceback.
        checkpoints: References to the checkpoints that it can go on from, in its study's folder;
            the latest last.
        turns: The turns after its pauses. Where its params changed, the first entry is the turn
            that it began with.
        started_s: When it began, in seconds since 1970.
        finished_s: When it ended, in seconds since 1970.
        worker: Name of the worker that ran it.
        token: How often it has been given to a worker; a result must carry the latest token.
        lease_s: Until when its worker may be silent, in seconds since 1970.
        retries: How often it was offered again because its worker died.
        cost: Cost that was noted with `trial.set_cost`, in the user's unit.
        constraints: Constraints that were noted with `trial.set_constraint`, name to value;
            feasible is at most 0.
        proposal: The params that were proposed to it, where its objective did not use them all, as
            it asked for other names or other ranges; empty where it did.
    """

    number: int
    state: State
    params: dict[str, Any] = {}
    values: tuple[float, ...] | None = None
    reports: tuple[tuple[float, ReportValue], ...] = ()
    tags: dict[str, Any] = {}
    error: str | None = None
    checkpoints: tuple[dict[str, Any], ...] = ()
    turns: tuple[Turn, ...] = ()
    started_s: float | None = None
    finished_s: float | None = None
    worker: str = ""
    token: int = 0
    lease_s: float = 0.0
    retries: int = 0
    cost: float | None = None
    constraints: dict[str, float] = {}
    proposal: dict[str, Any] = {}

    @property
    def value(self) -> float | None:
        """The value, when there is one objective."""
        return self.values[0] if self.values else None

    @property
    def feasible(self) -> bool:
        """Whether it breaks no constraint on its results, as far as it noted any."""
        return not any(v > 0 for v in self.constraints.values())

    @property
    def is_plain(self) -> bool:
        """Whether it is over, and has nothing that only some trials have."""
        has_more = self.constraints or self.proposal or self.turns or self.checkpoints
        return self.state >= State.COMPLETE and not has_more

    @property
    def duration_s(self) -> float | None:
        """For how many seconds it ran, once finished."""
        if self.started_s is None or self.finished_s is None:
            return None
        return self.finished_s - self.started_s

    @property
    def disturbed(self) -> bool:
        """Whether it failed for a reason outside of it, so that its failure says nothing."""
        return self.error is not None and self.error.startswith(TrialDisturbedError.__name__)

    @property
    def confirms(self) -> int | None:
        """Number of the trial that this one runs again for `Study.confirm`; None for others."""
        number = self.tags.get("confirms") if self.tags else None
        return number if type(number) is int else None

    @property
    def n_folds(self) -> int:
        """Of how many folds its value is the mean, each reported as a step; 0 for other trials."""
        n_folds = self.tags.get("n_folds") if self.tags else None
        return n_folds if type(n_folds) is int and n_folds > 0 else 0

    def __repr__(self) -> str:
        values = " " + ", ".join(map(to_six_digits, self.values)) if self.values else ""
        params = list_params(self.params)
        return f"TrialRow({self.number} {self.state.name}{values} {{{params}}})"

    def _repr_html_(self) -> str:
        return f"<code>{html.escape(repr(self))}</code>"
