"""Making, finding, copying and removing studies."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Literal

from ..exceptions import DuplicatedStudyError
from ..logging import get_logger
from ..marks import taken_by_position
from ..pruners.base import BasePruner
from ..samplers.base import BaseSampler
from ..storages.base import BaseStorage, find_best
from ..storages.opening import get_storage
from ..trial.state import TrialState
from .direction import StudyDirection
from .records import StudySummary
from .search import Study, refuse_others

_logger = get_logger("optuna.study")

Direction = Literal["minimize", "maximize"] | StudyDirection


def _read_directions(direction: Any, directions: Any) -> list[StudyDirection]:
    if direction is not None and directions is not None:
        raise ValueError("Specify only one of `direction` and `directions`.")
    if direction is not None and isinstance(direction, Sequence) and not isinstance(direction, str):
        raise ValueError(
            "Use `directions` instead of `direction` for multi-objective optimization."
        )
    given = [direction or "minimize"] if directions is None else list(directions)
    if not given:
        raise ValueError("The number of objectives must be greater than 0.")
    words: dict[Any, StudyDirection] = {
        "minimize": StudyDirection.MINIMIZE,
        "maximize": StudyDirection.MAXIMIZE,
        StudyDirection.MINIMIZE: StudyDirection.MINIMIZE,
        StudyDirection.MAXIMIZE: StudyDirection.MAXIMIZE,
    }
    if any(not isinstance(d, str | StudyDirection) or d not in words for d in given):
        raise ValueError(
            f"`directions` must be a list of `minimize` or `maximize`, but got {given}. For "
            "single-objective optimization, please use `direction` instead of `directions`."
        )
    return [words[d] for d in given]


@taken_by_position(["storage", "sampler", "pruner", "study_name", "direction", "load_if_exists"])
def create_study(
    *,
    storage: str | BaseStorage | None = None,
    sampler: BaseSampler | None = None,
    pruner: BasePruner | None = None,
    study_name: str | None = None,
    direction: Direction | None = None,
    load_if_exists: bool = False,
    directions: Sequence[Direction] | None = None,
) -> Study:
    """Make a study.

    Args:
        storage: A URL or a storage; None for this process's memory.
        sampler: What to try next; None for luthier's automatic choice.
        pruner: When trials end early; None for `MedianPruner`.
        study_name: Its name; None for one that is made up.
        direction: "minimize" or "maximize".
        load_if_exists: Whether a study of that name is loaded.
        directions: One for each objective, where there are several.

    Raises:
        DuplicatedStudyError: There is one of that name.
        ValueError: A direction is none.
    """
    found = _read_directions(direction, directions)
    refuse_others(sampler, pruner, storage)
    home = get_storage(storage)
    try:
        study_id = home.create_new_study(found, study_name)
    except DuplicatedStudyError:
        if not load_if_exists:
            raise DuplicatedStudyError(
                f"Another study with study_name={study_name!r} already exists. Please specify a "
                "name not in the storage, or reuse the existing one by setting `load_if_exists` "
                "(for Python API) or `--skip-if-exists` flag (for CLI).\n"
                "Use `optuna.study.get_all_study_names(storage)` to list all the used names."
            ) from None
        assert study_name is not None
        _logger.info(f"Using an existing study with {study_name=} instead of creating a new one.")
        study_id = home.get_study_id_from_name(study_name)
    name = home.get_study_name_from_id(study_id)
    return Study(study_name=name, storage=home, sampler=sampler, pruner=pruner)


@taken_by_position(["study_name", "storage", "sampler", "pruner"])
def load_study(
    *,
    study_name: str | None,
    storage: str | BaseStorage,
    sampler: BaseSampler | None = None,
    pruner: BasePruner | None = None,
) -> Study:
    """Load a study.

    Args:
        study_name: Its name; None where the storage has one study only.
        storage: A URL or a storage.
        sampler: What to try next; None for luthier's automatic choice.
        pruner: When trials end early; None for `MedianPruner`.

    Raises:
        KeyError: There is none of that name.
        ValueError: No name was given, and there is not exactly one study.
    """
    if study_name is None:
        names = get_all_study_names(storage)
        if len(names) != 1:
            raise ValueError(
                f"Could not determine the study name since the {storage=} does not contain "
                f"exactly 1 study. Specify `study_name` from study_names={names!r}."
            )
        study_name = names[0]
        _logger.info(
            f"Study name was omitted but trying to load {study_name=} because that was the only "
            "study found in the storage."
        )
    return Study(study_name=study_name, storage=storage, sampler=sampler, pruner=pruner)


@taken_by_position(["study_name", "storage"])
def delete_study(*, study_name: str, storage: str | BaseStorage) -> None:
    """Remove a study with its trials.

    Raises:
        KeyError: There is none of that name.
    """
    home = get_storage(storage)
    home.delete_study(home.get_study_id_from_name(study_name))


@taken_by_position(["from_study_name", "from_storage", "to_storage", "to_study_name"])
def copy_study(
    *,
    from_study_name: str,
    from_storage: str | BaseStorage,
    to_storage: str | BaseStorage,
    to_study_name: str | None = None,
) -> None:
    """Copy a study with its trials.

    Raises:
        DuplicatedStudyError: The new name is taken.
        KeyError: There is no study of the old name.
    """
    old = load_study(study_name=from_study_name, storage=from_storage)
    new = create_study(
        study_name=to_study_name or from_study_name,
        storage=to_storage,
        directions=old.directions,
    )
    attrs = old.storage.get_study_system_attrs(old.study_id)
    for key, value in attrs.items():
        new.storage.set_study_system_attr(new.study_id, key, value)
    for key, value in old.user_attrs.items():
        new.set_user_attr(key, value)
    for trial in old.get_trials(deepcopy=False):
        new.storage.create_new_trial(new.study_id, template_trial=trial)


def get_all_study_summaries(
    storage: str | BaseStorage, include_best_trial: bool = True
) -> list[StudySummary]:
    """Return a summary of each study in a storage, the oldest first.

    Args:
        storage: A URL or a storage.
        include_best_trial: Whether summaries have the best trial, where there is one objective.
    """
    home = get_storage(storage)
    summaries = []
    for record in home.get_all_studies():
        trials = home.get_all_trials(record.study_id, deepcopy=False)
        complete = [t for t in trials if t.state is TrialState.COMPLETE]
        best = None
        if include_best_trial and complete and len(record.directions) == 1:
            best = copy.deepcopy(find_best(complete, record.directions))
        summaries.append(
            StudySummary(
                study_name=record.study_name,
                direction=None,
                best_trial=best,
                user_attrs=record.user_attrs,
                n_trials=len(trials),
                datetime_start=min(
                    (t.datetime_start for t in trials if t.datetime_start), default=None
                ),
                study_id=record.study_id,
                directions=record.directions,
            )
        )
    return summaries


def get_all_study_names(storage: str | BaseStorage) -> list[str]:
    """Return the names of the studies in a storage, the oldest first."""
    return [record.study_name for record in get_storage(storage).get_all_studies()]
