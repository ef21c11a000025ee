"""A roll-out: a challenger gets a growing share of the traffic while tests watch it.

The decision is a function of the roll-out's row and of the outcomes so far, so any process may make
it. Every test holds however often one looks; see `numerics.e_values`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from ..errors import LifecycleError
from ..numerics.confidence_sequences import detectable_difference, half_width
from ..numerics.e_values import compare_rates, compare_share
from ..typing import Array

Action = Literal["wait", "step", "promote", "roll back", "end", "stop"]

_SHARE_ALPHA = 0.001  # at which the traffic is found to be divided otherwise than was asked for
_FEWEST = 50  # of each outcome, in the smaller arm, before an interval is looked at
_FEWEST_VALUES = 200
_COLUMNS = 7
_SET_BACK_S = 3600.0  # by which a clock may go back without a roll-out being ended


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """What is watched during a roll-out.

    Attributes:
        name: Its name.
        kind: "rate" where each outcome is 0 or 1, "value" for any number.
        goal: "maximize" or "minimize".
        is_guard: Whether harm to it alone ends the roll-out. Others must not be worse by more than
            their margin before the challenger is promoted, and end it where they are surely worse.
        margin: How much worse the challenger may be, in the unit of the metric.
    """

    name: str
    kind: Literal["rate", "value"] = "rate"
    goal: Literal["maximize", "minimize"] = "maximize"
    is_guard: bool = False
    margin: float = 0.0

    def __post_init__(self) -> None:
        if not self.name:
            raise LifecycleError("a metric needs a name")
        if self.kind not in ("rate", "value") or self.goal not in ("maximize", "minimize"):
            raise LifecycleError(
                f"{self.name} must be a 'rate' or 'value' to 'maximize' or 'minimize', got "
                f"{self.kind!r} and {self.goal!r}"
            )
        if not 0 <= self.margin < math.inf:
            raise LifecycleError(f"margin of {self.name} must be >= 0, got {self.margin!r}")


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """The row of a roll-out.

    Attributes:
        number: 1, 2, 3, ... within the model.
        champion: Number of the version that is compared with.
        challenger: Number of the version that is tried.
        salt: Decides which units see the challenger first; another one for each roll-out.
        shares: Share of the units that get the challenger at each step; 0 is a shadow step, in
            which it answers beside the champion and its answers are not used.
        metrics: What is watched.
        step: The present step.
        state: "running", or how it ended.
        began_s: When it began, in seconds since 1970.
        step_began_s: When the present step began.
        bake_s: How long a step lasts at least, in seconds.
        min_units: How many units of the challenger a step takes at least.
        max_s: After how many seconds it ends without a verdict; at least what its steps last.
        planned_units: Units of both arms that are expected in all.
        alpha: Probability that a challenger which is as good as the champion is rolled back.
    """

    number: int
    champion: int
    challenger: int
    salt: str
    metrics: tuple[Metric, ...]
    began_s: float
    step_began_s: float
    shares: tuple[float, ...] = (0.0, 0.01, 0.05, 0.25, 0.5)
    step: int = 0
    state: Literal["running", "promoted", "rolled back", "inconclusive", "invalid", "stopped"] = (
        "running"
    )
    bake_s: float = 3600.0
    min_units: int = 100
    max_s: float = 14 * 86400.0
    planned_units: int = 20_000
    alpha: float = 0.05

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.shares, self.shares[1:], strict=False))
        if not self.shares or not rising or not self.shares[0] >= 0 or not self.shares[-1] < 1:
            raise LifecycleError(
                f"expected shares that rise, from 0 or more to less than 1, got {self.shares}"
            )
        if not self.metrics or len({m.name for m in self.metrics}) < len(self.metrics):
            raise LifecycleError("expected at least one metric, and each name once")
        for name in ("bake_s", "min_units", "max_s"):
            if not getattr(self, name) >= 0:
                raise LifecycleError(f"{name} must be >= 0, got {getattr(self, name)!r}")
        if self.max_s < len(self.shares) * self.bake_s:
            raise LifecycleError(
                f"{len(self.shares)} steps of {self.bake_s:g} s take longer than max_s, got "
                f"{self.max_s:g}: no challenger could be promoted"
            )
        if not self.planned_units >= 1:
            raise LifecycleError(f"planned_units must be >= 1, got {self.planned_units!r}")
        if not 0 < self.alpha < 1:
            raise LifecycleError(f"alpha must lie between 0 and 1, got {self.alpha}")
        if self.champion == self.challenger:
            raise LifecycleError(f"version {self.champion} cannot be compared with itself")

    @property
    def share(self) -> float:
        """Share of the units that get the challenger now."""
        if self.state == "promoted":
            return 1.0
        return self.shares[self.step] if self.state == "running" else 0.0


class Outcomes(msgspec.Struct, frozen=True):
    """What came of the units so far, in blocks in the order in which it became known.

    The test of a rate bets on what earlier blocks have shown, so that one large block shows
    nothing: a `Router` makes blocks of at most 50 outcomes.

    Attributes:
        units: (k, 3) step, units of the champion, units of the challenger.
        metrics: For each metric (k, 7): step; number, sum and sum of squares of the champion's
            outcomes; the same of the challenger's.
        shadow: For each metric (k, 2): units of the shadow step on which only the champion did
            worse, and only the challenger.
    """

    units: Array
    metrics: Mapping[str, Array]
    shadow: Mapping[str, Array]

    def of(self, metric: str) -> Array:
        """(k, 7) blocks of a metric, none where it has no outcome."""
        return self.metrics.get(metric, np.empty((0, _COLUMNS)))


class Decision(msgspec.Struct, frozen=True):
    """What to do with a roll-out now.

    Attributes:
        action: "wait", "step" to the next share, "promote", "roll back"; "end" where time is up
            without a verdict, "stop" where the traffic is not divided as it should be.
        because: The reason, in words.
        evidence: Figures, by name.
    """

    action: Action
    because: str
    evidence: dict[str, float]


class Difference(msgspec.Struct, frozen=True):
    """Challenger minus champion, so that more is better.

    Attributes:
        mean: The estimate, over all steps; each is compared with itself.
        low: Lower end of an interval that holds at every look.
        high: Upper end.
    """

    mean: float
    low: float
    high: float


def decide(rollout: Rollout, outcomes: Outcomes, now_s: float) -> Decision:
    """Return what to do with a roll-out, given everything that is known now.

    Args:
        rollout: Its row.
        outcomes: What came of the units so far.
        now_s: The time, in seconds since 1970.
    """
    evidence: dict[str, float] = {}
    for check in (_check_division, _check_harm):
        if decision := check(rollout, outcomes, evidence):
            return decision

    age_s = now_s - rollout.began_s
    baked_s = now_s - rollout.step_began_s
    units = outcomes.units
    n = float(units[units[:, 0] == rollout.step, 2].sum()) if len(units) else 0.0
    if baked_s < -_SET_BACK_S:
        because = f"the clock was set back by {-baked_s:.0f} s: how long a step lasted is not known"
        return Decision("end", f"{because}; the champion stays", evidence)
    is_ripe = baked_s >= rollout.bake_s and n >= rollout.min_units
    is_last = rollout.step == len(rollout.shares) - 1
    evidence |= {"units in this step": n}

    if is_ripe and not is_last:
        where = f"at {rollout.share:.0%}" if rollout.share else "in the shadow step"
        return Decision("step", f"{n:.0f} units without harm {where}", evidence)
    if is_ripe:
        lacking = _list_lacking(rollout, outcomes, evidence)
        if not lacking:
            return Decision("promote", "no metric is worse by more than its margin", evidence)
        waits_for = "; ".join(lacking)
    else:
        waits_for = (
            f"{max(rollout.bake_s - baked_s, 0):.0f} s more and "
            f"{max(rollout.min_units - n, 0):.0f} units more in this step"
        )
    if age_s > rollout.max_s:
        because = f"time is up, and it is not known whether the challenger is as good: {waits_for}"
        return Decision("end", f"{because}; the champion stays", evidence)
    return Decision("wait", waits_for, evidence)


def estimate_difference(rollout: Rollout, outcomes: Outcomes, metric: Metric) -> Difference | None:
    """Challenger minus champion in a metric; None while there are too few outcomes.

    Steps are compared each with itself and weighed by their numbers, so that a level that changes
    in time does not count.
    """
    blocks = outcomes.of(metric.name)
    total = mean = variance = 0.0
    for step in np.unique(blocks[:, 0]):
        n_a, sum_a, sq_a, n_b, sum_b, sq_b = blocks[blocks[:, 0] == step, 1:].sum(axis=0)
        if min(n_a, n_b) < 2:
            continue
        mean_a, mean_b = sum_a / n_a, sum_b / n_b
        var_a = max(sq_a / n_a - mean_a**2, 0.0)
        var_b = max(sq_b / n_b - mean_b**2, 0.0)
        n = n_a + n_b
        mean += n * (mean_b - mean_a)
        variance += n**2 * (var_a / n_a + var_b / n_b)
        total += n
    if not total or not _is_enough(blocks, metric):
        return None
    mean /= total
    of_one_unit = variance / total  # total times the variance of the mean
    width = float(half_width(total, of_one_unit, rollout.alpha, rollout.planned_units))
    sign = 1.0 if metric.goal == "maximize" else -1.0
    better = sign * float(mean)
    return Difference(better, better - width, better + width)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings of a roll-out that make no sense, before the work that leads to it is done.

    Raises:
        LifecycleError: There is no such setting, or it is out of range.
    """
    own = {"number", "champion", "challenger", "salt", "metrics", "began_s", "step_began_s"}
    known = [n for n in Rollout.__struct_fields__ if n not in own | {"step", "state"}]
    if unknown := sorted(set(settings) - set(known)):
        raise LifecycleError(f"a roll-out has no settings {unknown}, only {known}")
    Rollout(
        number=1,
        champion=1,
        challenger=2,
        salt="",
        metrics=(Metric(name="any"),),
        began_s=0.0,
        step_began_s=0.0,
        **settings,
    )


