"""What a method expects of points, as Ax's plots take it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.experiment import Experiment
from ..predictions import predict_metrics


class Adapter:
    """What a method expects of points.

    Args:
        experiment: Has the results.
        generator_key: Ax's name of the method.
    """

    def __init__(self, experiment: Experiment, generator_key: str) -> None:
        self.experiment = experiment
        self.generator_key = self._generator_key = generator_key

    def predict(
        self, observation_features: Sequence[Any]
    ) -> tuple[dict[str, list[float]], dict[str, dict[str, list[float]]]]:
        """Return means and covariances of all optimised and constrained metrics at points.

        Args:
            observation_features: Points, in their attribute `parameters`.

        Returns:
            Metric to a mean a point; metric to metric to a covariance a point, 0 between metrics.

        Raises:
            DataRequiredError: There are too few results for a model.
        """
        config = self.experiment.optimization_config
        names = [] if config is None else config.metric_names
        points = [o.parameters for o in observation_features]
        found = predict_metrics(self.experiment, names, points)
        means = {n: [f[n][0] for f in found] for n in names}
        covariances = {
            a: {b: [f[a][1] ** 2 if a == b else 0.0 for f in found] for b in names} for a in names
        }
        return means, covariances

    def __repr__(self) -> str:
        return f"Adapter(generator={self.generator_key})"
