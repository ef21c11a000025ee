"""What a client says by a model of its results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.experiment import Experiment
from ...core.trial_status import TrialStatus
from ...core.utils import MetricAvailability, compute_metric_availability
from ...exceptions.core import DataRequiredError
from ...plot import by_luthier
from ...predictions import predict_metrics
from .best_point import require_config


class ModelsMixin:
    """Predictions and figures by a model of the results: a class to be derived from."""

    @property
    def experiment(self) -> Experiment:
        """The experiment."""
        raise NotImplementedError

    def fit_model(self) -> None:
        """Check that a model can be made of the results.

        Raises:
            DataRequiredError: There are too few.
        """
        completed = self.experiment.trial_indices_by_status[TrialStatus.COMPLETED]
        if not completed:
            raise DataRequiredError(
                "At least one trial must be completed with data to fit a model."
            )
        known = compute_metric_availability(self.experiment, completed)
        if MetricAvailability.COMPLETE not in known.values():
            raise DataRequiredError(
                "At least one completed trial must have data for all required metrics to fit a "
                "model."
            )
        predict_metrics(
            self.experiment, require_config(self.experiment, None).objective.metric_names, []
        )

    def get_model_predictions(
        self,
        metric_names: list[str] | None = None,
        include_out_of_sample: bool | None = True,
        parameterizations: Mapping[int, Mapping[str, Any]] | None = None,
    ) -> dict[int, dict[str, tuple[float, float]]]:
        """Return mean and standard error of metrics, by a model.

        Args:
            metric_names: Which; None for all that are optimised or constrained.
            include_out_of_sample: Trials without results too.
            parameterizations: Points by a number; None for the trials.
        """
        self.fit_model()
        points = parameterizations
        if points is None:
            trials = self.experiment.trials.values()
            points = {t.index: t.params for t in trials if include_out_of_sample or t.measurements}
        names = metric_names or require_config(self.experiment, None).metric_names
        found = predict_metrics(self.experiment, names, list(points.values()))
        return dict(zip(points, found, strict=True))

    def get_model_predictions_for_parameterizations(
        self, parameterizations: list[Mapping[str, Any]], metric_names: list[str] | None = None
    ) -> list[dict[str, tuple[float, float]]]:
        """Return mean and standard error of metrics at points, by a model."""
        names = metric_names or require_config(self.experiment, None).metric_names
        return predict_metrics(self.experiment, names, parameterizations)

    # -- plots

    def get_optimization_trace(self, objective_optimum: float | None = None) -> Any:
        """Return a figure of the best result so far."""
        return by_luthier.draw(self.experiment, "history")

    def get_contour_plot(
        self,
        param_x: str | None = None,
        param_y: str | None = None,
        metric_name: str | None = None,
    ) -> Any:
        """Return a figure of what a model expects over two parameters.

        Args:
            param_x: The one; None for the first of the space.
            param_y: The other; None for the second.
            metric_name: The metric; None for the only objective.

        Raises:
            ValueError: There is no such parameter or metric, or no trial.
            UnsupportedError: There are several objectives, and no metric is given.
            UnsupportedPlotError: There are too few results for a model.
        """
        return by_luthier.draw_contour(self.experiment, param_x, param_y, metric_name)

    def get_feature_importances(self, relative: bool = True) -> Any:
        """Return a figure of how much each parameter matters.

        Raises:
            ValueError: There are too few results.
        """
        return by_luthier.draw_importances(self.experiment)
