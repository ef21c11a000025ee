"""Experiments of several types: each name says on use what to do instead."""

from __future__ import annotations

from ..inside import refuse_names

__getattr__ = refuse_names(
    "ax.core.multi_type_experiment", "Make a client for each type of trials."
)
