"""Constraints on results."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

from ..linear import Linear, split_comparison
from .metric import Metric


class ComparisonOp(enum.Enum):
    """Which side a bound is on."""

    GEQ = 0
    LEQ = 1


class OutcomeConstraint:
    """A bound on a metric, or on a weighted sum of metrics.

    Args:
        metric: The metric.
        op: Whether the bound is the least or the most that is allowed.
        bound: The bound; with `relative` in per cent of the baseline's value, by which it may be
            exceeded.
        relative: Whether the bound is relative to the baseline.
        expression: The same as text: "score >= 0.9", "a + b <= 2", "score >= 0.95 * baseline".

    Raises:
        ValueError: The text is no such comparison.
    """

    computed_metrics: Sequence[Metric] = ()
    """The metrics that compute their results themselves."""

    def __init__(
        self,
        metric: Metric | None = None,
        op: ComparisonOp = ComparisonOp.LEQ,
        bound: float = 0.0,
        relative: bool = False,
        *,
        expression: str | None = None,
    ) -> None:
        self.op, self.bound, self.relative = op, float(bound), relative
        if expression is not None:
            self._read(expression)
        elif metric is None:
            raise ValueError("OutcomeConstraint needs a metric or an expression.")
        else:
            self.sum = Linear({metric.name: 1.0})
            if type(metric) is not Metric:
                self.computed_metrics = [metric]

    def _read(self, text: str) -> None:
        left, op, right = split_comparison(text)
        if op == "==":
            raise ValueError(f"Outcome constraint {text!r} should be of form `metric <= bound`.")
        self.sum = Linear.read(left)
        limit = Linear.read(right)
        if not self.sum.weights or not set(limit.weights) <= {"baseline"}:
            raise ValueError(
                f"Outcome constraint {text!r} should be of form `metric <= bound`; its bound is a "
                "number, or a multiple of `baseline`."
            )
        self.op = ComparisonOp.LEQ if op == "<=" else ComparisonOp.GEQ
        self.relative = bool(limit.weights)
        share = limit.weights.get("baseline", 0.0)
        self.bound = (share - 1.0) * 100.0 if self.relative else limit.constant - self.sum.constant

    @property
    def metric_names(self) -> list[str]:
        """Names of its metrics."""
        return list(self.sum.weights)

    @property
    def metric(self) -> Metric:
        """Its only metric."""
        return Metric(self.metric_names[0])

    def excess(self, means: Mapping[str, float], baseline: Mapping[str, float] | None) -> float:
        """Return by how much results break it: at most 0 where they keep it.

        Args:
            means: Name to value.
            baseline: The same of the baseline; None without one.

        Raises:
            ValueError: It is relative, and there is no baseline.
        """
        bound = self.bound
        if self.relative:
            if baseline is None or not set(self.sum.weights) <= set(baseline):
                raise ValueError(
                    f"{self} is relative to a baseline, which has no results; attach one with "
                    "attach_baseline, or status_quo=, and complete it."
                )
            known = self.sum.value(baseline)
            bound = known + abs(known) * self.bound / 100.0
        value = sum(w * means[n] for n, w in self.sum.weights.items())
        return bound - value if self.op is ComparisonOp.GEQ else value - bound

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OutcomeConstraint):
            return NotImplemented
        return repr(self) == repr(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        parts = " + ".join(f"{w}*{n}" for n, w in self.sum.weights.items())
        sign = ">=" if self.op is ComparisonOp.GEQ else "<="
        return f"OutcomeConstraint({parts} {sign} {self.bound}{'%' if self.relative else ''})"


class ObjectiveThreshold(OutcomeConstraint):
    """The worst value of an objective that is of use."""

    def __init__(
        self,
        metric: Metric,
        bound: float,
        relative: bool = False,
        op: ComparisonOp | None = None,
    ) -> None:
        side = ComparisonOp.LEQ if metric.lower_is_better else ComparisonOp.GEQ
        super().__init__(metric, side if op is None else op, bound, relative)
