"""Objectives: one metric, a weighted sum of them, or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...remarks import heed_others
from ..linear import Linear, read_sums
from .metric import Metric


class Objective:
    """What is optimised.

    Args:
        metric: The metric.
        minimize: Whether less is better; None to ask the metric.
        expression: The same as text, to be maximised: "-loss", "a + 2 * b", "-loss, accuracy".

    Raises:
        ValueError: Metric and minimize contradict, or the text is no weighted sum.
    """

    computed_metrics: Sequence[Metric] = ()
    """The metrics that compute their results themselves."""

    def __init__(
        self,
        metric: Metric | None = None,
        minimize: bool | None = None,
        *,
        expression: str | None = None,
    ) -> None:
        if expression is not None:
            self.sums = read_sums(expression)
            if any(not s.weights for s in self.sums):
                raise ValueError(f"an objective names a metric, got {expression!r}")
            return
        if metric is None:
            raise ValueError("Objective needs a metric or an expression.")
        if type(metric) is not Metric:
            self.computed_metrics = [metric]
        if minimize is None:
            minimize = bool(metric.lower_is_better)
        if metric.lower_is_better is not None and metric.lower_is_better != minimize:
            raise ValueError(
                f"Metric {metric.name} has lower_is_better={metric.lower_is_better} but "
                f"minimize={minimize} was given."
            )
        self.sums = [Linear({metric.name: -1.0 if minimize else 1.0})]

    @classmethod
    def of_sums(cls, sums: Sequence[Linear]) -> Objective:
        """Return the objective of sums that are to be maximised."""
        made = cls.__new__(Objective)
        made.sums = list(sums)
        return made

    @property
    def metric_names(self) -> list[str]:
        """Names of its metrics."""
        return list(dict.fromkeys(n for s in self.sums for n in s.weights))

    @property
    def metrics(self) -> list[Metric]:
        """Its metrics."""
        return [Metric(n, lower_is_better=self._is_minimized(n)) for n in self.metric_names]

    @property
    def metric(self) -> Metric:
        """Its only metric."""
        return self.metrics[0]

    @property
    def metric_weights(self) -> list[tuple[str, float]]:
        """Pairs of names and weights."""
        return [(n, w) for s in self.sums for n, w in s.weights.items()]

    def _is_minimized(self, name: str) -> bool | None:
        weights = {s.weights[name] for s in self.sums if name in s.weights}
        return all(w < 0 for w in weights) if len({w < 0 for w in weights}) == 1 else None

    @property
    def minimize(self) -> bool:
        """Whether less of its only metric is better; weighted sums are maximised."""
        return all(w < 0 for w in self.sums[0].weights.values())

    @property
    def is_scalarized_objective(self) -> bool:
        """Whether it is a weighted sum."""
        return len(self.sums) == 1 and len(self.sums[0].weights) > 1

    @property
    def is_multi_objective(self) -> bool:
        """Whether there are several."""
        return len(self.sums) > 1

    @property
    def is_single_objective(self) -> bool:
        """Whether it is one metric."""
        return not (self.is_scalarized_objective or self.is_multi_objective)

    @property
    def objectives(self) -> list[Objective]:
        """Each of several objectives."""
        return [Objective.of_sums([s]) for s in self.sums]

    def values(self, means: Mapping[str, float]) -> list[float]:
        """Return the value of each sum, where more is better."""
        return [s.value(means) for s in self.sums]

    @property
    def expression(self) -> str:
        """The objective as text."""
        return ", ".join(" + ".join(f"{w!r}*{n}" for n, w in s.weights.items()) for s in self.sums)

    def __eq__(self, other: object) -> bool:
        return self.sums == other.sums if isinstance(other, Objective) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.expression!r})"


class MultiObjective(Objective):
    """Several objectives at once.

    Args:
        objectives: Each of them.
    """

    def __init__(self, objectives: Sequence[Objective], **kwargs: Any) -> None:
        known = {"minimize": "each objective has a direction."}
        heed_others("Ax's MultiObjective", kwargs, known)
        self.sums = [s for o in objectives for s in o.sums]
        self.computed_metrics = [m for o in objectives for m in o.computed_metrics]


class ScalarizedObjective(Objective):
    """A weighted sum of metrics.

    Args:
        metrics: The metrics.
        weights: Their weights; None for 1 each.
        minimize: Whether less is better.
    """

    def __init__(
        self,
        metrics: Sequence[Metric],
        weights: Sequence[float] | None = None,
        minimize: bool = False,
    ) -> None:
        given = [1.0] * len(metrics) if weights is None else list(weights)
        sign = -1.0 if minimize else 1.0
        pairs = zip(metrics, given, strict=True)
        self.sums = [Linear({m.name: sign * float(w) for m, w in pairs})]
