"""What is stored of a trial: its state, its turns, and the frozen row."""

from __future__ import annotations

import enum
import html
from typing import Any

import msgspec

Told = float | tuple[float, ...]
"""What was reported: a number, or one for each of several objectives."""


class State(enum.IntEnum):
    """Where a trial is. From PAUSED on it has had a turn, from COMPLETE on it is finished and never changes again."""

    WAITING = 0
    RUNNING = 1
    PAUSED = 2
    COMPLETE = 3
    PRUNED = 4
    FAILED = 5

    @property
    def finished(self) -> bool:
        """Whether the trial is over."""
        return self >= State.COMPLETE


class Decision(enum.StrEnum):
    """What a trial that has just reported should do."""

    CONTINUE = "continue"
    STOP = "stop"
    PAUSE = "pause"


class Turn(msgspec.Struct, frozen=True):
    """How a trial went on after a pause.

    Attributes:
        step: How far it was trained then.
        params: Its params from there on.
        source: Number of the trial whose checkpoint it went on from; None for its own.
    """

    step: float
    params: dict[str, Any]
    source: int | None = None


class TrialRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of one trial.

    Attributes:
        number: 0, 1, 2, ... within the study.
        state: WAITING, RUNNING, PAUSED, COMPLETE, PRUNED or FAILED.
        params: Name to value, in the user's types; what has been proposed while it runs, what was
            used once finished.
        values: One number for each direction; the last report of a paused or pruned trial; None
            when there is none.
        reports: (step, value) pairs, by step.
        tags: What the user noted with `trial.set_tag`, in JSON's types. "confirms" and "repeat"
            mark the re-runs of `Study.confirm`.
        error: Why it failed, with the traceback.
        checkpoints: References to what it can go on from, in its study's folder of checkpoints; the
            latest last.
        turns: How it went on after each pause. Where its params changed, the first entry is what it
            began with.
        started_s: When it began, in seconds since 1970.
        finished_s: When it ended.
        worker: Who ran it.
        token: How often it has been handed out; a result must carry the latest.
        lease_s: Until when its worker may be silent, in seconds since 1970.
        retries: How often it was offered again because its worker died.
        cost: What it cost, as the user noted with `trial.set_cost`, in the user's unit.
        constraints: Name to what was noted with `trial.set_constraint`; kept where at most 0.
    """

    number: int
    state: State
    params: dict[str, Any] = {}
    values: tuple[float, ...] | None = None
    reports: tuple[tuple[float, Told], ...] = ()
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

    @property
    def value(self) -> float | None:
        """The value, when there is one objective."""
        return self.values[0] if self.values else None

    @property
    def feasible(self) -> bool:
        """Whether it breaks no constraint on results, as far as it told."""
        return not any(v > 0 for v in self.constraints.values())

    @property
    def duration_s(self) -> float | None:
        """How long it ran, once finished."""
        return (
            None
            if self.started_s is None or self.finished_s is None
            else self.finished_s - self.started_s
        )

    @property
    def confirms(self) -> int | None:
        """The number of the trial that this one re-runs for `Study.confirm`.

        None for an ordinary trial.
        """
        number = self.tags.get("confirms") if self.tags else None
        return number if type(number) is int else None

    def __repr__(self) -> str:
        values = "" if self.values is None else " " + ", ".join(f"{v:.6g}" for v in self.values)
        params = ", ".join(
            f"{k}={v:.6g}" if isinstance(v, float) else f"{k}={v!r}" for k, v in self.params.items()
        )
        return f"TrialRow({self.number} {self.state.name}{values} {{{params}}})"

    def _repr_html_(self) -> str:
        return f"<code>{html.escape(repr(self))}</code>"