def find_detectable(rollout: Rollout, metric: Metric, std: float) -> float:
    """Smallest difference in a metric that the planned units will find with probability .8.

    Args:
        rollout: Its row; the last share counts.
        metric: The metric.
        std: Standard deviation of one outcome; of a rate p it is sqrt(p (1 - p)).
    """
    return detectable_difference(rollout.planned_units, rollout.shares[-1], std, rollout.alpha)


def _check_division(
    rollout: Rollout, outcomes: Outcomes, evidence: dict[str, float]
) -> Decision | None:
    """Stop where units are not divided as the shares say: then no comparison means anything."""
    for step, share in enumerate(rollout.shares):
        if share == 0 or not len(outcomes.units):
            continue
        mine = outcomes.units[outcomes.units[:, 0] == step]
        if not len(mine):
            continue
        log_e = compare_share(mine[:, 2], mine[:, 1] + mine[:, 2], share)
        if log_e.max() >= -math.log(_SHARE_ALPHA):
            got = mine[:, 2].sum() / mine[:, 1:].sum()
            evidence["share of the challenger"] = float(got)
            because = (
                f"the challenger got {got:.2%} of the units at a share of {share:.0%}: events are "
                "lost or counted twice, so the comparison is invalid"
            )
            return Decision("stop", because, evidence)
    return None


