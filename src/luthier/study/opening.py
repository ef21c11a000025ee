"""Opening of studies: from a name and a storage to an `Engine`."""

from __future__ import annotations

import contextlib
import os
from weakref import WeakKeyDictionary, WeakValueDictionary

import msgspec

from .. import samplers, schedulers
from ..checkpoints import Checkpoints, temporary_store
from ..checkpoints.places import ALLOWED, allowed_places, find_allowed
from ..checkpoints.store import Keep, unnamed_store
from ..errors import StudyNotFoundError, find_closest
from ..passwords import hide_password, hide_passwords
from ..samplers.base import Sampler
from ..schedulers.base import Scheduler
from ..space.space import Space
from ..storages import Storage, from_url
from ..storages.base import StudyRecord, require_complete_copy
from ..storages.files import ENDINGS, find_missing_file
from ..storages.settings import Settings, read_settings
from ..storages.wrapper import innermost
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
    require_file(storage)
    place = from_url(storage)
    record = place.study(name)
    require_complete_copy(record)
    chosen = choose_strategies(sampler, scheduler, read_settings(record))
    store = open_checkpoints(place, record, checkpoints)
    return Engine(place, record, space, *chosen, store).open(space)


def require_file(
    storage: str | os.PathLike[str] | Storage,
    advice: str = "create_study(...) begins a study there",
) -> None:
    """Refuse the URL or path of an SQLite file that does not exist, which is not made.

    Args:
        storage: The URL or path; any other storage passes.
        advice: What to do, for the message.

    Raises:
        StudyNotFoundError: There is no such file.
    """
    file = find_missing_file(storage)
    if file is None:
        return
    with contextlib.suppress(OSError):
        names = [path.name for path in file.parent.iterdir() if path.name.endswith(ENDINGS)]
        if near := find_closest(file.name, names):
            advice = f"did you mean {near!r}? {advice}"
    raise StudyNotFoundError(f"there is no file {hide_password(str(file))}; {advice}")


def choose_strategies(
    sampler: Sampler | str | None, scheduler: Scheduler | str | None, stored: Settings | None = None
) -> tuple[Sampler, Scheduler | None]:
    """The sampler and the scheduler given now, or else named when the study was created."""
    return (
        samplers.from_name(sampler or (stored.sampler if stored else None) or "Auto"),
        schedulers.from_name(scheduler or (stored.scheduler if stored else None)),
    )


class StoredPlace(msgspec.Struct, frozen=True):
    """The place of a study's checkpoints as it is stored, and never opened unasked.

    Attributes:
        url: A folder or URL, without a password.
        keep: What the study deletes there.
    """

    url: str
    keep: Keep = "best"


def stored_place(record: StudyRecord) -> StoredPlace | None:
    """The place that is stored with a study; None where it keeps its checkpoints by its storage."""
    stored = record.spec.get("checkpoints")
    if not stored:
        return None
    try:
        place = msgspec.convert(stored, StoredPlace)
    except msgspec.ValidationError:
        shown = hide_passwords(f"{stored!r:.200}")
        return StoredPlace(shown, "all")  # which is no place, and is only shown
    return StoredPlace(hide_password(place.url), place.keep)


# (name of a study, its place) -> the store that somebody in this process has named for it
_named: dict[tuple[str, str], Checkpoints] = {}


# the storage -> ids of studies -> their temporary checkpoints, for as long as somebody uses them
_temporary: WeakKeyDictionary[Storage, WeakValueDictionary[int, Checkpoints]] = WeakKeyDictionary()


def _share_temporary(storage: Storage, study: int) -> Checkpoints:
    """The temporary checkpoints of a study, the same for all of this process that open it."""
    stores = _temporary.setdefault(innermost(storage), WeakValueDictionary())
    found = stores.get(study) or temporary_store()
    stores[study] = found
    return found


def open_checkpoints(
    storage: Storage,
    record: StudyRecord,
    given: str | os.PathLike[str] | Checkpoints | None = None,
) -> Checkpoints:
    """The place of a study's checkpoints: given now or earlier in this process, or by its storage.

    One that is stored with the study is opened only where it is below what the environment allows
    or the storage has for checkpoints.
    """
    stored = stored_place(record)
    if given is not None:
        keep = "best" if stored is None else stored.keep
        store = given if isinstance(given, Checkpoints) else Checkpoints(given, keep)
        _named[record.name, store.url] = store
        return store
    if stored is None and storage.folder is None:
        return _share_temporary(storage, record.id)
    if stored is None:
        return Checkpoints(f"{storage.folder}/{record.id}")
    if (named := _named.get((record.name, stored.url))) is not None:
        return named
    beside = [] if storage.folder is None else [storage.folder]
    if (address := find_allowed(stored.url, [*beside, *allowed_places()])) is not None:
        return Checkpoints(address, stored.keep)
    return unnamed_store(
        stored.url,
        stored.keep,
        f"study {record.name!r} keeps its checkpoints in {stored.url!r:.300}, which is stored with "
        "it and not opened unasked. If you know that place, name it: load_study(checkpoints=...), "
        f"luthier run or worker --checkpoints ..., or {ALLOWED} with it or a place above it",
    )
