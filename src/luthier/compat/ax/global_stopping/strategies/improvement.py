"""Ends a search without improvement: says on use what to do instead."""

from __future__ import annotations

from ...inside import refuse_names

__getattr__ = refuse_names(
    "ax.global_stopping.strategies.improvement",
    "Derive a class from BaseGlobalStoppingStrategy, or use luthier.stop with a study.",
)
