"""Check of a scheduler against its contract."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Literal

from ..errors import TrialPruned
from ..history.history import History
from ..schedulers.base import Next, Resume, Scheduler
from ..study.create import create_study
from ..trial.handle import Trial
from ..trial.record import Decision
from .histories import rebuild
from .problems import CURVES


def check_scheduler(
    scheduler: Scheduler,
    n_trials: int = 20,
    direction: Literal["minimize", "maximize"] = "minimize",
) -> None:
    """Check that a scheduler keeps its contract, in a study of learning curves.

    Its answers are of the right kind and depend on nothing but the history: not on what it was
    asked before, nor on the process. It pauses only what it can resume, and every study ends.

    Args:
        scheduler: The scheduler, with settings that suit trials of 27 steps.
        n_trials: Number of trials of the study.
        direction: "minimize" or "maximize".

    Raises:
        AssertionError: It does not; the message says where, and how.
    """
    sign = -1.0 if direction == "maximize" else 1.0
    watched = _Watched(scheduler)
    study = create_study(
        space=CURVES.space, scheduler=watched, direction=direction, sampler="random", seed=0
    )

    def train(trial: Trial) -> float:
        assert CURVES.curve is not None
        for step in range(int(trial.step) + 1, CURVES.n_steps + 1):
            trial.report(sign * CURVES.curve(trial.params, step), step, checkpoint={})
            if trial.should_stop():
                raise TrialPruned
        return sign * CURVES.curve(trial.params, CURVES.n_steps)

    study.optimize(train, n_trials=n_trials, progress=False)
    history = study.history
    assert not history.running, f"{scheduler!r}: trials {sorted(history.running)} still run"
    assert history.n <= n_trials, f"{scheduler!r}: it began {history.n} of {n_trials} trials"
    assert history.n_reports, f"{scheduler!r}: it let no trial report"


class _Watched(Scheduler):
    """Asks a scheduler, and checks its answers."""

    def __init__(self, inner: Scheduler) -> None:
        self.inner = inner

    @property
    def resumes(self) -> bool:
        return self.inner.resumes

    def decide(self, history: History, number: int) -> Decision:
        where = f"{self.inner!r}, trial {number} at step {history.last_step[number]:g}"
        settings = repr(self.inner)
        decision = self.inner.decide(history, number)
        assert isinstance(decision, Decision), f"{where}: expected a Decision, got {decision!r}"
        assert self.resumes or decision is not Decision.PAUSE, (
            f"{where}: it pauses a trial, and never resumes any"
        )
        self._check_same(decision, lambda s, h: s.decide(h, number), history, where)
        assert repr(self.inner) == settings, f"{where}: its settings have changed"
        return decision

    def next(self, history: History) -> Next | Resume:
        where = f"{self.inner!r}, {history.n} trials"
        move = self.inner.next(history)
        if isinstance(move, Resume):
            known = move.number in history.paused or move.number == history.n
            assert known, f"{where}: it resumes trial {move.number}, which is not paused"
        else:
            assert isinstance(move, Next), f"{where}: expected Next or Resume, got {move!r}"
        self._check_same(move, lambda s, h: s.next(h), history, where)
        return move

    def _check_same(
        self,
        answer: object,
        ask: Callable[[Scheduler, History], object],
        history: History,
        where: str,
    ) -> None:
        copied = pickle.loads(pickle.dumps(self.inner))
        again = {
            "asked again": ask(self.inner, history),
            "asked about the history as it is read from a storage": ask(
                self.inner, _with_checkpoints(history)
            ),
            "as a copy in another process": ask(copied, history),
        }
        for how, other in again.items():
            assert other == answer, f"{where}: {how}, it answers {other!r} and not {answer!r}"

    def __repr__(self) -> str:
        return repr(self.inner)


def _with_checkpoints(history: History) -> History:
    again = rebuild(history)
    for number, step in enumerate(history.checkpoint_step.tolist()):
        again.set_checkpoint_step(number, None if step != step else step)
    return again
