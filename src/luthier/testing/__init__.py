"""Checks and toy problems, for people who write a sampler, a scheduler or a storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "BRANIN",
    "CONSTRAINED",
    "CURVES",
    "HARTMANN6",
    "MIXED",
    "PROBLEMS",
    "TWO_OBJECTIVES",
    "Problem",
    "check_sampler",
    "check_scheduler",
    "check_storage",
    "history",
    "random_history",
    "trial",
]

if TYPE_CHECKING:
    from .histories import history as history
    from .histories import random_history as random_history
    from .histories import trial as trial
    from .problems import BRANIN as BRANIN
    from .problems import CONSTRAINED as CONSTRAINED
    from .problems import CURVES as CURVES
    from .problems import HARTMANN6 as HARTMANN6
    from .problems import MIXED as MIXED
    from .problems import PROBLEMS as PROBLEMS
    from .problems import TWO_OBJECTIVES as TWO_OBJECTIVES
    from .problems import Problem as Problem
    from .sampler_check import check_sampler as check_sampler
    from .scheduler_check import check_scheduler as check_scheduler
    from .storage_check import check_storage as check_storage
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "BRANIN": "problems",
            "CONSTRAINED": "problems",
            "CURVES": "problems",
            "HARTMANN6": "problems",
            "MIXED": "problems",
            "PROBLEMS": "problems",
            "TWO_OBJECTIVES": "problems",
            "Problem": "problems",
            "check_sampler": "sampler_check",
            "check_scheduler": "scheduler_check",
            "check_storage": "storage_check",
            "history": "histories",
            "random_history": "histories",
            "trial": "histories",
        },
    )
