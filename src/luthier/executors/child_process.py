"""One worker of `Processes`: a child process, what it may use, and the task that it runs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle
import msgspec
import psutil

from ..errors import WorkerDiedError
from .resources import Slot
from .tasks import Argument, Task

_CODE = (
    "import sys; sys.path[:] = {path!r}; "
    "from luthier.executors.worker import run_worker; run_worker()"
)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Shared(Argument):
    """Argument of tasks in processes: pickled once, sent to each worker once."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.blob = cloudpickle.dumps(value)


class ChildProcess:
    """A fresh interpreter that runs tasks.

    Args:
        settings: What `worker.run_worker` reads.
        slot: The cores and GPUs that it may use.
        n_threads: How many threads numeric libraries may use, unless the environment says.

    Attributes:
        connection: The pipe to it; None until it has come up.
        task: The task that it runs, if any.
        verdict: Why it is ended, where this process decides so.
    """

    def __init__(self, settings: dict[str, Any], slot: Slot, n_threads: int) -> None:
        self.slot = slot
        self.connection: Connection | None = None
        self.task: Task | None = None
        self.verdict: Exception | None = None
        self.started = time.monotonic()
        self._sent: set[int] = set()  # keys of the arguments that it has

        env = dict.fromkeys(_THREADS, str(n_threads)) | os.environ
        if slot.gpus is not None:
            env["CUDA_VISIBLE_DEVICES"] = ",".join(slot.gpus)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CODE.format(path=sys.path)],
            bufsize=0,
            stdin=subprocess.PIPE,
            env=env,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):  # it died at once, which its exit code says later
            self.process.stdin.write(msgspec.json.encode(settings | {"cpus": slot.cpus}) + b"\n")

    def send(self, task: Task) -> None:
        """Hand over a task, with the shared arguments that it does not have yet."""
        shared = [a for a in task.args if isinstance(a, Shared)]
        new = {a.key: a.blob for a in shared if a.key not in self._sent}
        message = task.pack(new)
        self.task = task
        assert self.connection is not None
        with contextlib.suppress(OSError):  # it died a moment ago: its end of the pipe tells
            self.connection.send_bytes(message)
        self._sent.update(new)

    def kill(self) -> None:
        """End the process and whatever it started."""
        for p in self._family():
            with contextlib.suppress(psutil.Error):
                p.kill()
        if sys.platform != "win32":  # what it left behind where it has ended itself
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        if self.connection is not None:
            self.connection.close()

    def used_bytes(self) -> int:
        """Return the resident memory of the process and whatever it started."""
        total = 0
        for p in self._family():
            with contextlib.suppress(psutil.Error):
                total += p.memory_info().rss
        return total

    def has_died(self) -> bool:
        """Return whether it has ended without closing the pipe, which a child of it may hold."""
        assert self.connection is not None
        return self.process.poll() is not None and not self.connection.poll()

    def _family(self) -> list[psutil.Process]:
        if self.process.returncode is not None:  # its number may be somebody else's by now
            return []
        try:
            me = psutil.Process(self.process.pid)
            return [me, *me.children(recursive=True)]
        except psutil.Error:
            return []


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
