"""`create_study`, `load_study` and their kin: from a name and a storage to a `Study`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ..argument_names import explain_arguments
from ..checkpoints import Checkpoints
from ..errors import CheckpointError, MissingDependencyError, StudyError, StudyExistsError
from ..passwords import hide_password
from ..samplers.base import Sampler
from ..schedulers.base import Scheduler
from ..space.space import Space
from ..storages import Storage, from_url
from ..storages.base import StudyRecord, require_complete_copy, without_logs
from ..storages.files import find_missing_file, is_place
from ..storages.settings import MAX_SEED, read_settings
from ..terminal import logger
from ..trial.record import TrialRow
from ..validation import (
    MAX_NAME_CHARACTERS,
    default_names,
    is_name,
    is_text,
    show,
    to_plain_text,
)
from .checkpoint_owner import find_owner
from .engine import Engine
from .opening import choose_strategies, open_checkpoints, open_engine, require_file
from .study import Study, check_catch_as


@explain_arguments(
    {
        "directions": "objectives",
        "goal": "direction",
        "max_budget": "scheduler",
        "metric": "objectives",
        "mode": "direction",
        "param_space": "space",
        "search_alg": "sampler",
        "search_space": "space",
        "pruner": "scheduler",
        "storage_url": "storage",
        "study_name": "name",
    }
)
def create_study(  # noqa: PLR0913  (what a study is, and where it lives)
    name: str | None = None,
    storage: str | Storage | None = None,
    direction: Literal["minimize", "maximize"] | None = None,
    objectives: Mapping[str, str] | Sequence[str] | None = None,
    space: Space | Mapping[str, Any] | None = None,
    sampler: Sampler | str | None = None,
    scheduler: Scheduler | str | None = None,
    seed: int | None = None,
    load_if_exists: bool = False,
    checkpoints: str | os.PathLike[str] | Checkpoints | None = None,
    catch_as: Literal["failed", "infeasible"] | None = None,
    memory: Any = None,
    family: str | None = None,
) -> Study:
    """Create a study.

    Args:
        name: Its name in the storage; made up when None.
        storage: A URL such as "sqlite:///file.db" or "postgresql://user@host/database" (see
            `storages.from_url`), a path ending in .db, a `Storage`, or None for this process's
            memory.
        direction: "minimize" (the default) or "maximize", where there is one objective.
        objectives: Several objectives with their directions, {"accuracy": "maximize",
            "latency_ms": "minimize"}; rules and tables use the names. Or only the directions,
            ["maximize", "minimize"].
        space: A declared space, or a dict for one; None lets the objective's suggest calls discover
            it.
        sampler: What to try next, or its name; None chooses automatically.
        scheduler: Who trains how long, or its name; None trains every trial to its end.
        seed: The same seed gives the same study; drawn when None.
        load_if_exists: Go on with a study of that name instead of raising.
        checkpoints: Where trials save their checkpoints: a folder, a URL such as
            "s3://bucket/folder", or `Checkpoints(place, keep=...)`; None for a folder beside the
            storage. It is stored with the study, without a password, and other processes open it
            only where they name or allow it too: see `load_study`.
        catch_as: "infeasible" takes failures for breaches of a constraint, "crash": models learn
            where trials crash or run out of memory. "failed" (the default) does not. It is kept
            with the study; `Study.set_catch_as` changes it.
        memory: What earlier studies found out, so that this one does not begin at random: studies,
            rows (trials, or pairs of params and a value), `luthier.transfer.Task`, or "auto" for
            the finished studies of the same storage and family. See `Study.memory` for what was
            used and what was left out. A study that is loaded keeps the memory that it has.
        family: What is tuned, such as "xgboost": "auto" finds studies of the same family.

    Raises:
        StudyExistsError: The name is taken.
        StudyError: A direction is neither, or objectives are not those that the loaded study has;
            or the name is blank, or the URL or path of a storage; or memory is none.
        TaskError: Rows of an earlier study cannot be read.
    """
    directions, names = _read_objectives(direction, objectives)
    name = None if name is None else _check_new_name(name)
    _check(seed, catch_as)
    space = space if isinstance(space, Space | None) else Space(space)
    for reason in space.first_points.left_out if space else ():
        logger.warning("%s; it is left out", reason)
    chosen = choose_strategies(sampler, scheduler)
    place = from_url(storage)

    spec: dict[str, Any] = {
        "directions": directions,
        "seed": int(seed) if seed is not None else int.from_bytes(os.urandom(4)),
        "space": (space or Space()).to_json(),
        "declared": space is not None,
    }
    if isinstance(sampler, str):
        spec["sampler"] = sampler
    if isinstance(scheduler, str):
        spec["scheduler"] = scheduler
    if names:
        spec["objectives"] = names
    if catch_as:
        spec["crash"] = catch_as
    if checkpoints is not None:
        store = checkpoints if isinstance(checkpoints, Checkpoints) else Checkpoints(checkpoints)
        _check_place(store)
        store.open()
        spec["checkpoints"] = {"url": store.url, "keep": store.keep}

    if family:
        spec["family"] = _check_family(family)
    known: list[TrialRow] = []
    if memory is not None:
        from .memory import Wanted, gather_tasks, store_tasks  # its models take long to load

        wanted = Wanted(
            name,
            place,
            space or Space(),
            tuple(names or default_names(len(directions))),
            tuple(directions),
            family or "",
        )
        spec["memory"], known = store_tasks(gather_tasks(memory, wanted), wanted)

    try:
        record = place.create_study(name or f"study-{os.urandom(4).hex()}", spec)
    except StudyExistsError:
        if not load_if_exists:
            raise
        record = place.study(str(name))
        require_complete_copy(record)
        is_given = direction is not None or objectives is not None
        _require_same_objectives(record, directions if is_given else None, names)
        _require_same_catch_as(record, catch_as)
        _warn_of_another_seed(record, seed)
        _warn_of_other_memory(record, spec.get("memory"))
        known = []
        chosen = choose_strategies(sampler, scheduler, read_settings(record))
    store = open_checkpoints(place, record, checkpoints)
    study = Study(Engine(place, record, space, *chosen, store).open(space))
    if known:
        study.add_trials(known)
    return study


def _read_objectives(
    direction: str | None, objectives: Mapping[str, str] | Sequence[str] | None
) -> tuple[list[str], list[str] | None]:
    """Directions, and names where they were given."""
    if direction is not None and objectives is not None:
        raise StudyError(
            f"give one of direction and objectives, got {show(direction)} and {show(objectives)}"
        )
    is_list = isinstance(objectives, Sequence) and not isinstance(objectives, str)
    if objectives is not None and not (is_list or (isinstance(objectives, Mapping) and objectives)):
        raise StudyError(
            "objectives is a dict such as {'accuracy': 'maximize', 'latency_ms': 'minimize'}, or a "
            f"list such as ['maximize', 'minimize'], got {show(objectives)}"
        )

    names = None
    if objectives is None:
        directions = ["minimize" if direction is None else direction]
    elif isinstance(objectives, Mapping):
        names = list(objectives)
        directions = list(objectives.values())
    else:
        directions = list(objectives)

    if not directions or any(d not in ("minimize", "maximize") for d in directions):
        raise StudyError(_explain_direction(direction, directions))
    if not all(map(is_name, names or ())):
        raise StudyError(
            f"the name of an objective is valid Unicode text (no lone surrogates) of at most "
            f"{MAX_NAME_CHARACTERS:,} characters, got {names!r:.500}"
        )
    directions = [to_plain_text(d) for d in directions]
    return directions, None if names is None else [to_plain_text(n) for n in names]


def _explain_direction(direction: Any, directions: list[Any]) -> str:
    wanted = "a direction is 'minimize' or 'maximize'"
    if isinstance(direction, list | tuple):
        several = list(direction)
        shown = show(several, 200)
        return f"{wanted}, got {show(direction, 200)}; write objectives={shown} for several"
    for given in directions:
        for known in ("minimize", "maximize"):
            if isinstance(given, str) and given[:3].lower() == known[:3] and given != known:
                return f"{wanted}, got {given!r:.100}; did you mean {known!r}?"
    return f"{wanted}, got {show(directions, 200)}"


def _check_new_name(name: Any) -> str:
    """Return the name of a new study as plain text.

    Raises:
        StudyError: It is no name, but the place of a storage, or blank.
    """
    if isinstance(name, os.PathLike) or (isinstance(name, str) and is_place(name)):
        place = hide_password(os.fspath(name))
        raise StudyError(
            f"the name of a study comes first, then its storage, got {place!r} as the name, "
            f"which is a URL or a path; write create_study('my-study', storage={place!r})"
        )
    text = _check_name(name)
    if not text.strip():
        raise StudyError(
            f"a study's name is not blank, got {text!r}; leave it out, or pass None, to have one "
            "made up"
        )
    return text


def _check_old_name(name: Any, storage: Any) -> str:
    """Return the name of a study that exists as plain text.

    Raises:
        StudyError: It is no name, or it and the storage were exchanged.
    """
    is_exchanged = isinstance(storage, str) and not is_place(storage)
    if is_exchanged and isinstance(name, str | os.PathLike) and is_place(str(name)):
        raise StudyError(
            "the name of a study comes first, then its storage, got the name "
            f"{hide_password(str(name))!r} and the storage {storage!r}; exchange them"
        )
    return _check_name(name)


def _check_family(family: Any) -> str:
    """Return a family.

    Raises:
        StudyError: It is no text.
    """
    if not isinstance(family, str) or not is_text(family):
        raise StudyError(f"a family is a text such as 'xgboost', got {show(family)}")
    return family


def _check_name(name: Any) -> str:
    if not is_text(name):
        raise StudyError(
            f"a study's name is valid Unicode text (no lone surrogates), got {show(name)}"
        )
    return to_plain_text(name)


def _check_place(store: Checkpoints) -> None:
    if not is_text(store.url):
        raise StudyError(
            "the place of checkpoints is stored with the study, so it has no lone surrogates, got "
            f"{show(store.url)}"
        )


def _check(seed: Any, catch_as: Any) -> None:
    is_whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if seed is not None and not (is_whole and 0 <= seed < MAX_SEED):
        raise StudyError(f"a seed is a whole number from 0 to 2**128 - 1, got {show(seed)}")
    if catch_as is not None:
        check_catch_as(catch_as)


def _require_same_objectives(
    record: StudyRecord, directions: list[str] | None, names: list[str] | None
) -> None:
    settings = read_settings(record)
    stored = list(settings.directions)
    if directions is not None and stored != directions:
        raise StudyError(f"study {record.name!r} has directions {stored}, not {directions}")
    known = list(settings.objectives)
    if names and known != names:
        raise StudyError(f"study {record.name!r} has objectives {known}, not {names}")


def _warn_of_another_seed(record: StudyRecord, seed: int | None) -> None:
    stored = read_settings(record).seed
    if seed is not None and stored != seed:
        logger.warning(
            "study %r keeps the seed with which it was created, %d; seed=%d changes nothing",
            record.name,
            stored,
            seed,
        )


def _warn_of_other_memory(record: StudyRecord, memory: dict[str, Any] | None) -> None:
    if memory and memory["tasks"] and not read_settings(record).memory.tasks:
        logger.warning(
            "study %r was created without memory; memory=... changes nothing now", record.name
        )


def _require_same_catch_as(record: StudyRecord, catch_as: str | None) -> None:
    stored = read_settings(record).catch_as
    if catch_as and stored != catch_as:
        raise StudyError(
            f"study {record.name!r} takes failures as {stored}, not {catch_as}; "
            "study.set_catch_as(...) changes that"
        )


@explain_arguments({"pruner": "scheduler", "study_name": "name"})
def load_study(
    name: str,
    storage: str | Storage,
    space: Space | Mapping[str, Any] | None = None,
    sampler: Sampler | str | None = None,
    scheduler: Scheduler | str | None = None,
    checkpoints: str | os.PathLike[str] | Checkpoints | None = None,
) -> Study:
    """Load a study, to go on with it.

    Where sampler and scheduler were given by name when it was created, those are the default;
    others are not stored, so pass them again. A new space replaces the old. So does another place
    for checkpoints; those made before are then looked for there.

    A place for checkpoints that is stored with the study is shown, and not opened: pass it as
    `checkpoints`, or set LUTHIER_CHECKPOINTS_ALLOW to folders and URLs, separated by commas, below
    which such places are opened. Without either everything but checkpoints can be read.

    Raises:
        StudyNotFoundError: There is none of that name, or no such file; none is made.
    """
    space = space if isinstance(space, Space | None) else Space(space)
    name = _check_old_name(name, storage)
    return Study(open_engine(name, storage, space, sampler, scheduler, checkpoints))


@explain_arguments({"study_name": "name"})
def delete_study(
    name: str,
    storage: str | Storage,
    checkpoints: str | os.PathLike[str] | Checkpoints | None = None,
) -> None:
    """Delete a study with all its trials and its checkpoints.

    Checkpoints in a place that cannot be opened, or may not unasked (see `load_study`), are left
    there, with a warning.

    Raises:
        StudyNotFoundError: There is none of that name.
    """
    name = _check_old_name(name, storage)
    require_file(storage)
    place = from_url(storage)
    record = place.study(name)
    store = open_checkpoints(place, record, checkpoints).belonging_to(find_owner(place, record))
    rows: Sequence[TrialRow] = ()
    with _warn_of_checkpoints_left(store, record) as is_open:
        rows = place.rows(record.id) if store.has_unmarked_files() else ()
    place.delete_study(record.id)
    if is_open:
        with _warn_of_checkpoints_left(store, record):
            store.clear(r for row in rows for r in row.checkpoints)


@contextlib.contextmanager
def _warn_of_checkpoints_left(store: Checkpoints, record: StudyRecord) -> Iterator[list[bool]]:
    """Warn where a place of checkpoints cannot be opened; what is yielded is then empty."""
    is_open = [True]
    try:
        yield is_open
    except (CheckpointError, MissingDependencyError) as e:
        is_open.clear()
        logger.warning("checkpoints of study %r are left in %r: %s", record.name, store.url, e)


def list_studies(storage: str | Storage) -> list[StudyRecord]:
    """List the studies of a storage, the oldest first; none where its file does not exist."""
    if find_missing_file(storage) is not None:
        return []
    return without_logs(from_url(storage).studies())
