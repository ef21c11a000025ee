"""Signs of life of running trials, and what becomes of those whose workers are silent."""

from __future__ import annotations

import abc
import contextlib
import copy
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..exceptions import UpdateFinishedTrialError
from ..marks import deprecated_func, experimental_func
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState
from .base import BaseStorage

if TYPE_CHECKING:
    from ..study.shape import StudyLike

Callback = Callable[["StudyLike", FrozenTrial], None]


class BaseHeartbeat(abc.ABC):
    """What a storage has that notes signs of life."""

    @abc.abstractmethod
    def record_heartbeat(self, trial_id: int) -> None:
        """Note that a trial's worker lives."""

    @abc.abstractmethod
    def _get_stale_trial_ids(self, study_id: int) -> list[int]:
        """Return the running trials whose workers are silent."""

    def stale_trial_ids(self, study_id: int) -> list[int]:
        """Return the running trials whose workers are silent."""
        return self._get_stale_trial_ids(study_id)

    @abc.abstractmethod
    def get_heartbeat_interval(self) -> int | None:
        """Return after how many seconds a worker gives a sign of life; None for never."""

    @abc.abstractmethod
    def get_heartbeat_stale_trial_callback(self) -> Callback | None:
        """Return what is called with the study and a trial whose worker is silent."""

    @deprecated_func("4.9.0", "6.0.0", text="Use `get_heartbeat_stale_trial_callback` instead.")
    def get_failed_trial_callback(self) -> Callback | None:
        """Return what is called: an older name."""
        return self.get_heartbeat_stale_trial_callback()


def is_heartbeat_enabled(storage: BaseStorage) -> bool:
    """Whether workers of a storage give signs of life."""
    interval = getattr(storage, "get_heartbeat_interval", None)
    return interval is not None and interval() is not None


@contextlib.contextmanager
def beating(trial_id: int, storage: Any) -> Iterator[None]:
    """Give signs of life for a trial, in a thread, while the block runs."""
    if not is_heartbeat_enabled(storage):
        yield
        return
    over = threading.Event()

    def beat() -> None:
        while True:
            storage.record_heartbeat(trial_id)
            if over.wait(timeout=storage.get_heartbeat_interval()):
                return

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def end_stale_trials(study: StudyLike) -> None:
    """Fail the trials whose workers are silent, and call the storage's callback with each."""
    storage = study.storage
    if not is_heartbeat_enabled(storage) or not isinstance(storage, BaseHeartbeat):
        return
    failed = []
    for trial_id in storage.stale_trial_ids(study.study_id):
        with contextlib.suppress(UpdateFinishedTrialError):
            if storage.set_trial_state_values(trial_id, state=TrialState.FAIL):
                failed.append(trial_id)
    callback = storage.get_heartbeat_stale_trial_callback()
    for trial_id in failed if callback is not None else ():
        assert callback is not None
        callback(study, copy.deepcopy(storage.get_trial(trial_id)))


@experimental_func("2.9.0")
def fail_stale_trials(study: StudyLike) -> None:
    """Fail the trials whose workers are silent, and call the storage's callback with each."""
    end_stale_trials(study)
