"""Explanation of one trial: why it was tried, what was expected of it, and why it was stopped."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr

from ..errors import TooFewResultsError
from ..history.history import History
from ..history.resources import losses_at
from ..models.obstacles import Obstacle as Obstacle
from ..models.obstacles import find_obstacles
from ..terminal import escape_lines
from ..transfer.memory_use import explain_memory
from ..trial.record import State, TrialRow
from ..typing import Array
from ..validation import show
from ..wording import agree, count_of
from .arguments import takes_history
from .fitted_surrogate import FittedSurrogate, fit_surrogate
from .model_quality import ModelQuality

_N_LEADERS = 200  # trials of which one may be the best without its noise
_N_ELSEWHERE = 512  # random points beside which a trial is seen
_SQUARE = math.sqrt(2 * math.pi)
_LEAST_IMPROVEMENT = 1e-9  # standard deviations; less is none


class Expectation(NamedTuple):
    """What a surrogate of the earlier trials expected of a trial before it ran.

    It is the same for all samplers, and need not be the model that proposed the trial.

    Attributes:
        mean: Expected value, in the user's sign.
        sd: Standard deviation of it, noise aside.
        best: Expected value of the best trial that was known.
        improvement: Expected improvement over that, never below 0: the sum of the next two.
        by_mean: The part of it that comes from the expected value; below 0 for a worse one.
        by_doubt: The part of it that comes from the doubt.
        share_below: Share of random points that promised less improvement.
        surprise: The observed value less the expected one, in standard deviations, noise included;
            above 0 where it was better. NaN where the trial did not come to its end.
        quality: How well the surrogate predicts trials that it has not seen.

    Source: Jones 1998, eq. 15 (the two parts of expected improvement).
    """

    mean: float
    sd: float
    best: float
    improvement: float
    by_mean: float
    by_doubt: float
    share_below: float
    surprise: float
    quality: ModelQuality


class Standing(NamedTuple):
    """Where a trial stood at its last report, beside all others that have come so far by now.

    Attributes:
        step: Of its last report.
        value: What it reported there, in the user's sign.
        place: 1 for the best.
        n: Number of trials compared, itself among them.
        best: The best value there.
        median: The median there.
    """

    step: float
    value: float
    place: int
    n: int
    best: float
    median: float


class Explanation(NamedTuple):
    """Why a trial was tried, and why it ended.

    Attributes:
        number: Of the trial.
        params: Its params.
        origin: Where its params come from, in words.
        n_known: Number of earlier trials with a result.
        expectation: What was expected of it; None where `why_no_expectation` says why.
        why_no_expectation: In words; "" where there is one.
        log_prior: Logarithm of the density of the priors there, relative to uniform; NaN where
            there are none.
        nearest: Number of the earlier trial with the most similar params; -1 without any.
        distance: Largest difference to that in any parameter, as a share of its range; 1 for
            another choice.
        standing: Where it stood at its last report; None without a report.
        end: How it ended, and why, in words.
        obstacles: What kept models from being of use when it was proposed.
        memory: What earlier tasks had to do with it, in words; "" where there are none.
    """

    number: int
    params: dict[str, Any]
    origin: str
    n_known: int
    expectation: Expectation | None
    why_no_expectation: str
    log_prior: float
    nearest: int
    distance: float
    standing: Standing | None
    end: str
    obstacles: tuple[Obstacle, ...] = ()
    memory: str = ""

    def __str__(self) -> str:
        lines = [f"trial {self.number}: {self.origin}"]
        if self.memory:
            lines.append(self.memory)
        if self.expectation is None:
            lines.append(f"what was expected of it: {self.why_no_expectation}")
        else:
            lines.extend(_describe_expectation(self.expectation))
        if not math.isnan(self.log_prior):
            times = math.exp(min(self.log_prior, 700.0))
            lines.append(f"the priors hold it to be {times:.2g} times as likely as a random point")
        if self.nearest >= 0:
            lines.append(
                f"the most similar earlier trial is {self.nearest}"
                + (", with the same params" if self.distance < 1e-9 else f" ({self.distance:.2g})")
            )
        lines.extend(f"models were of no use here: {obstacle}" for obstacle in self.obstacles)
        return escape_lines("\n  ".join([*lines, self.end]))


@takes_history
def explain(history: History, row: TrialRow, scheduler: str = "") -> Explanation:
    """Explain a trial.

    Args:
        history: All trials.
        row: The trial.
        scheduler: The scheduler that decided on it, in words; "" for none.

    Raises:
        TypeError: `row` is no row of a trial.
    """
    if not isinstance(row, TrialRow):
        raise TypeError(f"expected the row of a trial, such as study.trials[0], got {show(row)}")
    number = row.number
    past = history.before(number, 1)
    n_known = int((past.has_result & (past.state != State.FAILED))[:number].sum())
    expectation, why = None, ""
    n_complete = int((past.state == State.COMPLETE).sum())
    try:
        fitted = _fit_past(past)
        expectation = _expect(history, fitted, number)
    except TooFewResultsError as e:
        why = str(e)
        if n_complete < 2 and len(past.directions) == 1:
            were = agree(n_complete, "was", "were")
            count = count_of(n_complete, "earlier trial")
            why = f"a model needs two results, and {count} {were} complete then"
    nearest, distance = _find_nearest(history, number)
    prior = history.space.log_prior(history.X[[number]])[0] if history.space.has_prior else math.nan
    standing = _compare(history, number)
    return Explanation(
        number=number,
        params=dict(row.params),
        origin=_describe_origin(row, n_known),
        n_known=n_known,
        expectation=expectation,
        why_no_expectation=why,
        log_prior=float(prior),
        nearest=nearest,
        distance=distance,
        standing=standing,
        end=_describe_end(row, standing, scheduler),
        obstacles=tuple(find_obstacles(past)),
        memory=explain_memory(history, number, str(row.tags.get("from_memory", ""))),
    )


def _fit_past(past: History) -> FittedSurrogate:
    """Return a surrogate of what was known.

    Raises:
        TooFewResultsError: There is none that can be believed.
    """
    if len(past.directions) > 1:
        raise TooFewResultsError("with several objectives there is no single expected improvement")
    return fit_surrogate(past)


def _expect(history: History, fitted: FittedSurrogate, number: int) -> Expectation:
    space, model = history.space, fitted.model
    if not history.fits[number] or np.isnan(history.X[number]).all():
        raise TooFewResultsError("its params are not in the present space")
    elsewhere = space.sample(np.random.default_rng([history.seed, number]), _N_ELSEWHERE)
    leaders = np.argsort(fitted.trials.loss, kind="stable")[:_N_LEADERS]
    best = float(model.predict(fitted.X[leaders])[0].min())
    mean, sd = model.predict(np.concatenate([history.X[[number]], elsewhere]))
    by_mean, by_doubt = improvement_parts(mean, sd, best)
    improvement = by_mean + by_doubt
    is_complete = history.state[number] == State.COMPLETE
    observed = history.losses[number, 0] if is_complete else math.nan
    spread = math.hypot(float(sd[0]), model.noise)
    return Expectation(
        mean=fitted.sign * float(mean[0]),
        sd=float(sd[0]),
        best=fitted.sign * best,
        improvement=float(improvement[0]),
        by_mean=float(by_mean[0]),
        by_doubt=float(by_doubt[0]),
        share_below=float((improvement[1:] < improvement[0]).mean()),
        surprise=float(mean[0] - observed) / spread if spread > 0 else math.nan,
        quality=fitted.quality,
    )


def improvement_parts(mean: Array, sd: Array, best: float) -> tuple[Array, Array]:
    """Return the parts (n,) of expected improvement below a loss: by the mean, and by the doubt.

    Source: Jones 1998, eq. 15.
    """
    z = (best - mean) / sd
    return np.asarray((best - mean) * ndtr(z)), np.asarray(sd * np.exp(-0.5 * z * z) / _SQUARE)


def _find_nearest(history: History, number: int) -> tuple[int, float]:
    """Return the earlier trial that is nearest in its farthest parameter, and how far it is."""
    if not number or not history.space.d or np.isnan(history.X[number]).all():
        return -1, math.nan
    own, others = history.X[number], history.X[:number]
    unordered = np.zeros(history.space.d, dtype=bool)
    unordered[history.space.unordered] = True
    off = np.where(unordered, others != own, np.abs(others - own))
    off = np.where(np.isnan(others) != np.isnan(own), 1.0, np.nan_to_num(off))
    off[np.isnan(others) & np.isnan(own)] = 0.0
    farthest = off.max(axis=1)
    nearest = int(np.argmin(farthest))
    return nearest, float(farthest[nearest])


def _compare(history: History, number: int) -> Standing | None:
    """Return where a trial stood at its last report, in the first objective."""
    step = float(history.last_step[number])
    own = float(history.last_loss[number])
    if math.isnan(step):
        return None
    losses, reported = losses_at(history, step)
    others = reported & (history.state != State.FAILED) & ~history.confirming & ~np.isnan(losses)
    others[number] = False
    seen = losses[others]
    together = np.append(seen, own)
    known = together[~np.isnan(together)]
    median = float(np.sort(known)[(len(known) - 1) // 2]) if len(known) else math.nan
    best = float(known.min()) if len(known) else math.nan
    place = 1 + int((seen < own).sum()) if not math.isnan(own) else len(seen) + 1
    values = history.values_of(np.array([own, best, median])).tolist()
    return Standing(step, values[0], place, len(together), values[1], values[2])


def _describe_origin(row: TrialRow, n_known: int) -> str:
    if row.confirms is not None:
        return f"runs the params of trial {row.confirms} again, to confirm them"
    if row.token == 0 and row.state.finished:
        return "was added as it is, and not proposed here"
    if any(turn.source is not None for turn in row.turns):
        source = next(turn.source for turn in row.turns if turn.source is not None)
        return f"went on from a checkpoint of trial {source}"
    known = (
        "no result was known"
        if not n_known
        else f"{count_of(n_known, 'earlier trial')} had a result"
    )
    return f"proposed by the sampler, unless somebody enqueued it; {known}"


def _describe_expectation(e: Expectation) -> list[str]:
    lines = [
        f"a model of the earlier trials expected {e.mean:.5g} ± {e.sd:.2g}; "
        f"of the best of them it expected {e.best:.5g}",
    ]
    if e.improvement < _LEAST_IMPROVEMENT * e.sd:
        lines.append(
            "it expected no improvement: this trial was to explore, or is of another method"
        )
    else:
        lines.append(
            f"expected improvement {e.improvement:.2g} ({e.by_mean:+.2g} by the expected value, "
            f"{e.by_doubt:+.2g} by the doubt), more than at {e.share_below:.0%} of random points"
        )
    if not math.isnan(e.surprise):
        than = "better" if e.surprise >= 0 else "worse"
        lines.append(f"it came out {abs(e.surprise):.1f} standard deviations {than} than expected")
    return lines


def _describe_end(row: TrialRow, standing: Standing | None, scheduler: str) -> str:
    place = ""
    if standing is not None:
        place = (
            f" at step {standing.step:g} it was in place {standing.place} of {standing.n} trials "
            f"that have come so far, with {standing.value:.5g} (best {standing.best:.5g}, median "
            f"{standing.median:.5g})"
        )
    by = f" by {scheduler}" if scheduler else ""
    if row.state == State.PRUNED:
        return f"it was stopped{by}:{place}" if place else "it was stopped before its first report"
    if row.state == State.PAUSED:
        return f"it was paused{by}, and may go on:{place}"
    if row.state == State.FAILED:
        reason = (row.error or "no error was noted").strip().splitlines()[-1]
        return f"it failed: {reason:.500}"
    if row.state == State.COMPLETE:
        told = ", ".join(f"{v:.5g}" for v in row.values or ())
        return f"it ran to its end with {told}"
    return "it waits to be run" if row.state == State.WAITING else f"it is running;{place or ' '}"
