"""SLURM: an executor whose tasks are jobs of a cluster."""

from __future__ import annotations

import concurrent.futures as cf
import os
import pickle
import shlex
import stat
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import NoWorkerError, PlatformError, WorkerDiedError
from ..executors.pickling import to_pickle
from ..terminal import logger
from ..validation import check_real
from .slurm_script import write_options

_N_LOG = 5  # last lines of a job's log that stand in the error of a job that is gone


class _Job(NamedTuple):
    """A task that was handed to SLURM."""

    number: str
    task: str
    future: cf.Future[Any]


class Slurm(cf.Executor):
    """An executor that hands each task to SLURM as a job of its own.

    `study.optimize(objective, n_jobs=20, executor=Slurm(...))` keeps 20 jobs in the queue. Trials
    open the study by its storage, which all nodes must reach. A job that SLURM ends and puts into
    the queue again goes on from its trial's last checkpoint; the trial of a job that is gone is
    offered again.

    Used in a `with` block, it cancels at the end what still runs.

    Args:
        options: Options of sbatch without dashes, such as {"time": "01:00:00", "partition": "gpu"}.
        folder: Where tasks, results and logs lie; all nodes see it, and nobody else may write
            there, because tasks are code.
        poll_s: How often results and the queue are looked at, in seconds.
        setup: What a job's shell does first, such as "module load cuda".

    Raises:
        PlatformError: There is no sbatch.
        ValueError: An option is none, `poll_s` is not above 0, or others may write into the folder.
    """

    def __init__(
        self,
        options: Mapping[str, str] | None = None,
        folder: str | os.PathLike[str] = "luthier-slurm",
        poll_s: float = 2.0,
        setup: str = "",
    ) -> None:
        self.folder = Path(folder).absolute()
        self.poll_s = check_real("poll_s", poll_s, 0, above=True)
        self._setup = setup
        self._options = {"job-name": "luthier", "requeue": "", **(options or {})}
        write_options(self._options)
        self._jobs: dict[str, _Job] = {}
        self._missing: set[str] = set()  # not in the queue at the last look, and without a result
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_shut = False
        _make_private(self.folder)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> cf.Future[Any]:
        """Hand fn(*args, **kwargs) to SLURM.

        Raises:
            NoWorkerError: SLURM does not take it.
            PlatformError: There is no sbatch.
            RuntimeError: The executor has been shut down.
        """
        with self._lock:
            if self._is_shut:
                raise RuntimeError("the executor has been shut down")
            task = uuid.uuid4().hex
            file = self.folder / f"{task}.task"
            # The job finds modules where this process does, before it unpickles what needs them.
            file.write_bytes(pickle.dumps(sys.path) + to_pickle((fn, args, kwargs)))
            try:
                number = _call("sbatch", "--parsable", stdin=self._write_script(task))
            except Exception:
                file.unlink()
                raise
            number = number.strip().partition(";")[0]  # a cluster's name may follow
            future: cf.Future[Any] = cf.Future()
            self._jobs[number] = _Job(number, task, future)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, daemon=True)
                self._thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks.

        Args:
            wait: Wait until those that were taken are over.
            cancel_futures: Cancel the jobs that wait or run.
        """
        with self._lock:
            self._is_shut = True
            thread = self._thread
            if cancel_futures:
                for job in self._jobs.values():
                    job.future.cancel()
        self._wake.set()
        if wait and thread is not None:
            thread.join()

    def __exit__(self, *error: object) -> None:
        self.shutdown(wait=True, cancel_futures=True)

    def _write_script(self, task: str) -> str:
        options = {"output": str(self.folder / f"{task}.log"), "open-mode": "append"}
        module = [sys.executable, "-m", "luthier.integrations.slurm_job"]
        run = shlex.join([*module, str(self.folder), task])
        lines = ["#!/bin/sh", write_options({**options, **self._options}), self._setup]
        return "\n".join([*lines, f"exec {run}", ""])

    def _watch(self) -> None:
        """Take results in until there is nothing left to wait for."""
        while True:
            self._wake.wait(self.poll_s)
            self._wake.clear()
            with self._lock:
                jobs = list(self._jobs.values())
                if not jobs and self._is_shut:
                    return
            if jobs:
                self._look(jobs)

    def _look(self, jobs: list[_Job]) -> None:
        try:
            queue = set(
                _call("squeue", "--noheader", "--format=%i", f"--user={os.getuid()}").split()
            )
        except (NoWorkerError, PlatformError) as e:
            logger.warning("%s; jobs are looked at again in %g s", e, self.poll_s)
            queue = {job.number for job in jobs}
        for job in jobs:
            try:
                self._look_at(job, job.number in queue)
            except Exception as e:  # such as a result that cannot be read
                self._settle(job, error=e)

    def _look_at(self, job: _Job, is_queued: bool) -> None:
        """Take in what became of a job, if anything did."""
        if job.future.cancelled():
            self._cancel(job)
        elif (self.folder / f"{job.task}.result").exists():
            self._finish(job)
        elif is_queued:
            self._missing.discard(job.number)
        elif job.number not in self._missing:
            self._missing.add(job.number)  # a folder over a network may show it late
        else:
            self._settle(job, error=self._gone(job))

    def _finish(self, job: _Job) -> None:
        """Take the result of a job in."""
        is_error, value = pickle.loads((self.folder / f"{job.task}.result").read_bytes())
        (self.folder / f"{job.task}.log").unlink(missing_ok=True)
        self._settle(job, error=value) if is_error else self._settle(job, result=value)

    def _gone(self, job: _Job) -> WorkerDiedError:
        log = self.folder / f"{job.task}.log"
        lines = log.read_text(errors="replace").splitlines()[-_N_LOG:] if log.exists() else []
        said = "; its log ends with:\n" + "\n".join(lines) if lines else ""
        return WorkerDiedError(f"SLURM's job {job.number} is gone{said}", killed=True)

    def _cancel(self, job: _Job) -> None:
        try:
            _call("scancel", job.number)
        except (NoWorkerError, PlatformError) as e:
            logger.warning("%s", e)
        self._forget(job)

    def _settle(self, job: _Job, result: Any = None, error: BaseException | None = None) -> None:
        self._forget(job)
        if not job.future.set_running_or_notify_cancel():
            return
        if error is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(error)

    def _forget(self, job: _Job) -> None:
        with self._lock:
            self._jobs.pop(job.number, None)
            self._missing.discard(job.number)
        for ending in ("task", "result"):
            (self.folder / f"{job.task}.{ending}").unlink(missing_ok=True)


def _make_private(folder: Path) -> None:
    """Make a folder that nobody else may write into.

    Raises:
        ValueError: Others may write into it, it is another user's, or it is a file.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ValueError(f"{folder} is, or lies in, a file; name another folder=") from None
    status = folder.stat()
    if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ValueError(
            f"others may write into {folder}, and what lies there is run; run chmod 700 there, or "
            "name another folder="
        )


def _call(*argv: str, stdin: str | None = None) -> str:
    """Return what a program of SLURM prints.

    Raises:
        PlatformError: It is not there.
        NoWorkerError: It fails.
    """
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    except FileNotFoundError as e:
        raise PlatformError(f"there is no {argv[0]}; run this where SLURM takes jobs") from e
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["it says nothing"]
        raise NoWorkerError(f"{argv[0]} failed with status {done.returncode}: {said[0]}")
    return done.stdout
