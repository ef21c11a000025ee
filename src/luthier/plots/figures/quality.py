"""What a figure says of the model behind it."""

from __future__ import annotations

from ...analysis.model_quality import ModelQuality


def say_quality(quality: ModelQuality) -> str:
    """Return the note on how well a model predicts."""
    return (
        f"The model predicts trials it has not seen: R2 {quality.r2:.2f}, ranks "
        f"{quality.rank_correlation:.2f}."
    )