def _check_harm(
    rollout: Rollout, outcomes: Outcomes, evidence: dict[str, float]
) -> Decision | None:
    """Roll back where a metric is surely worse; the tests share alpha."""
    threshold = math.log(len(rollout.metrics) / rollout.alpha)
    for metric in rollout.metrics:
        log_e = _find_harm(rollout, outcomes, metric)
        if math.isfinite(log_e):
            evidence[f"log e-value of harm to {metric.name}"] = log_e
        if log_e >= threshold:
            a, b = _describe_arms(outcomes.of(metric.name))
            said = f"e = {math.exp(min(log_e, 700)):.3g}" if math.isfinite(log_e) else "surely"
            because = f"{metric.name} is worse: {b} against {a} ({said})"
            return Decision("roll back", because, evidence)
    return None


def _find_harm(rollout: Rollout, outcomes: Outcomes, metric: Metric) -> float:
    """Log e-value of the challenger being worse, the larger one of live and shadow steps.

    Of a metric with values it is infinite where the interval excludes that it is as good.
    """
    live = -math.inf
    if metric.kind == "rate":
        live = _compare_rates(outcomes, metric, "lower" if metric.goal == "maximize" else "higher")
    elif metric.kind == "value":
        shared = msgspec.structs.replace(rollout, alpha=rollout.alpha / len(rollout.metrics))
        found = estimate_difference(shared, outcomes, metric)
        live = math.inf if found is not None and found.high < 0 else -math.inf

    pairs = outcomes.shadow.get(metric.name)
    if pairs is None or not len(pairs) or pairs[:, 1].sum() <= pairs[:, 0].sum():
        return live
    return max(live, float(compare_share(pairs[:, 1], pairs.sum(axis=1), 0.5, 10.0).max()))


