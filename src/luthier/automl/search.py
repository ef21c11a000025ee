"""The search: fits, from cheap ones to good ones, until time or trials are over.

A trial is trained on few rows first where there are many, then fold by fold on all. It ends early
where others were better on the same rows or folds; but one trial of each learner runs through all
folds, so that an ensemble may have it. What to try is said by the portfolio, and after it by the
sampler of the study.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..errors import (
    EvaluationError,
    NothingToAskError,
    SpaceExhaustedError,
    TrialDisturbedError,
)
from ..evaluation.metrics import Metric
from ..schedulers.fold_race import FoldRace
from ..study.study import Study
from ..trial.handle import Trial
from ..trial.record import Decision, State
from .fits import FoldFit, Material, fit_fold
from .fitters import Done, Fitters
from .joint_space import LEARNER
from .portfolio import Portfolio
from .predictions import OutOfFold, score_predictions

TAG = "automl"
_RUNG_FACTOR = 4
_FIRST_CELLS = 1_000_000  # rows times columns of the first rung
_FIRST_ROWS = 10_000  # the most rows of the first rung
_MOST_SHARE = 1 / 4  # of the time, for one fit
_KEPT_SHARE = 1 / 3  # of the trials of a rung that go on


class Tried(msgspec.Struct, kw_only=True):
    """A trial as the search knows it.

    Attributes:
        number: Of the trial.
        params: Of its pipeline.
        loss: Mean over the folds, smaller being better; NaN where it was not complete.
        state: How it ended: "complete", "stopped" or "failed".
        fit_s: Seconds that its slowest fit on a fold took.
        predict_s: Seconds of its slowest predictions.
        predictions: What it said of rows out of fold; None where it was not complete, or not kept.
        why: Why it failed.
    """

    number: int
    params: dict[str, Any]
    loss: float = math.nan
    state: str = "stopped"
    fit_s: float = 0.0
    predict_s: float = 0.0
    predictions: OutOfFold | None = None
    why: str = ""


class _Running:
    """A trial between its fits."""

    def __init__(self, trial: Trial, material: Material, rungs: list[int]) -> None:
        self.trial = trial
        self.rungs = rungs  # rows of the steps before all rows
        self.losses: list[float] = []
        self.predictions = OutOfFold(len(material.rows), material.recipe.n_classes)
        self.tried = Tried(number=trial.number, params=dict(trial.params))

    @property
    def fold(self) -> int:
        """The fold that comes next."""
        return len(self.losses)


class Search:
    """A search for pipelines.

    Args:
        study: Where trials are kept, and who is asked what to try.
        material: The data.
        metric: What is optimised.
        portfolio: What to try first.
        fitters: What runs the fits.
        data: Hash of the data, which trials are noted with.

    Attributes:
        tried: All trials so far, by number.
    """

    def __init__(
        self,
        study: Study,
        material: Material,
        metric: Metric,
        portfolio: Portfolio,
        fitters: Fitters,
        data: str,
    ) -> None:
        self.tried: dict[int, Tried] = {}
        self._study = study
        self._material = material
        self._metric = metric
        self._portfolio = portfolio
        self._fitters = fitters
        self._data = data
        self._shared = fitters.share(material)
        self._waiting: deque[_Running] = deque()
        self._open: dict[int, _Running] = {}
        self._rungs = list_rungs(material)
        self._at_rung: dict[int, list[float]] = {n: [] for n in self._rungs}
        self._race = FoldRace(ratio=material.plan.ratio)
        self._is_over = False
        self._most_s = math.inf  # that a fit may take
        self._known: set[str] = set()  # learners of which a trial is complete
        self._resume()

    def _resume(self) -> None:
        """Take in the trials of a study that is gone on with.

        Raises:
            EvaluationError: They were run on other data.
        """
        n, n_classes = len(self._material.rows), self._material.recipe.n_classes
        for row in self._study.trials:
            noted = row.tags.get(TAG)
            if not isinstance(noted, Mapping):
                continue
            if noted["data"] != self._data:
                raise EvaluationError(
                    f"trial {row.number} of the file was run on other data, or with another metric "
                    "or other folds, so its score cannot be compared; use another path"
                )
            self._portfolio.forget(row.params)
            tried = Tried(
                number=row.number,
                params=dict(row.params),
                state="failed" if row.state == State.FAILED else "stopped",
                fit_s=noted["fit_s"],
                predict_s=noted["predict_s"],
                why=(row.error or "").strip().rpartition("\n")[2],
            )
            self.tried[row.number] = tried
            if row.state != State.COMPLETE or row.value is None:
                continue
            packed = noted.get("predictions")
            tried.loss = self._metric.sign() * row.value
            tried.state = "complete"
            tried.predictions = None if packed is None else OutOfFold.unpack(packed, n, n_classes)
            self._known.add(row.params[LEARNER])
            self._portfolio.note_loss(row.params[LEARNER], tried.loss)
            self._portfolio.note_fit(row.params[LEARNER], tried.fit_s)

    def run(self, ask_end: Callable[[], tuple[float, float]], n_trials: int | None = None) -> None:
        """Search until its time is over, or there are so many trials.

        Args:
            ask_end: Says from when on no fit is begun, and when those that run are ended, by
                time.monotonic. It is asked before each fit, as what is set aside for the final
                model depends on what was found.
            n_trials: How many trials; None for no bound.
        """
        self._most_s = (ask_end()[1] - time.monotonic()) * _MOST_SHARE
        while True:
            last_begin, end = ask_end()
            while self._fitters.n_running < self._fitters.n_workers and not self._is_over:
                if not self._begin_fit(last_begin, end, n_trials):
                    break
            now = time.monotonic()
            if not self._fitters.n_running or now >= end:
                break
            is_late = now >= last_begin or self._is_over
            for done in self._fitters.wait((end if is_late else last_begin) - now):
                self._take(done)
        self._end()

    def _begin_fit(self, last_begin: float, end: float, n_trials: int | None) -> bool:
        """Begin the next fit; return whether there was one."""
        now = time.monotonic()
        if now >= last_begin:
            return False
        left = last_begin - now
        running = self._waiting.popleft() if self._waiting else self._begin_trial(left, n_trials)
        if running is None:
            return False
        if self._portfolio.expect_s(running.tried.params[LEARNER]) > left and not running.rungs:
            return False  # it would be ended on its way
        n_rows = running.rungs[0] if running.rungs else None
        self._fitters.submit(
            running.trial.number,
            min(end - now, self._most_s),
            fit_fold,
            self._shared,
            running.tried.params,
            running.fold,
            n_rows,
        )
        return True

    def _begin_trial(self, left_s: float, n_trials: int | None) -> _Running | None:
        """Return a new trial; None where there is to be none."""
        if n_trials is not None and len(self.tried) >= n_trials:
            return None
        params = self._portfolio.take(left_s / len(self._material.plan))
        if params is not None:
            self._study.enqueue(params)
        try:
            trial = self._study.ask()
        except (NothingToAskError, SpaceExhaustedError):
            self._is_over = not self._fitters.n_running
            return None
        running = _Running(trial, self._material, list(self._rungs))
        self._open[trial.number] = running
        self.tried[trial.number] = running.tried
        return running

    def _take(self, done: Done) -> None:
        """See to a fit that has ended."""
        running = self._open[done.key]
        learner = running.tried.params[LEARNER]
        if done.error is not None:
            if not isinstance(done.error, TrialDisturbedError):
                self._portfolio.note_failure(learner)
            self._fail(running, done.error)
            return
        fit: FoldFit = done.result
        y = self._material.y[self._material.rows[self._material.plan[running.fold].test]]
        score = score_predictions(self._metric, y, fit.predictions, self._material.recipe.n_classes)
        if math.isnan(score):
            self._fail(running, EvaluationError(f"{self._metric.name} is NaN"))
            return
        if running.rungs:
            self._judge_rung(running, self._metric.sign() * score)
            return
        self._portfolio.note_fit(learner, fit.fit_s)
        tried = running.tried
        tried.fit_s = max(tried.fit_s, fit.fit_s)
        tried.predict_s = max(tried.predict_s, fit.predict_s)
        running.predictions.add(self._material.plan[running.fold].test, fit.predictions)
        running.losses.append(self._metric.sign() * score)
        running.trial.report(score, running.fold)
        if running.fold == len(self._material.plan):
            self._complete(running)
        elif learner in self._known and self._is_behind(running):
            self._portfolio.note_loss(learner, sum(running.losses) / running.fold)
            self._close(running, state="pruned")
        else:
            self._waiting.append(running)

    def _is_behind(self, running: _Running) -> bool:
        """Return whether a trial cannot well beat the best one, by the folds that both know."""
        decision = self._race.decide(self._study.history, running.trial.number)
        return decision is not Decision.CONTINUE

    def _judge_rung(self, running: _Running, loss: float) -> None:
        """Let a trial go on to more rows if few of those before it were better there."""
        others = self._at_rung[running.rungs.pop(0)]
        others.append(loss)
        n_better = sum(other < loss for other in others)
        if n_better <= _KEPT_SHARE * len(others):
            self._waiting.append(running)
        else:
            self._portfolio.note_loss(running.tried.params[LEARNER], loss)
            self._close(running, state="pruned")

    def _complete(self, running: _Running) -> None:
        tried = running.tried
        tried.loss = sum(running.losses) / len(running.losses)
        tried.state = "complete"
        tried.predictions = running.predictions
        self._known.add(tried.params[LEARNER])
        self._portfolio.note_loss(tried.params[LEARNER], tried.loss)
        value = self._metric.sign() * tried.loss
        self._close(running, value=value, state="complete", predictions=running.predictions.pack())

    def _fail(self, running: _Running, error: BaseException) -> None:
        running.tried.state = "failed"
        running.tried.why = f"{type(error).__name__}: {error}".split("\n", 1)[0]
        self._close(running, state="failed", error=error)

    def _close(
        self,
        running: _Running,
        *,
        state: str,
        value: float | None = None,
        error: BaseException | None = None,
        predictions: str | None = None,
    ) -> None:
        tried = running.tried
        noted = {"data": self._data, "fit_s": tried.fit_s, "predict_s": tried.predict_s}
        running.trial.set_tag(
            TAG, noted if predictions is None else noted | {"predictions": predictions}
        )
        self._study.tell(running.trial, value, state, error)
        del self._open[running.trial.number]

    def _end(self) -> None:
        """End the trials that still run: time is over."""
        if self._fitters.n_running == self._fitters.n_workers:
            self._fitters.drop()  # else the final model has a free worker, and that one may be late
        self._waiting.clear()
        for running in list(self._open.values()):
            running.tried.state = "stopped"
            self._close(
                running, state="failed", error=TrialDisturbedError("the time of the search was up")
            )

    def ranked(self) -> list[Tried]:
        """Return the complete trials, the best first."""
        complete = [tried for tried in self.tried.values() if tried.state == "complete"]
        return sorted(complete, key=lambda tried: (tried.loss, tried.number))


def list_rungs(material: Material) -> list[int]:
    """Return on how many rows a trial is trained before all; none where there are few rows."""
    n_rows = len(material.plan[0].train)
    n_columns = len(material.recipe.columns)
    least = 200 * max(material.recipe.n_classes, 1)
    n = max(least, min(_FIRST_ROWS, _FIRST_CELLS // max(n_columns, 1)))
    rungs = []
    while n * 2 <= n_rows:
        rungs.append(n)
        n *= _RUNG_FACTOR
    return rungs
