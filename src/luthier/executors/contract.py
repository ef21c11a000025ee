"""Contract between studies and executors: how a trial is handed to a worker that is kept for it."""

from __future__ import annotations

import concurrent.futures as cf
import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from ..errors import WorkerDiedError


@runtime_checkable
class TrialExecutor(Protocol):
    """Executor whose tasks call back into this process, and which can end them as they run.

    A study runs its trials on any `concurrent.futures.Executor`. `Processes` and `Ray` are that,
    and keep this contract too. A study makes use of it as follows:

    - `study.remote` hands a trial over by `submit_with_calls`, with the calls "report" and
      "decide", so that no other process touches the storage. On another executor the worker opens
      the study by the URL of its storage.
    - `study.remote` passes the objective and the space through `put`. On another executor they are
      pickled with each trial, where they are small.
    - `study.loop` calls `shutdown(wait=False, cancel_futures=True)` on an interrupt, and trusts
      that this ends the trials that run. On another executor they run to their end, and their
      results are stored as they come.

    The future of a task whose worker was lost raises WorkerDiedError, with `killed` where the task
    itself is not to blame. One that was ended for its limits raises TrialTimeoutError or
    TrialMemoryError. The executor goes on in each case.
    """

    def submit_with_calls(
        self, calls: Mapping[str, Callable[..., Any]], fn: Callable[..., Any], /, *args: Any
    ) -> cf.Future[Any]:
        """Run fn(*args) in a worker, which can call functions of this process.

        Args:
            calls: The functions by name. What `worker.call(name, *args)` asks for runs here, in a
                thread of the executor, and its result or exception goes back to the worker.
            fn: The task.
            args: Its arguments. Those that `put` returned stand for what was put.

        Raises:
            NoWorkerError: No worker can be kept.
            RuntimeError: The executor has been shut down.
        """

    def put(self, value: Any) -> Any:
        """Return a stand-in for an argument that many tasks share: each worker gets it once."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers.

        Args:
            wait: Let tasks finish first. Otherwise those that run are ended at once.
            cancel_futures: Cancel the tasks that no worker has begun.
        """


@runtime_checkable
class ElasticExecutor(TrialExecutor, Protocol):
    """Executor that grows and shrinks while it runs.

    `study.loop` asks for its room every 0.1 s and hands over no more trials than that. `n_jobs=-1`
    then means as many as there is room for; on another executor it means one for each core.
    """

    def room(self) -> int:
        """Return how many tasks find a worker now; at least 1, which may have to wait for it."""


def worker_died(error: BaseException | None) -> WorkerDiedError | None:
    """Return the error of a trial whose worker another library's executor has lost.

    That is Dask's KilledWorker, of a task that several workers have died of. Executors of the
    standard library, and loky's, raise BrokenExecutor instead, and cannot go on.

    Args:
        error: The exception of a future.

    Returns:
        The error, or None for any other exception.
    """
    # Where the exception is Dask's, Dask has been imported.
    dask = sys.modules.get("distributed")
    if dask is not None and isinstance(error, dask.KilledWorker):
        return WorkerDiedError(f"Dask: {error}")
    return None
