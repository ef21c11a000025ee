"""Trials of several arms: each name says on use what to do instead."""

from __future__ import annotations

from ..inside import refuse_names

__getattr__ = refuse_names(
    "ax.core.batch_trial", "Ask for several trials: get_next_trials(max_trials=n)."
)
