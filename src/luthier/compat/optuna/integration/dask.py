"""A storage that lives on the scheduler of a Dask cluster."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator
from typing import Any

from distributed import Client, get_client

from ..marks import experimental_class
from ..storages import get_storage
from ..storages.base import BaseStorage

_PLACE = "optuna"  # among the scheduler's extensions


def _run(
    name: str,
    url: BaseStorage | str | None,
    verb: str | None,
    args: tuple[Any, ...],
    named: dict[str, Any],
    dask_scheduler: Any,
) -> Any:
    """On the scheduler: run a verb of a storage, which is made at its first one."""
    storages: dict[str, BaseStorage] = dask_scheduler.extensions.setdefault(_PLACE, {})
    if name not in storages:
        storages[name] = get_storage(url)
    return storages[name] if verb is None else getattr(storages[name], verb)(*args, **named)


def _sent(verb: str) -> Callable[..., Any]:
    """A verb that is run on the scheduler."""

    def run(self: DaskStorage, *args: Any, **named: Any) -> Any:
        return self.send(verb, args, named)

    run.__name__ = verb
    run.__doc__ = f"See `BaseStorage.{verb}`."
    return run


@experimental_class("3.1.0")
class DaskStorage(BaseStorage):
    """Studies on a Dask cluster's scheduler, which the tasks of the cluster share.

    Args:
        storage: A storage or the URL of one that the scheduler opens; None for its memory.
        name: Of the storage on the scheduler; None for a new one.
        client: The cluster; None for the client of this process or task.
        register: Whether the scheduler opens it at once.

    Raises:
        ValueError: There is no client.
    """

    def __init__(
        self,
        storage: BaseStorage | str | None = None,
        name: str | None = None,
        client: Client | None = None,
        register: bool = True,
    ) -> None:
        self.name = name or f"dask-storage-{uuid.uuid4().hex}"
        self._url = storage
        self._client = client
        self._opened = None
        if register:
            self._opened = self.send("remove_session", (), {})  # asynchronous clients await it

    def __await__(self) -> Generator[Any, None, DaskStorage]:
        if self._opened is not None:
            yield from self._opened.__await__()
        return self

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_client": None, "_opened": None}

    @property
    def client(self) -> Client:
        """The cluster."""
        return self._client or get_client()

    def send(self, verb: str | None, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Run a verb of the storage on the scheduler; None for the storage itself."""
        run = self.client.run_on_scheduler
        return run(_run, self.name, self._url, verb, args, named)

    def get_base_storage(self) -> Any:
        """Return a copy of the storage on the scheduler."""
        return self.send(None, (), {})

    create_new_study = _sent("create_new_study")
    delete_study = _sent("delete_study")
    set_study_user_attr = _sent("set_study_user_attr")
    set_study_system_attr = _sent("set_study_system_attr")
    get_study_id_from_name = _sent("get_study_id_from_name")
    get_study_name_from_id = _sent("get_study_name_from_id")
    get_study_directions = _sent("get_study_directions")
    get_study_user_attrs = _sent("get_study_user_attrs")
    get_study_system_attrs = _sent("get_study_system_attrs")
    get_all_studies = _sent("get_all_studies")
    create_new_trial = _sent("create_new_trial")
    set_trial_param = _sent("set_trial_param")
    set_trial_state_values = _sent("set_trial_state_values")
    set_trial_intermediate_value = _sent("set_trial_intermediate_value")
    set_trial_user_attr = _sent("set_trial_user_attr")
    set_trial_system_attr = _sent("set_trial_system_attr")
    get_trial = _sent("get_trial")
    get_all_trials = _sent("get_all_trials")
    get_best_trial = _sent("get_best_trial")
    get_n_trials = _sent("get_n_trials")
    get_trial_id_from_study_id_trial_number = _sent("get_trial_id_from_study_id_trial_number")
