"""Where the fits of a search run: in this thread, in threads, in processes, on a cluster."""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import cloudpickle
import numpy as np
from joblib import effective_n_jobs
from joblib.parallel import get_active_backend

from .. import executors
from ..errors import PlatformError, UnpicklableError
from ..executors.contract import TrialExecutor
from ..storages.transitions import lease_expired
from ..study import Study
from ..terminal import logger
from ..trial.record import State

_POLL_S = 0.5  # between looks at what another process does


class Jobs(NamedTuple):
    """Where the fits of a search run, its trials and those that confirm it.

    Attributes:
        n: How many run at a time.
        executor: What runs them; None for this thread.
    """

    n: int
    executor: cf.Executor | None

    def run(self, fn: Callable[[Any, Any], Any], shared: Any, tasks: Sequence[Any]) -> list[Any]:
        """Return fn(shared, task) of each task, in their order.

        Args:
            fn: A function of a module.
            shared: What all tasks need; luthier's own processes are sent it once.
            tasks: What they differ in.

        Raises:
            Exception: What the first task in order raised that failed.
        """
        if self.executor is None:
            return [fn(shared, task) for task in tasks]
        if isinstance(self.executor, TrialExecutor):
            shared = self.executor.put(shared)
        futures = [self.executor.submit(fn, shared, task) for task in tasks]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()


def check_travel(objective: Any, jobs: Jobs) -> None:
    """Refuse a search that cannot go to luthier's own processes, before they are started.

    Args:
        objective: With the settings of all fits.
        jobs: What `choose_jobs` returned.

    Raises:
        UnpicklableError: It cannot; the message says which argument is to blame.
    """
    if not isinstance(jobs.executor, executors.Processes):
        return
    settings = objective.settings
    held = {
        "estimator": settings.estimator,
        "scoring": settings.scorer,
        "space": objective.candidates,
        "fit_params": settings.ask_fit_params,
        "params of fit": [settings.fit_params, settings.score_params],
        "X": settings.X,
        "y": settings.y,
    }
    for name, value in held.items():
        if type(value) is np.ndarray and value.dtype != object:
            continue  # numbers always can
        try:
            cloudpickle.dumps(value)
        except Exception as e:  # whatever an object raises of itself
            raise UnpicklableError(
                f"the search cannot go to {jobs.n} processes, because its {name} cannot be "
                f"pickled: {type(e).__name__}: {e}; make what it holds within its methods, or fit "
                "in threads: with joblib.parallel_config('threading'): search.fit(X, y)"
            ) from e


def optimize_with_others(study: Study, timeout_s: float | None, **settings: Any) -> None:
    """Run the trials of a search, and wait for those that another process has.

    That process may be at work, or may have been killed: then its trials go on here, once their
    leases have run out.

    Args:
        study: The study.
        timeout_s: After how many seconds nothing more is begun, or waited for; None for no end.
        **settings: As for `Study.optimize`.
    """
    until_s = math.inf if timeout_s is None else time.monotonic() + timeout_s
    left_s = timeout_s
    while left_s is None or left_s > 0:
        study.optimize(timeout_s=left_s, **settings)
        held = [] if study.stop_reason is not None else _find_held(study)
        if not held:
            return
        logger.info(
            "study %r: %d candidates are another process's; where it was killed, they go on here "
            "when their leases run out, within %.0f s",
            study.name,
            len(held),
            max(held),
        )
        while _find_held(study) and time.monotonic() < until_s:
            time.sleep(_POLL_S)
        left_s = None if timeout_s is None else until_s - time.monotonic()


def _find_held(study: Study) -> list[float]:
    """Return for how many seconds each trial that runs may be silent."""
    with study.engine.reading() as history:
        running = sorted(history.running)
    now = study.engine.storage.now()
    return [
        row.lease_s - now
        for row in (study.engine.rows(running) if running else [])
        if row.state == State.RUNNING
        and not lease_expired(row.lease_s, now, study.engine.storage.lease_s)
    ]


@contextlib.contextmanager
def choose_jobs(n_jobs: int | None) -> Iterator[Jobs]:
    """Where fits run, as joblib's settings want it, for as long as this lasts.

    Processes are luthier's own, also where joblib would take loky's.

    Args:
        n_jobs: As scikit-learn has it: None is 1, or what `joblib.parallel_config` says.

    Raises:
        PlatformError: joblib is set to a backend that is not known here.
    """
    backend, _ = get_active_backend()
    n = effective_n_jobs(n_jobs)
    name = type(backend).__name__
    if n == 1:
        yield Jobs(1, None)
    elif name == "ThreadingBackend":
        with cf.ThreadPoolExecutor(n) as threads:
            yield Jobs(n, threads)
    elif name == "DaskDistributedBackend":
        yield Jobs(n, backend.client.get_executor())
    elif name in ("LokyBackend", "MultiprocessingBackend", "RayBackend"):
        is_ray = name == "RayBackend"
        own: Any = executors.Ray(n) if is_ray else executors.Processes(n)
        try:
            yield Jobs(n, own)
        finally:
            own.shutdown(wait=False, cancel_futures=True)
    else:
        raise PlatformError(
            "a search runs its trials on joblib's backends 'loky', 'multiprocessing', 'threading', "
            f"'dask' and 'ray', and joblib is set to {name}; leave joblib.parallel_config"
        )
