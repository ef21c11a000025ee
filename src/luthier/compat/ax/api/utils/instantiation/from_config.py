"""How Ax reads settings: each name says on use what to do instead."""

from __future__ import annotations

from ....inside import refuse_names

__getattr__ = refuse_names(
    "ax.api.utils.instantiation.from_config",
    "Call Client.configure_experiment() and configure_optimization().",
)
