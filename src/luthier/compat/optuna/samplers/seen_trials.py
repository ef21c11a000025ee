"""The trials of a study as luthier's samplers read them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ....history.history import History
from ....samplers.base import Sampler
from ....space.space import Space
from ....study.proposals import Proposals
from ....trial.record import State, TrialRow
from ....warn_once import WarnOnce
from ..distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    from_luthier_value,
    to_luthier_value,
    to_space,
)
from ..study.direction import StudyDirection
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState

if TYPE_CHECKING:
    from ..study.shape import StudyLike

STATES = {
    TrialState.RUNNING: State.RUNNING,
    TrialState.COMPLETE: State.COMPLETE,
    TrialState.PRUNED: State.PRUNED,
    TrialState.FAIL: State.FAILED,
    TrialState.WAITING: State.WAITING,
}


def to_row(trial: FrozenTrial, proposed: Mapping[str, Any]) -> TrialRow:
    """A trial as luthier keeps it.

    Args:
        trial: The trial.
        proposed: What was proposed to it and it has not asked for yet.
    """
    params = {
        name: to_luthier_value(trial.distributions[name], value)
        for name, value in trial.params.items()
    }
    start, end = trial.datetime_start, trial.datetime_complete
    values = trial.values
    return TrialRow(
        number=trial.number,
        state=STATES[trial.state],
        params={**proposed, **params},
        values=None if values is None else tuple(values),
        started_s=None if start is None else start.timestamp(),
        finished_s=None if end is None else end.timestamp(),
        constraints=trial.constraints,
        token=1,
    )


def to_history(
    trials: Sequence[FrozenTrial],
    directions: Sequence[StudyDirection],
    search_space: Mapping[str, BaseDistribution],
) -> History:
    """The history of some trials, which are numbered anew, over a search space."""
    words = ["maximize" if d == StudyDirection.MAXIMIZE else "minimize" for d in directions]
    history = History(to_space(search_space), words)
    history.put([replace(to_row(t, {}), number=i) for i, t in enumerate(trials)])
    return history


class SeenTrials:
    """The history of one study, kept up to date with its storage.

    Args:
        study: The study.
        seed: Of the proposals.

    Attributes:
        history: The trials as columns.
    """

    def __init__(self, study: StudyLike, seed: int) -> None:
        directions = [
            "maximize" if d == StudyDirection.MAXIMIZE else "minimize" for d in study.directions
        ]
        self.history = History(Space(), directions, seed)
        self._lock = threading.RLock()
        self._open: set[int] = set()  # numbers of trials that are not over
        self._dists: dict[str, BaseDistribution] = {}  # of the history's space
        self._known: dict[str, BaseDistribution] = {}  # of all trials, as wide as they had them
        self._running: dict[int, dict[str, Any]] = {}  # what running trials were proposed
        self._warn = WarnOnce()
        self._proposals = Proposals(self.history, False, self._warn)

    def reseed(self, seed: int) -> None:
        """Make other proposals from here on."""
        with self._lock:
            self.history.update_info(seed=seed)
            self._proposals = Proposals(self.history, False, self._warn)

    def known_space(self, study: StudyLike, number: int) -> dict[str, BaseDistribution]:
        """Return the parameters that trials have had, as wide as they had them.

        Args:
            study: The study.
            number: The trial that is to be sampled.
        """
        with self._lock:
            self._refresh(study, number)
            return {name: d for name, d in sorted(self._known.items()) if not d.single()}

    def knows(
        self, study: StudyLike, number: int, name: str, distribution: BaseDistribution
    ) -> bool:
        """Whether trials have had a parameter of this kind, with more than one value."""
        with self._lock:
            self._refresh(study, number)
            return type(self._known.get(name)) is type(distribution) and not distribution.single()

    def propose(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        sampler: Sampler,
        search_space: Mapping[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Return values of the parameters of a search space.

        Those that are inactive under the conditions that trials have shown are left out.
        """
        with self._lock:
            self._refresh(study, trial.number)
            if search_space != self._dists:
                self._dists = dict(search_space)
                self.history.set_space(to_space(search_space))
            space = self._proposals.space
            [(proposed, _)] = self._proposals.propose(sampler, space, trial.number, 0)
            self._running[trial.number] = proposed
        return {name: from_luthier_value(search_space[name], v) for name, v in proposed.items()}

    def _refresh(self, study: StudyLike, number: int) -> None:
        """Read what is new, but for a last trial of this number, which asks."""
        trials = study.storage.get_all_trials(study.study_id, deepcopy=False)
        if number == len(trials) - 1 and number >= self.history.n:
            trials.pop()
        changed = [i for i in sorted(self._open) if i < len(trials)]
        changed += range(self.history.n, len(trials))
        rows = []
        for i in changed:
            trial = trials[i]
            if trial.state.is_finished():
                self._open.discard(i)
                self._running.pop(i, None)
                if trial.state is not TrialState.FAIL:
                    self._widen(trial)
            else:
                self._open.add(i)
            rows.append(to_row(trial, self._running.get(i, {})))
        if rows:
            self.history.put(rows)
        for i in changed:
            for step, value in trials[i].intermediate_values.items():
                self.history.put_report(i, float(step), value)

    def _widen(self, trial: FrozenTrial) -> None:
        for name, new in trial.distributions.items():
            old = self._known.get(name)
            if old is None:
                self._known[name] = new
            elif old is not new and old != new:
                self._known[name] = widen(old, new)


def widen(old: BaseDistribution, new: BaseDistribution) -> BaseDistribution:
    """The range that two ranges of a parameter lie in; the newer one where there is none."""
    if type(old) is not type(new) or isinstance(new, CategoricalDistribution):
        return new
    assert isinstance(old, FloatDistribution | IntDistribution)
    assert isinstance(new, FloatDistribution | IntDistribution)
    if old.log != new.log or old.step != new.step:
        return new
    if new.step not in (None, 1) and old.low != new.low:
        return new
    low, high = min(old.low, new.low), max(old.high, new.high)
    kind: Any = type(new)
    wider: BaseDistribution = kind(low, high, log=new.log, step=new.step)
    return wider
