"""What people prefer: comparisons of trials that no number measures, and what to compare next."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from ..errors import StudyError, TooFewResultsError, TrialError
from ..models.preferences import find_comparable, learn_preferences
from ..numerics.float_errors import default_errstate
from ..samplers.preferential import Preferential
from ..storages.controls import MAX_COMPARISONS, Comparison
from ..storages.settings import Settings
from ..trial.record import State, TrialRow
from ..wording import count_of
from .controls import AnyTrial, StudyControls
from .engine import Engine
from .trial_number import number_of, require_trial


class StudyPreferences:
    """What people say of two trials beside each other; `Study.preferences`.

    Args:
        engine: The study's.
        who: Who compares, for the log; None for this process.
    """

    def __init__(self, engine: Engine, who: str | None = None) -> None:
        self._engine = engine
        self._controls = StudyControls(engine, who)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """All comparisons, in their order."""
        self._engine.refresh()
        return self._engine.settings.comparisons

    def prefer(self, better: AnyTrial, worse: AnyTrial, equal: bool = False) -> None:
        """Say which of two trials is better.

        Args:
            better: The better one.
            worse: The other one.
            equal: Whether neither is better.

        Raises:
            TrialError: They are one trial, or one of them is not there or has failed.
            StudyError: There are too many comparisons.
        """
        first, second = number_of(better), number_of(worse)
        what = (
            f"found trials {first} and {second} equal"
            if equal
            else f"preferred trial {first} to trial {second}"
        )
        self._add([Comparison(first, second, bool(equal))], what)

    def rank(self, trials: Sequence[AnyTrial]) -> None:
        """Say in which order several trials are; each is compared with the next.

        Args:
            trials: The best first, at least two.

        Raises:
            TrialError: A trial stands there twice, or is not there or has failed.
            StudyError: There are too many comparisons.
        """
        numbers = [number_of(trial) for trial in trials]
        if len(numbers) < 2 or len(set(numbers)) < len(numbers):
            raise TrialError(
                f"expected two or more different trials, the best first, got {numbers}"
            )
        pairs = itertools.pairwise(numbers)
        self._add(
            [Comparison(better, worse) for better, worse in pairs],
            f"ranked trials {', '.join(map(str, numbers))}"[:200],
        )

    def next_pair(self) -> tuple[TrialRow, TrialRow]:
        """Return two trials that somebody should compare next: the best so far, and a newer one.

        Where all trials have been compared, another one is proposed, by the sampler `Preferential`
        whatever the study's own is. It waits: whoever compares by the params alone can do so at
        once, and workers of the study run it.

        Raises:
            StudyError: The space of the study is not known yet.
        """
        engine = self._engine
        with engine.reading() as history:
            if not history.space.params:
                raise StudyError(f"study {engine.name!r} has no space to propose from")
            learned = learn_preferences(history)
            best: list[int] = []
            fresh = find_comparable(history)
            if learned is not None:
                best = [int(learned.number[learned.best])]
                fresh = np.setdiff1d(fresh, learned.number)
            shown = (best + fresh.tolist())[:2]
            if len(shown) < 2:
                shown += self._propose(2 - len(shown))
        by_number = {row.number: row for row in engine.rows(sorted(shown))}
        return by_number[shown[0]], by_number[shown[1]]

    @property
    def best_trial(self) -> TrialRow:
        """The trial that is expected to be liked best, among those that were compared.

        Raises:
            TooFewResultsError: Nothing was compared yet.
        """
        with self._engine.reading() as history:
            learned = learn_preferences(history)
        if learned is None:
            raise TooFewResultsError(
                f"study {self._engine.name!r} has no comparison yet; make one with "
                "study.preferences.prefer(better, worse)"
            )
        return self._engine.rows([int(learned.number[learned.best])])[0]

    def _propose(self, n: int) -> list[int]:
        """Add trials that wait, and return their numbers; under the engine's lock."""
        engine = self._engine
        history, space = engine.history, engine.space
        chosen = engine.sampler
        sampler = chosen if isinstance(chosen, Preferential) else Preferential()
        rng = np.random.default_rng((engine.seed, history.n))
        with default_errstate():
            X = sampler.sample(space, history, n, rng)
        rows = [
            TrialRow(number=-1, state=State.WAITING, params=params) for params in space.decode(X)
        ]
        return engine.add_trials(rows)

    def _add(self, new: list[Comparison], what: str) -> None:
        engine = self._engine
        numbers = sorted({number for c in new for number in (c.better, c.worse)})
        if len(numbers) < 2:
            raise TrialError(f"a trial is compared with another one, got {numbers[0]} twice")
        with engine.reading() as history:
            for number in numbers:
                require_trial(history, number)
                if history.state[number] == State.FAILED:
                    raise TrialError(f"trial {number} has failed, and cannot be compared")

        def edit(now: Settings) -> dict[str, Any]:
            size = len(now.comparisons) + len(new)
            if size > MAX_COMPARISONS:
                raise StudyError(
                    f"a study has at most {MAX_COMPARISONS} comparisons; with "
                    f"{count_of(len(new), 'more comparison')} it would have {size}"
                )
            return {"comparisons": msgspec.to_builtins((*now.comparisons, *new))}

        engine.edit_spec(edit)
        self._controls.record(what)
