"""Cards of figures that a user has drawn."""

from __future__ import annotations

from typing import Any

from ..overview import Analysis, Card

PlotlyAnalysis, PlotlyAnalysisCard = Analysis, Card

__all__ = ["PlotlyAnalysis", "PlotlyAnalysisCard", "create_plotly_analysis_card"]


def create_plotly_analysis_card(name: str, title: str, subtitle: str, df: Any, fig: Any) -> Card:
    """Return the card of a figure, and of the table that it shows."""
    return Card(name, title, subtitle, fig, df)
