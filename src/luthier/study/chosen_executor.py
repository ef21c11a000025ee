"""The executor of a run, from its settings."""

from __future__ import annotations

import concurrent.futures as cf
import os
import sys

from .. import executors
from ..executors.contract import ElasticExecutor
from .run_settings import RunSettings


def choose_executor(settings: RunSettings) -> tuple[cf.Executor | None, int, bool]:
    """Executor (None runs trials in this thread), number of jobs, whether the executor is ours."""
    n_jobs = settings.n_jobs
    limits = settings.limits
    resources = settings.resources
    executor: cf.Executor | None
    is_own = False
    if isinstance(settings.executor, str):
        executor = executors.Ray(n_jobs, resources, limits)
        is_own = True
    elif settings.executor is None and (n_jobs != 1 or limits or resources):
        from ..executors.resources import capacity  # loads subprocess

        n_jobs = capacity(resources) if n_jobs == -1 else n_jobs
        executor = executors.Processes(n_jobs, limits=limits, resources=resources)
        is_own = True
    else:
        executor = settings.executor
    if n_jobs == -1:
        elastic = isinstance(executor, ElasticExecutor)
        n_jobs = sys.maxsize if elastic else os.cpu_count() or 1
    return executor, n_jobs, is_own
