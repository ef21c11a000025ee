"""`create_study`, `load_study` and their kin: from a name and a storage to a `Study`."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from .. import samplers, schedulers
from ..checkpoints import Checkpoints, temporary
from ..errors import StudyError, StudyExistsError
from ..samplers.base import Sampler
from ..schedulers.base import Scheduler
from ..space.space import Space
from ..storages import Storage, from_url
from ..storages.base import StudyRecord, require_complete_copy
from ..validation import default_names, is_name
from .study import Study


def create_study(
    name: str | None = None,
    storage: str | Storage | None = None,
    direction: str | None = None,
    directions: Sequence[str] | None = None,
    objectives: Mapping[str, str] | None = None,
    space: Space | Mapping[str, Any] | None = None,
    sampler: Sampler | str | None = None,
    scheduler: Scheduler | str | None = None,
    seed: int | None = None,
    load_if_exists: bool = False,
    checkpoints: str | os.PathLike[str] | Checkpoints | None = None,
    catch_as: Literal["failed", "infeasible"] | None = None,
) -> Study:
    """Begins a search.

    Args:
        name: Its name in the storage; made up when None.
        storage: A URL such as "sqlite:///file.db" or "postgresql://user@host/database" (see
            `storages.from_url`), a path ending in .db, a `Storage`, or None for this process's
            memory.
        direction: "minimize" (the default) or "maximize".
        directions: One for each of several objectives, instead of `direction`.
        objectives: The same with names, which rules and tables use: {"accuracy": "maximize",
            "latency_ms": "minimize"}.
        space: A declared space, or a dict for one; None lets the objective's suggest calls discover
            it.
        sampler: What to try next, or its name; None chooses automatically.
        scheduler: Who trains how long, or its name; None trains every trial to its end.
        seed: The same seed gives the same study; drawn when None.
        load_if_exists: Go on with a study of that name instead of raising.
        checkpoints: Where trials leave what they can go on from: a folder, a URL such as
            "s3://bucket/folder", or `Checkpoints(place, keep=...)`; None for a folder beside the
            storage.
        catch_as: "infeasible" takes trials that fail for the breach of a constraint; see
            `Study.optimize`.

    Raises:
        StudyExistsError: The name is taken.
        StudyError: A direction is neither, or objectives are not those that the loaded study has.
    """
    wanted, names = _aims(direction, directions, objectives)
    if seed is not None and (not isinstance(seed, int | np.integer) or seed < 0):
        raise StudyError(f"a seed is a whole number >= 0, got {seed!r}")
    if name is not None and (
        not isinstance(name, str) or name.encode(errors="ignore").decode() != name
    ):
        raise StudyError(f"a study's name is text without halves of characters, got {name!r}")
    space = Space(space) if isinstance(space, Mapping) else space
    chosen = named(sampler, scheduler, {})
    place = from_url(storage)
    spec = {
        "directions": wanted,
        "seed": int(seed) if seed is not None else secrets.randbits(32),
        "space": (space or Space()).to_json(),
        "declared": space is not None,
    }
    spec |= {
        k: v for k, v in (("sampler", sampler), ("scheduler", scheduler)) if isinstance(v, str)
    }
    spec |= {"objectives": names} if names else {}
    if catch_as not in (None, "failed", "infeasible"):
        raise StudyError(f"catch_as is 'failed' or 'infeasible', got {catch_as!r}")
    spec |= {"crash": catch_as} if catch_as else {}
    if checkpoints is not None:
        store = checkpoints if isinstance(checkpoints, Checkpoints) else Checkpoints(checkpoints)
        spec["checkpoints"] = {"url": store.url, "keep": store.keep}
    try:
        record = place.create_study(name or f"study-{secrets.token_hex(4)}", spec)
    except StudyExistsError:
        if not load_if_exists:
            raise
        record = place.study(str(name))
        require_complete_copy(record)
        if (direction or directions or objectives) and record.spec["directions"] != wanted:
            raise StudyError(
                f"study {name!r} has directions {record.spec['directions']}, not {wanted}"
            ) from None
        known = list(record.spec.get("objectives") or default_names(len(wanted)))
        if names and known != names:
            raise StudyError(f"study {name!r} has objectives {known}, not {names}") from None
        if catch_as and record.spec.get("crash", "failed") != catch_as:
            raise StudyError(
                f"study {name!r} takes failures as {record.spec.get('crash', 'failed')}, not "
                f"{catch_as}; "
                "optimize(catch_as=...) changes that"
            ) from None
        chosen = named(sampler, scheduler, record.spec)
    return Study(place, record, space, *chosen, kept(place, record, checkpoints))


def _aims(
    direction: str | None, directions: Sequence[str] | None, objectives: Mapping[str, str] | None
) -> tuple[list[str], list[str] | None]:
    """Directions, and names where they were given."""
    given = [x for x in (direction, directions, objectives) if x is not None]
    if len(given) > 1:
        raise StudyError(
            "give one of direction, directions and objectives, got "
            f"{' and '.join(map(repr, given))}"
        )
    listed = directions is None or (
        isinstance(directions, Sequence) and not isinstance(directions, str)
    )
    if not listed or not (objectives is None or (isinstance(objectives, Mapping) and objectives)):
        raise StudyError(
            "directions is a list such as ['minimize', 'maximize'], objectives a dict such as "
            f"{{'accuracy': 'maximize'}}, got {given[0]!r}"
        )
    names = None if objectives is None else list(objectives)
    wanted = (
        ["minimize" if direction is None else direction] if directions is None else list(directions)
    )
    wanted = wanted if objectives is None else list(objectives.values())
    if not wanted or any(d not in ("minimize", "maximize") for d in wanted):
        raise StudyError(f"a direction is 'minimize' or 'maximize', got {wanted!r}")
    if not all(map(is_name, names or ())):
        raise StudyError(
            f"the name of an objective is text, without halves of characters, got {names!r}"
        )
    return wanted, names


def load_study(
    name: str,
    storage: str | Storage,
    space: Space | Mapping[str, Any] | None = None,
    sampler: Sampler | str | None = None,
    scheduler: Scheduler | str | None = None,
    checkpoints: str | os.PathLike[str] | Checkpoints | None = None,
) -> Study:
    """Goes on with a study.

    Where sampler and scheduler were given by name when it was created, those are the default;
    others are not stored, so pass them again. A new space replaces the old. So does another place
    for checkpoints; those made before are then looked for there.

    Raises:
        StudyNotFoundError: There is none of that name.
    """
    place = from_url(storage)
    space = Space(space) if isinstance(space, Mapping) else space
    record = place.study(name)
    require_complete_copy(record)
    chosen = named(sampler, scheduler, record.spec)
    return Study(place, record, space, *chosen, kept(place, record, checkpoints))


def named(
    sampler: Sampler | str | None, scheduler: Scheduler | str | None, spec: Mapping[str, Any]
) -> tuple[Sampler, Scheduler | None]:
    """A sampler and a scheduler from what was given now, or when the study with this spec was created."""
    return (
        samplers.named(sampler or spec.get("sampler") or "Auto"),
        schedulers.named(scheduler or spec.get("scheduler")),
    )


def kept(
    storage: Storage, record: StudyRecord, given: str | os.PathLike[str] | Checkpoints | None = None
) -> Checkpoints:
    """Where the checkpoints of a study are.

    Where it is told now, where it was told once, or beside its storage.
    """
    if isinstance(given, Checkpoints):
        return given
    if given is not None:
        return Checkpoints(given)
    if told := record.spec.get("checkpoints"):
        return Checkpoints(told["url"], told["keep"])
    if storage.folder is None:
        return temporary()
    return Checkpoints(f"{storage.folder}/{record.id}")


def delete_study(name: str, storage: str | Storage) -> None:
    """Removes a study with all its trials.

    Raises:
        StudyNotFoundError: There is none of that name.
    """
    place = from_url(storage)
    record = place.study(name)
    store = kept(place, record)
    place.delete_study(record.id)
    store.delete(store.files())


def list_studies(storage: str | Storage) -> list[StudyRecord]:
    """What studies there are, the oldest first."""
    return from_url(storage).studies()
