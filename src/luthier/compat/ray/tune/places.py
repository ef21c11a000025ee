"""Where the trials of a run are: in processes of this machine, in this one, or on a cluster."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

from .... import executors
from ....errors import ResourceError
from .. import cluster
from .resources import read_resources


class Place:
    """Where trials run, and how many at a time.

    Args:
        resources: What each needs: a dict, or a function of its configuration; None for one core.
        config: The space, with which such a function is called at first.
        most: How many at a time; None for as many as fit.

    Raises:
        ResourceError: The machine does not have what one trial needs.
    """

    def __init__(self, resources: Any, config: dict[str, Any], most: int | None) -> None:
        self._given = resources
        self._needs = read_resources(resources, config)
        self._most = most or None
        self._fit = math.inf if cluster.has_cluster() else self._count_fitting()

    def resources_of(self, config: dict[str, Any]) -> dict[str, float]:
        """Return what a trial needs."""
        return read_resources(self._given, config) or {"cpu": 1}

    def _count_fitting(self) -> float:
        """Return how many trials fit on this machine."""
        needs = self._needs or {"cpu": 1.0}
        fit = math.inf
        for kind, have in (("cpu", cluster.count_cpus), ("gpu", cluster.count_gpus)):
            need = needs.get(kind, 0)
            if need:
                fit = min(fit, math.floor(have() / need + 1e-9))
                if fit < 1:
                    raise ResourceError(
                        f"each trial needs {need:g} {kind}, and this machine offers {have()}; "
                        "lower resources_per_trial (or with_resources)"
                    )
        return fit

    def count_jobs(self, n_trials: int | None, most: int | None) -> int:
        """Return how many trials run at a time.

        Args:
            n_trials: How many there are; None for no bound.
            most: A searcher's bound; None without one.
        """
        if self.is_here:
            return 1
        bounds = [self._fit, n_trials, self._most, most]
        n = min(b for b in bounds if b)
        return max(1, int(n)) if math.isfinite(n) else cluster.count_cpus()

    @property
    def is_here(self) -> bool:
        """Whether trials run in this process, one after another."""
        return cluster.is_local_mode()

    @contextlib.contextmanager
    def open(self, n_jobs: int) -> Iterator[Any]:
        """Give the executor of so many trials at a time; None where they run in this process."""
        if self.is_here:
            yield None
            return
        if cluster.has_cluster():
            executor: Any = executors.Ray(n_jobs, self._needs or None)
        else:
            gpu = self._needs.get("gpu")
            bound = {"gpu": gpu} if gpu and _has_gpus() else None
            executor = executors.Processes(n_jobs, resources=bound)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def _has_gpus() -> bool:
    from ....executors.resources import gpus

    return bool(gpus())
