"""What people do with a study while it runs: pause, stop, end a trial, look closer, take notes.

Everything asked for stands in the storage, with who asked for it. Workers everywhere obey with
their next look at the storage: a worker that is free at once, a trial where it next asks
`should_stop`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from ..errors import LeaseLostError, NothingToAskError, StudyError, TrialError
from ..storages.controls import (
    MAX_ACTS,
    MAX_NOTE,
    MAX_REMARKS,
    STOP_STUDY,
    Act,
    Controls,
    Course,
    Remark,
)
from ..trial.handle import Trial
from ..trial.notes import TrialNotes
from ..trial.outcome import outcome_from_tell
from ..trial.record import State, TrialRow, Turn
from ..trial.table import check_added
from ..validation import check_tag, check_tag_name, check_values, show, to_plain_text
from .engine import Engine
from .nearby import draw_nearby
from .trial_number import number_of, require_trial

_MOST_NEARBY = 100  # trials around another that are enqueued at once

AnyTrial = TrialRow | Trial | int


class StudyControls:
    """What people ask of a study, and say about its trials; `Study.controls`.

    Args:
        engine: The study's.
        who: Who asks, for the log; None for this process.
    """

    def __init__(self, engine: Engine, who: str | None = None) -> None:
        self._engine = engine
        self._who = who or engine.worker

    # -- reading --------------------------------------------------------------------------------

    @property
    def stored(self) -> Controls:
        """All that is stored, as of now."""
        self._engine.refresh()
        return self._engine.controls

    @property
    def course(self) -> Course:
        """Whether workers begin trials: "running", "paused" or "stopped"."""
        return self.stored.course

    @property
    def log(self) -> tuple[Act, ...]:
        """The latest acts, the oldest first: when, who, what."""
        return self.stored.log

    def remark(self, trial: AnyTrial) -> Remark:
        """What was said of a trial: note, star, hidden, tags."""
        return self.stored.remark(number_of(trial))

    # -- the study ------------------------------------------------------------------------------

    def pause(self) -> None:
        """Let no worker begin a trial until `resume`; those that run go on, workers wait."""
        self._set_course("paused", "paused the study")

    def resume(self) -> None:
        """Let workers begin trials again, after `pause` or `stop`.

        Workers that a stop has ended are started by you.
        """
        self._set_course("running", "resumed the study")

    def stop(self, trials: bool = False) -> None:
        """End the run of every worker, once its trials are over.

        A later `optimize` begins nothing either, and says so, until `resume`.

        Args:
            trials: Whether trials that run are to stop as well, where they next ask.
        """
        self._set_course("stopped", STOP_STUDY, ends_trials=trials)

    def _set_course(self, course: Course, what: str, ends_trials: bool = False) -> None:
        self._edit(what, lambda c: replace(c, course=course, ends_trials=ends_trials))

    # -- one trial ------------------------------------------------------------------------------

    def stop_trial(self, trial: AnyTrial) -> None:
        """Stop a trial: `should_stop` is True where it next asks, and it ends as pruned.

        One that is paused ends at once, with its last report as its value.

        Raises:
            TrialError: There is no such trial, or it neither runs nor is paused.
        """
        row = self._row(trial)
        what = f"stopped trial {row.number}"
        if row.state == State.PAUSED:
            self._end(row, State.PRUNED, None)
            self._edit(what)
        elif row.state == State.RUNNING:
            number, token = str(row.number), row.token
            self._edit(what, lambda c: replace(c, stopping={**c.stopping, number: token}))
        else:
            raise _wrong_state("stop_trial", "a trial that runs or is paused", row)

    def fail_trial(self, trial: AnyTrial, reason: str = "") -> TrialRow:
        """Fail a trial at once, whatever its worker does; models learn nothing from it.

        Its worker finds out with its next report, or at its end, which is refused, and goes on with
        another trial. For one that hangs, or waits and is not wanted any more.

        Args:
            trial: A trial that runs, waits or is paused.
            reason: Why, for its error.

        Returns:
            The trial as it ended.

        Raises:
            TrialError: There is no such trial, or it is over.
        """
        row = self._row(trial)
        if row.state > State.PAUSED:
            raise _wrong_state("fail_trial", "a trial that is not over", row)
        text = to_plain_text(reason)[:MAX_NOTE]
        error = f"TrialDisturbedError: ended by {self._who}" + (f": {text}" if text else "")
        ended = self._end(row, State.FAILED, error)
        self._edit(f"failed trial {row.number}")
        return ended

    def _row(self, trial: AnyTrial) -> TrialRow:
        number = number_of(trial)
        with self._engine.reading() as history:
            require_trial(history, number)
        return self._engine.rows([number])[0]

    def _end(self, row: TrialRow, state: State, error: str | None, value: Any = None) -> TrialRow:
        """End a trial that somebody else holds, or nobody."""
        engine = self._engine
        held = row
        if row.state != State.RUNNING:
            turn = None
            if row.state == State.PAUSED:
                step = max((step for step, _ in row.reports), default=0.0)
                turn = Turn(float(step), row.params)
            claimed, _ = engine.storage.claim(
                engine.id, row.number, engine.worker, turn=turn, token=row.token
            )
            if claimed is None:
                raise LeaseLostError(f"trial {row.number} was begun by a worker just now")
            held = claimed
        notes = TrialNotes(params=held.params, tags=held.tags, constraints=held.constraints)
        outcome = outcome_from_tell(row.number, engine.objectives, notes, value, state, error)
        return engine.end(row.number, held.token, outcome, reported_elsewhere=True)

    def enter(
        self, trial: AnyTrial, value: float | Sequence[float] | Mapping[str, float]
    ) -> TrialRow:
        """Enter the value of a trial that somebody has run by hand.

        Args:
            trial: A trial that waits, as `propose` leaves it, that runs or is paused. The result of
                a worker that runs it is refused.
            value: Its value, or one for each objective, in order or by name.

        Returns:
            The trial, complete; failed where a value is NaN.

        Raises:
            TrialError: There is no such trial, or it is over.
            ObjectiveValueError: It is not one number for each objective.
        """
        row = self._row(trial)
        if row.state > State.PAUSED:
            raise _wrong_state("enter", "a trial that is not over", row)
        check_values(value, self._engine.objectives, f"trial {row.number} was given")
        ended = self._end(row, State.COMPLETE, None, value)
        self._edit(f"entered the value of trial {row.number}")
        return ended

    # -- more trials ----------------------------------------------------------------------------

    def propose(self) -> TrialRow:
        """Let the sampler propose a trial that somebody runs by hand, and enters the value of.

        It waits, and has all its params. A worker that is free would take it.

        Raises:
            NothingToAskError: The scheduler wants none, or the study is paused or stopped.
            StudyError: Its space is not known yet.
        """
        engine = self._engine
        with engine.reading() as history:
            if not history.space.params:
                raise StudyError(f"study {engine.name!r} has no space to propose from")
            taken = engine.take(worker=engine.worker, fresh=True)
            if not isinstance(taken, TrialRow):
                raise NothingToAskError(engine.explain_no_trial(taken))
            engine.release(taken.number, taken.token, retried=False)
        self._edit(f"asked for trial {taken.number}")
        return engine.rows([taken.number])[0]

    def enqueue_nearby(
        self, trial: AnyTrial, n: int = 1, radius: float = 0.1, seed: int | None = None
    ) -> list[int]:
        """Add trials near another, to be run before the sampler is asked again.

        Args:
            trial: The trial in the middle.
            n: How many; from 1 to 100.
            radius: Standard deviation of the steps, as a share of each range; the probability with
                which a choice changes.
            seed: Of the draws; None for any.

        Returns:
            Their numbers.

        Raises:
            TrialError: There is no such trial, or n is out of its range.
            SpaceError: radius is out of its range, or nothing else lies near.
        """
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= _MOST_NEARBY:
            raise TrialError(f"expected n from 1 to {_MOST_NEARBY}, got {show(n)}")
        row = self._row(trial)
        rng = np.random.default_rng(seed)
        space = self._engine.space
        rows = [
            TrialRow(
                number=-1,
                state=State.WAITING,
                params=draw_nearby(space, row.params, radius, rng),
                tags={"near": row.number},
            )
            for _ in range(n)
        ]
        numbers = self._engine.add_trials(check_added(rows, self._engine.objectives))
        self._edit(f"enqueued {n} near trial {row.number}")
        return numbers

    # -- remarks --------------------------------------------------------------------------------

    def note(self, trial: AnyTrial, text: str) -> None:
        """Write a note on a trial, in place of the one before; "" removes it.

        Raises:
            StudyError: It is no text, or too long, or all notes together are.
        """
        if not isinstance(text, str) or len(text) > MAX_NOTE:
            raise StudyError(f"a note is a text of at most {MAX_NOTE} characters, got {show(text)}")
        plain = to_plain_text(text)
        self._say(trial, "wrote a note on", lambda said: replace(said, note=plain))

    def star(self, trial: AnyTrial, on: bool = True) -> None:
        """Mark a trial with a star, or take the star away."""
        what = "starred" if on else "took the star from"
        self._say(trial, what, lambda said: replace(said, star=bool(on)))

    def hide(self, trial: AnyTrial, on: bool = True) -> None:
        """Set a result aside, or count it again.

        What is hidden is neither the best nor on the front; models still learn from it.
        """
        what = "hid" if on else "showed"
        self._say(trial, what, lambda said: replace(said, hidden=bool(on)))

    def tag(self, trial: AnyTrial, name: str, value: Any = True) -> None:
        """Set a tag on a trial in whatever state, beside its own; None removes it.

        Raises:
            TrialError: The name is luthier's own, or the value has no JSON form or is too large.
        """
        whose = f"trial {number_of(trial)}"
        check_tag_name(name, whose)
        name, plain, _ = check_tag(name, value, whose)

        def edit(said: Remark) -> Remark:
            tags = {**said.tags, name: plain}
            if plain is None:
                del tags[name]
            return replace(said, tags=tags)

        self._say(trial, "tagged", edit)

    def _say(self, trial: AnyTrial, what: str, change: Callable[[Remark], Remark]) -> None:
        """Change the remark on a trial."""
        number = number_of(trial)
        with self._engine.reading() as history:
            require_trial(history, number)

        def edit(controls: Controls) -> Controls:
            remarks = {**controls.remarks, str(number): change(controls.remark(number))}
            if remarks[str(number)] == Remark():
                del remarks[str(number)]
            size = len(msgspec.json.encode(remarks))
            if size > MAX_REMARKS:
                raise StudyError(
                    f"all notes and tags that are written on trials from outside have at most "
                    f"{MAX_REMARKS} bytes; with this one they had {size}: shorten some"
                )
            return replace(controls, remarks=remarks)

        self._edit(f"{what} trial {number}", edit)

    # -- storing --------------------------------------------------------------------------------

    def record(self, what: str) -> None:
        """Note in the log what somebody has done by another way."""
        self._edit(what)

    def _edit(
        self, what: str, change: Callable[[Controls], Controls] = lambda controls: controls
    ) -> None:
        """Change what is stored, with a line in the log; requests to trials that are over go."""
        act = Act(round(time.time(), 3), self._who[:200], what)
        engine = self._engine

        def edit(controls: Controls) -> Controls:
            changed = change(controls)
            running = {str(i): engine.token(i) for i in engine.history.running}
            stopping = {
                number: token
                for number, token in changed.stopping.items()
                if running.get(number) == token
            }
            log = (*changed.log, act)[-MAX_ACTS:]
            return replace(changed, stopping=stopping, log=log)

        engine.edit_spec(lambda now: {"controls": msgspec.to_builtins(edit(now.controls))})


def _wrong_state(verb: str, expected: str, row: TrialRow) -> TrialError:
    state = row.state.name.lower()
    return TrialError(f"{verb} takes {expected}, and trial {row.number} is {state}")