def _compare_rates(
    outcomes: Outcomes, metric: Metric, alternative: Literal["lower", "higher"]
) -> float:
    """Log e-value of the challenger's rate being lower or higher, the largest so far."""
    blocks = outcomes.of(metric.name)
    if not len(blocks):
        return -math.inf
    log_e = compare_rates(blocks[:, 2], blocks[:, 1], blocks[:, 5], blocks[:, 4], alternative)
    return float(log_e.max())


def _is_surely_better(rollout: Rollout, outcomes: Outcomes, metric: Metric) -> bool:
    """Whether the exact test says so, which needs no number of rare outcomes."""
    better: Literal["lower", "higher"] = "higher" if metric.goal == "maximize" else "lower"
    threshold = -math.log(rollout.alpha)
    return metric.kind == "rate" and _compare_rates(outcomes, metric, better) >= threshold


def _list_lacking(rollout: Rollout, outcomes: Outcomes, evidence: dict[str, float]) -> list[str]:
    """Return what a promotion waits for, in words."""
    lacking = []
    for metric in rollout.metrics:
        if metric.is_guard:
            continue
        found = estimate_difference(rollout, outcomes, metric)
        if found is not None:
            evidence |= {
                f"difference in {metric.name}": found.mean,
                f"lower end of {metric.name}": found.low,
            }
        if _is_surely_better(rollout, outcomes, metric):
            continue
        if found is None:
            lacking.append(f"{metric.name} has too few outcomes")
        elif found.low < -metric.margin:
            lacking.append(
                f"{metric.name} may be worse by {-found.low:.4g}, {metric.margin:.4g} is allowed"
            )
    return lacking


def _is_enough(blocks: Array, metric: Metric) -> bool:
    n_a, sum_a, _, n_b, sum_b, _ = blocks[:, 1:].sum(axis=0)
    if metric.kind == "value":
        return bool(min(n_a, n_b) >= _FEWEST_VALUES)
    return bool(min(sum_a, n_a - sum_a, sum_b, n_b - sum_b) >= _FEWEST)


def _describe_arms(blocks: Array) -> tuple[str, str]:
    n_a, sum_a, _, n_b, sum_b, _ = blocks[:, 1:].sum(axis=0)
    return tuple(f"{total:.6g}/{n:.0f}" for n, total in ((n_a, sum_a), (n_b, sum_b)))  # type: ignore[return-value]
