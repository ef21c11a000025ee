"""Classes that users derive from."""

from __future__ import annotations

from .metric import IMetric
from .runner import IRunner

__all__ = ["IMetric", "IRunner"]
