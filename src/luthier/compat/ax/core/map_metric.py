"""A metric with intermediate values; here every metric has them."""

from __future__ import annotations

from .metric import Metric

MapMetric = Metric

__all__ = ["MapMetric"]
