"""Keras's callback, by the path that newer code imports it from."""

from __future__ import annotations

from ...tune.integration.keras import ReportCheckpointCallback

__all__ = ["ReportCheckpointCallback"]
