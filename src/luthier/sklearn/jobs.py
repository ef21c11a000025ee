"""Where the trials of a search run: in this thread, in threads, in processes, on a cluster."""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
from collections.abc import Iterator
from typing import Any

from joblib import effective_n_jobs
from joblib.parallel import get_active_backend

from ..errors import PlatformError


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
