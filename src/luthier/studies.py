"""`create_study`, `load_study` and their kin: from a name and a storage to a `Study`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import samplers, schedulers
from .errors import StudyError, StudyExistsError
from .samplers.base import Sampler
from .schedulers.base import Scheduler
from .space import Space
from .storages import Storage, from_url
from .storages.base import StudyRecord
from .study import Study


def create_study(
    name: str | None = None,
    storage: str | Storage | None = None,
    direction: str | None = None,
    directions: Sequence[str] | None = None,
    space: Space | Mapping[str, Any] | None = None,
    sampler: Sampler | str | None = None,
    scheduler: Scheduler | str | None = None,
    seed: int | None = None,
    load_if_exists: bool = False,
) -> Study:
    """Begins a search.

    Args:
        name: Its name in the storage; made up when None.
        storage: "sqlite:///file.db", a path ending in .db, a `Storage`, or None for this process's memory.
        direction: "minimize" (the default) or "maximize".
        directions: One for each of several objectives, instead of `direction`.
        space: A declared space, or a dict for one; None lets the objective's suggest calls discover it.
        sampler: What to try next, or its name; None chooses automatically.
        scheduler: When to stop a trial early, or its name; None never does.
        seed: The same seed gives the same study; drawn when None.
        load_if_exists: Go on with a study of that name instead of raising.

    Raises:
        StudyExistsError: The name is taken.
        StudyError: A direction is neither, or not the one the loaded study has.
    """
    if direction is not None and directions is not None:
        raise StudyError(f"give direction or directions, not both; got {direction!r} and {directions!r}")
    wanted = list(directions) if directions is not None else [direction or "minimize"]
    if not wanted or any(d not in ("minimize", "maximize") for d in wanted):
        raise StudyError(f"a direction is 'minimize' or 'maximize', got {wanted!r}")
    if seed is not None and (not isinstance(seed, int | np.integer) or seed < 0):
        raise StudyError(f"a seed is a whole number >= 0, got {seed!r}")
    space = Space(space) if isinstance(space, Mapping) else space
    chosen = samplers.named(sampler or "Auto"), schedulers.named(scheduler)
    place = from_url(storage)
    spec = {
        "directions": wanted,
        "seed": int(seed) if seed is not None else secrets.randbits(32),
        "space": (space or Space()).to_json(),
        "declared": space is not None,
    }
    try:
        record = place.create_study(name or f"study-{secrets.token_hex(4)}", spec)
    except StudyExistsError:
        if not load_if_exists:
            raise
        record = place.study(str(name))
        if (direction or directions) and record.spec["directions"] != wanted:
            raise StudyError(f"study {name!r} has directions {record.spec['directions']}, not {wanted}") from None
    return Study(place, record, space, *chosen)


def load_study(
    name: str,
    storage: str | Storage,
    space: Space | Mapping[str, Any] | None = None,
    sampler: Sampler | str | None = None,
    scheduler: Scheduler | str | None = None,
) -> Study:
    """Goes on with a study. Sampler and scheduler are not stored: pass them again; a new space replaces the old.

    Raises:
        StudyNotFoundError: There is none of that name.
    """
    place = from_url(storage)
    space = Space(space) if isinstance(space, Mapping) else space
    chosen = samplers.named(sampler or "Auto"), schedulers.named(scheduler)
    return Study(place, place.study(name), space, *chosen)


def delete_study(name: str, storage: str | Storage) -> None:
    """Removes a study with all its trials.

    Raises:
        StudyNotFoundError: There is none of that name.
    """
    place = from_url(storage)
    place.delete_study(place.study(name).id)


def list_studies(storage: str | Storage) -> list[StudyRecord]:
    """What studies there are, the oldest first."""
    return from_url(storage).studies()
