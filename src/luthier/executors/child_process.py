"""One worker of `Processes`: a child process, what it may use, and the task that it runs."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from multiprocessing import Pipe
from typing import Any

import msgspec

from ..errors import WorkerDiedError
from .pickling import to_pickle
from .resources import Slot
from .supervised import Supervised
from .task_memory import TaskMemory
from .tasks import Argument, Task

_CODE = (
    "import sys; sys.path[:] = {path!r}; "
    "from luthier.executors.worker import run_worker; run_worker({file})"
)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Shared(Argument):
    """Argument of tasks in processes: pickled once, sent to each worker once."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.blob = to_pickle(value)


class ChildProcess:
    """A fresh interpreter that runs tasks.

    Args:
        settings: What `worker.run_worker` reads.
        slot: The cores and GPUs that it may use.
        n_threads: How many threads numeric libraries may use, unless the environment says.

    Attributes:
        process: The process.
        connection: The pipe to it.
        memory: What its tasks use.
        is_ready: Whether it has come up.
        task: The task that it runs, if any.
        verdict: Why it is ended, where this process decides so.
    """

    def __init__(self, settings: dict[str, Any], slot: Slot, n_threads: int) -> None:
        self.slot = slot
        self.is_ready = False
        self.task: Task | None = None
        self.verdict: Exception | None = None
        self.started = time.monotonic()
        self._sent: set[int] = set()  # keys of the arguments that it has

        env = dict.fromkeys(_THREADS, str(n_threads)) | os.environ
        if slot.gpus is not None:
            env["CUDA_VISIBLE_DEVICES"] = ",".join(slot.gpus)
        self.connection, its_end = Pipe()
        with its_end:
            file = its_end.fileno()
            command = [sys.executable, "-c", _CODE.format(path=sys.path, file=file)]
            self.process = Supervised(command, env, passed=[file])
        self.memory = TaskMemory(self.process.family)
        with contextlib.suppress(OSError):  # it died at once, which its exit code says later
            self.connection.send_bytes(msgspec.json.encode(settings | {"cpus": slot.cpus}))

    def send(self, task: Task) -> None:
        """Hand over a task, with the shared arguments that it does not have yet."""
        shared = [a for a in task.args if isinstance(a, Shared)]
        new = {a.key: a.blob for a in shared if a.key not in self._sent}
        message = task.pack(new)
        self.task = task
        with contextlib.suppress(OSError):  # it died a moment ago: its end of the pipe tells
            self.connection.send_bytes(message)
        self._sent.update(new)

    def kill(self) -> None:
        """End the process and whatever it started."""
        self.process.end()
        self.connection.close()

    def has_died(self) -> bool:
        """Return whether it has ended without closing the pipe, which a child of it may hold."""
        return self.process.status is not None and not self.connection.poll()


def error_from_exit_code(code: int | None) -> WorkerDiedError:
    """Return the error of a task whose process has ended with this code; None if it has not."""
    if code is None:
        return WorkerDiedError(
            "the worker process closed its connection; did the objective close all files?"
        )
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
        killed = -code in (signal.SIGKILL, signal.SIGTERM)
        return WorkerDiedError(f"the worker process was ended by {name}", killed=killed)
    return WorkerDiedError(
        f"the worker process ended with exit code {code}; did the objective call os._exit?"
    )
