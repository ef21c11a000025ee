"""Ax's orchestrator: each name says on use what to do instead."""

from __future__ import annotations

from ..inside import refuse_names

__getattr__ = refuse_names(
    "ax.orchestration.orchestrator",
    "Ask a Client and run its trials; luthier.create_study(...).optimize(n_jobs=...) runs several.",
)
