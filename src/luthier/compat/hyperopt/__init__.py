"""Hyperopt's words for luthier's search: change `import hyperopt` to this, and code runs."""

from __future__ import annotations

from . import anneal, atpe, base, exceptions, hp, mix, rand, spark, tpe
from .base import (
    JOB_STATE_DONE,
    JOB_STATE_ERROR,
    JOB_STATE_NEW,
    JOB_STATE_RUNNING,
    JOB_STATES,
    STATUS_FAIL,
    STATUS_NEW,
    STATUS_OK,
    STATUS_RUNNING,
    STATUS_STRINGS,
    STATUS_SUSPENDED,
    Ctrl,
    Domain,
    Trials,
    trials_from_docs,
)
from .fmin import FMinIter, fmin, fmin_pass_expr_memo_ctrl, partial, space_eval
from .spark import SparkTrials

__version__ = "0.3.0"

__all__ = [
    "JOB_STATES",
    "JOB_STATE_DONE",
    "JOB_STATE_ERROR",
    "JOB_STATE_NEW",
    "JOB_STATE_RUNNING",
    "STATUS_FAIL",
    "STATUS_NEW",
    "STATUS_OK",
    "STATUS_RUNNING",
    "STATUS_STRINGS",
    "STATUS_SUSPENDED",
    "Ctrl",
    "Domain",
    "FMinIter",
    "SparkTrials",
    "Trials",
    "anneal",
    "atpe",
    "base",
    "exceptions",
    "fmin",
    "fmin_pass_expr_memo_ctrl",
    "hp",
    "mix",
    "partial",
    "rand",
    "space_eval",
    "spark",
    "tpe",
    "trials_from_docs",
]
