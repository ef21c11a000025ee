"""Opening of studies: from a name and a storage to an `Engine`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .. import samplers, schedulers
from ..checkpoints import Checkpoints, temporary_store
from ..samplers.base import Sampler
from ..schedulers.base import Scheduler
from ..space.space import Space
from ..storages import Storage, from_url
from ..storages.base import StudyRecord, require_complete_copy
from .engine import Engine


def open_engine(
    name: str,
    storage: str | Storage,
    space: Space | None = None,
    sampler: Sampler | str | None = None,
    scheduler: Scheduler | str | None = None,
    checkpoints: str | os.PathLike[str] | Checkpoints | None = None,
) -> Engine:
    """Open a study that exists; see `load_study` for the arguments.

    Raises:
        StudyNotFoundError: There is none of that name.
        StudyError: It is a copy that is not complete.
    """
    place = from_url(storage)
    record = place.study(name)
    require_complete_copy(record)
    chosen = choose_strategies(sampler, scheduler, record.spec)
    store = open_checkpoints(place, record, checkpoints)
    return Engine(place, record, space, *chosen, store).open(space)


def choose_strategies(
    sampler: Sampler | str | None, scheduler: Scheduler | str | None, spec: Mapping[str, Any]
) -> tuple[Sampler, Scheduler | None]:
    """The sampler and the scheduler given now, or else named when the study was created."""
    return (
        samplers.from_name(sampler or spec.get("sampler") or "Auto"),
        schedulers.from_name(scheduler or spec.get("scheduler")),
    )


def open_checkpoints(
    storage: Storage,
    record: StudyRecord,
    given: str | os.PathLike[str] | Checkpoints | None = None,
) -> Checkpoints:
    """The place of a study's checkpoints: given now, given at creation, or beside its storage."""
    if isinstance(given, Checkpoints):
        return given
    if given is not None:
        return Checkpoints(given)
    if stored := record.spec.get("checkpoints"):
        return Checkpoints(stored["url"], stored["keep"])
    if storage.folder is None:
        return temporary_store()
    return Checkpoints(f"{storage.folder}/{record.id}")
