"""How Ax chooses a strategy: each name says on use what to do instead."""

from __future__ import annotations

from ...inside import refuse_names

__getattr__ = refuse_names(
    "ax.api.utils.generation_strategy_dispatch",
    "Call Client.configure_generation_strategy().",
)
