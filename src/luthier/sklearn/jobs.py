"""Where the trials of a search run: in this thread, in threads, in processes, on a cluster."""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
import math
import time
from collections.abc import Iterator
from typing import Any

import cloudpickle
import numpy as np
from joblib import effective_n_jobs
from joblib.parallel import get_active_backend

from ..errors import PlatformError, UnpicklableError
from ..storages.transitions import lease_expired
from ..study import Study
from ..terminal import logger
from ..trial.record import State

_POLL_S = 0.5  # between looks at what another process does


def check_travel(objective: Any, jobs: dict[str, Any]) -> None:
    """Refuse a search that cannot go to luthier's own processes, before they are started.

    Args:
        objective: With the settings of all fits.
        jobs: What `choose_jobs` returned.

    Raises:
        UnpicklableError: It cannot; the message says which argument is to blame.
    """
    if jobs["n_jobs"] == 1 or "executor" in jobs:
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
                f"the search cannot go to {jobs['n_jobs']} processes, because its {name} cannot be "
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
    now = study.engine.storage.now()
    return [
        row.lease_s - now
        for row in study.trials
        if row.state == State.RUNNING
        and not lease_expired(row.lease_s, now, study.engine.storage.lease_s)
    ]


@contextlib.contextmanager
def choose_jobs(n_jobs: int | None) -> Iterator[dict[str, Any]]:
    """The arguments `n_jobs` and `executor` of `Study.optimize`, as joblib's settings want it.

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
        yield {"n_jobs": 1}
    elif name == "ThreadingBackend":
        with cf.ThreadPoolExecutor(n) as executor:
            yield {"n_jobs": n, "executor": executor}
    elif name in ("LokyBackend", "MultiprocessingBackend"):
        yield {"n_jobs": n}
    elif name == "DaskDistributedBackend":
        yield {"n_jobs": n, "executor": backend.client.get_executor()}
    elif name == "RayBackend":
        yield {"n_jobs": n, "executor": "ray"}
    else:
        raise PlatformError(
            "a search runs its trials on joblib's backends 'loky', 'multiprocessing', 'threading', "
            f"'dask' and 'ray', and joblib is set to {name}; leave joblib.parallel_config"
        )
