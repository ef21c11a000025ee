"""What a running trial says and asks: `report`, `get_checkpoint`, `get_context`."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ....errors import CompatError
from .checkpoint import Checkpoint
from .resources import PlacementGroupFactory

Metrics = dict[str, Any]


class TrialEnd(BaseException):
    """Ends a trial's function where it reports: no `except Exception` of the user's keeps it."""


class Session:
    """One turn of a trial, in the worker that runs it.

    Args:
        send: Takes the metrics and the folder of a checkpoint to the run; returns what to do next:
            "continue", "save", "stop" or "pause".
        facts: "trial_id", "trial_name", "trial_dir", "experiment_name", "trial_resources".
        checkpoint: What it goes on from.
        iteration: Reports before this turn.
        time_total_s: Seconds before this turn.
        n_checkpoints: Checkpoints that the trial has written before.
    """

    def __init__(
        self,
        send: Callable[[Metrics, str | None], str],
        facts: Mapping[str, Any],
        checkpoint: Checkpoint | None = None,
        iteration: int = 0,
        time_total_s: float = 0.0,
        n_checkpoints: int = 0,
    ) -> None:
        self.send = send
        self.facts = facts
        self.checkpoint = checkpoint
        self.iteration = iteration
        self.time_total_s = time_total_s
        self.n_checkpoints = n_checkpoints
        self.pending: str | None = None  # a folder of `checkpoint_dir`, for the next report
        self._since = 0
        self._began_s = self._last_s = time.monotonic()

    def complete(self, metrics: Mapping[str, Any]) -> Metrics:
        """Return metrics with what Ray Tune adds to each report."""
        now = time.monotonic()
        self.iteration += 1
        self._since += 1
        took_s = now - self._last_s
        self.time_total_s += took_s
        self._last_s = now
        added = {
            "timestamp": int(time.time()),
            "checkpoint_dir_name": None,
            "done": False,
            "training_iteration": self.iteration,
            "trial_id": self.facts["trial_id"],
            "date": datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S"),
            "time_this_iter_s": took_s,
            "time_total_s": self.time_total_s,
            "pid": os.getpid(),
            "hostname": socket.gethostname(),
            "node_ip": "127.0.0.1",
            "time_since_restore": now - self._began_s,
            "iterations_since_restore": self._since,
        }
        return {**added, **metrics}

    def report(self, metrics: Mapping[str, Any], checkpoint: Checkpoint | None = None) -> None:
        """Report, and end here where the run says so.

        Raises:
            TrialEnd: The trial is over, or pauses.
        """
        folder = self.pending if checkpoint is None else self.keep(checkpoint)
        self.pending = None
        answer = self.send(self.complete(metrics), folder)
        if answer in ("stop", "pause"):
            raise TrialEnd(answer)

    def keep(self, checkpoint: Checkpoint) -> str:
        """Copy a checkpoint to the folder of the trial, where it stays."""
        folder = self.next_folder()
        shutil.copytree(checkpoint.path, folder, dirs_exist_ok=True)
        self.checkpoint = Checkpoint(folder)
        return folder

    def next_folder(self, number: int | None = None) -> str:
        """Return the folder of the next checkpoint."""
        n = self.n_checkpoints if number is None else number
        self.n_checkpoints = n + 1
        return os.path.join(self.facts["trial_dir"], f"checkpoint_{n:06d}")


_here = threading.local()  # trials that run in threads of this process
_process: Session | None = None  # the trial of a worker process


def begin(session: Session | None, in_thread: bool = False) -> None:
    """Make a session that of this thread, or of this process; None ends it."""
    global _process
    if in_thread:
        _here.session = session
    else:
        _process = session


def find_session() -> Session | None:
    """Return the session of the trial that runs here; None outside of trials."""
    return getattr(_here, "session", None) or _process


def _require_session(what: str) -> Session:
    session = find_session()
    if session is None:
        raise RuntimeError(f"{what} was called outside of a trial: it belongs in the trainable")
    return session


def report(
    metrics: Mapping[str, Any] | None = None,
    /,
    *,
    checkpoint: Checkpoint | None = None,
    **named: Any,
) -> None:
    """Report metrics of the trial that runs here: as a dict, or by keywords.

    Args:
        metrics: Name to value.
        checkpoint: A folder to go on from, which is copied.
        named: Metrics by their names, as Ray Tune had it before 2.7.

    Raises:
        CompatError: Metrics are no dict.
    """
    session = find_session()
    given = named.pop("metrics", None) if metrics is None else metrics
    if given is None and not named and checkpoint is None:
        raise CompatError("tune.report needs metrics, such as tune.report({'loss': 0.1})")
    if given is not None and not isinstance(given, Mapping):
        if isinstance(given, int | float):
            given = {"_metric": given}
        else:
            raise CompatError(f"tune.report takes a dict of metrics, got {given!r:.200}")
    if session is None:
        warnings.warn("tune.report has no effect outside of a trial", UserWarning, stacklevel=2)
        return
    session.report({**(given or {}), **named}, checkpoint)


def get_checkpoint() -> Checkpoint | None:
    """Return the checkpoint that the trial goes on from; None where it begins."""
    session = find_session()
    return None if session is None else session.checkpoint


@contextlib.contextmanager
def checkpoint_dir(step: int) -> Iterator[str]:
    """Give a folder to write a checkpoint to, which belongs to the next report."""
    session = _require_session("tune.checkpoint_dir")
    folder = session.next_folder(int(step))
    os.makedirs(folder, exist_ok=True)
    yield folder
    session.pending = folder
    session.checkpoint = Checkpoint(folder)


class Context:
    """What a trial may ask about itself."""

    def get_trial_id(self) -> Any:
        """Return the trial's id."""
        return get_trial_id()

    def get_trial_name(self) -> Any:
        """Return the trial's name."""
        return get_trial_name()

    def get_trial_dir(self) -> Any:
        """Return the trial's folder."""
        return get_trial_dir()

    def get_trial_resources(self) -> Any:
        """Return what the trial may use."""
        return get_trial_resources()

    def get_experiment_name(self) -> Any:
        """Return the name of the run."""
        return _fact("experiment_name")

    def get_world_rank(self) -> int:
        """Return 0: a trial has one worker."""
        return 0

    get_local_rank = get_node_rank = get_world_rank

    def get_world_size(self) -> int:
        """Return 1: a trial has one worker."""
        return 1

    get_local_world_size = get_world_size


def _fact(name: str) -> Any:
    session = find_session()
    return None if session is None else session.facts.get(name)


def get_context() -> Context:
    """Return what the trial that runs here may ask about itself."""
    return Context()


def get_trial_id() -> Any:
    """Return the id of the trial that runs here; None outside."""
    return _fact("trial_id")


def get_trial_name() -> Any:
    """Return the name of the trial that runs here; None outside."""
    return _fact("trial_name")


def get_trial_dir() -> Any:
    """Return the folder of the trial that runs here; None outside."""
    return _fact("trial_dir")


def get_trial_resources() -> Any:
    """Return what the trial that runs here may use, as a `PlacementGroupFactory`; None outside."""
    needs = _fact("trial_resources")
    if needs is None:
        return None
    return PlacementGroupFactory([{name.upper(): amount for name, amount in needs.items()}])


def is_session_enabled() -> bool:
    """Whether this runs in a trial."""
    return find_session() is not None
