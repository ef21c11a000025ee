"""Copies of studies from Optuna's databases and journals to luthier's storages, and back."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from typing import Any

from ...errors import StudyNotFoundError
from ...passwords import hide_password
from ...space.distributions import Categorical, Distribution, Float, Int
from ...space.space import Space
from ...storages.base import Storage
from ...study.create import create_study
from ...study.study import Study
from ...trial.record import State, TrialRow
from ..remarks import refuse
from .distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    to_luthier,
)
from .samplers.seen_trials import STATES, widen
from .storages.base import BaseStorage
from .storages.journal.file import JournalFileBackend
from .storages.journal.storage import JournalStorage
from .storages.relational.storage import RDBStorage
from .study.direction import StudyDirection
from .study.records import FrozenStudy
from .study.search import METRIC_NAMES_KEY
from .trial.frozen import FrozenTrial
from .trial.result_constraints import CONSTRAINTS_KEY
from .trial.state import TrialState

_BACK = {ours: theirs for theirs, ours in STATES.items()} | {State.PAUSED: TrialState.WAITING}
_RAN = "it was running when the study was copied from Optuna"
_FAILED = "it failed in Optuna, which stores no reason"


def open_optuna(place: str, create: bool = False) -> BaseStorage:
    """Open a database by its URL, or a journal by its path.

    Args:
        place: Such as "sqlite:///optuna.db" or "journal.log".
        create: Whether it is made where it does not exist.

    Raises:
        StudyNotFoundError: There is none.
    """
    if "://" not in place:
        if not create and not os.path.exists(place):
            raise StudyNotFoundError(f"there is no journal {place!r}")
        return JournalStorage(JournalFileBackend(place))
    file = place.removeprefix("sqlite:///")
    if not create and file != place and not os.path.exists(file.partition("?")[0]):
        raise StudyNotFoundError(f"there is no database {hide_password(place)!r}")
    return RDBStorage(place)


def copy_from_optuna(
    source: BaseStorage, target: Storage, names: Sequence[str] = ()
) -> list[tuple[str, int]]:
    """Copy studies of Optuna, with states, values, params, reports, notes and times.

    A trial that runs fails in the copy. User attributes are tags. The space has every parameter
    that a trial had, as wide as trials had it.

    Args:
        source: Optuna's storage.
        target: luthier's.
        names: Which studies; all where empty.

    Returns:
        The name of each study and its number of trials.

    Raises:
        StudyNotFoundError: There is none of a name.
        StudyExistsError: The target has one of that name.
    """
    records = {record.study_name: record for record in source.get_all_studies()}
    for name in names:
        if name not in records:
            raise StudyNotFoundError(f"no study {name!r}; there are {list(records)}")
    return [_copy_one(source, target, records[name]) for name in names or records]


def _copy_one(source: BaseStorage, target: Storage, record: FrozenStudy) -> tuple[str, int]:
    trials = source.get_all_trials(record.study_id, deepcopy=False)
    words = ["maximize" if d == StudyDirection.MAXIMIZE else "minimize" for d in record.directions]
    names = record.system_attrs.get(METRIC_NAMES_KEY)
    objectives: Any = dict(zip(names, words, strict=True)) if names else words
    study = create_study(
        name=record.study_name,
        storage=target,
        objectives=objectives,
        space=_space_of(trials),
    )
    study.add_trials([_to_row(trial) for trial in trials])
    return record.study_name, len(trials)


def _space_of(trials: Sequence[FrozenTrial]) -> Space | None:
    known: dict[str, BaseDistribution] = {}
    for trial in trials:
        for name, d in trial.distributions.items():
            known[name] = widen(known[name], d) if name in known else d
    params: dict[str, Distribution] = {
        name: Categorical(d.choices) if isinstance(d, CategoricalDistribution) else to_luthier(d)
        for name, d in known.items()
    }
    return Space(params) if params else None


def _to_row(trial: FrozenTrial) -> TrialRow:
    state = STATES[trial.state]
    error = None
    if state is State.RUNNING:
        state, error = State.FAILED, _RAN
    elif state is State.FAILED:
        error = _FAILED
    start, end = trial.datetime_start, trial.datetime_complete
    tags = dict(trial.user_attrs)
    params = trial.params or trial.system_attrs.get("fixed_params", {})
    return TrialRow(
        number=trial.number,
        state=state,
        params=dict(params),
        values=None if trial.values is None else tuple(trial.values),
        reports=tuple((float(s), v) for s, v in sorted(trial.intermediate_values.items())),
        tags=tags,
        error=error,
        started_s=None if start is None else start.timestamp(),
        finished_s=None if end is None else end.timestamp(),
        constraints=trial.constraints,
    )


def copy_to_optuna(study: Study, target: BaseStorage) -> int:
    """Copy a study of luthier to a storage of Optuna, and return its number of trials.

    Tags are user attributes. A trial that is paused or runs waits in the copy.

    Args:
        study: The study.
        target: Optuna's storage.

    Raises:
        DuplicatedStudyError: The target has a study of that name.
    """
    directions = [
        StudyDirection.MAXIMIZE if d == "maximize" else StudyDirection.MINIMIZE
        for d in study.directions
    ]
    study_id = target.create_new_study(directions, study.name)
    if len(study.objectives) > 1:
        target.set_study_system_attr(study_id, METRIC_NAMES_KEY, list(study.objectives))
    dists = {name: _back(d) for name, d in study.engine.space.params.items()}
    rows = study.trials
    for row in rows:
        target.create_new_trial(study_id, _to_frozen(row, dists))
    return len(rows)


def _back(dist: Distribution) -> BaseDistribution:
    if isinstance(dist, Float):
        return FloatDistribution(dist.low, dist.high, dist.scale == "log", dist.step)
    if isinstance(dist, Int):
        is_log = dist.scale == "log" and dist.step == 1
        return IntDistribution(dist.low, dist.high, is_log, dist.step)
    if isinstance(dist, Categorical):
        return CategoricalDistribution(dist.choices)
    raise refuse(f"{type(dist).__name__} in Optuna", "Give the parameter bounds: Float(low, high).")


def _to_frozen(row: TrialRow, dists: dict[str, BaseDistribution]) -> FrozenTrial:
    state = TrialState.WAITING if row.state is State.RUNNING else _BACK[row.state]
    params = {k: v for k, v in row.params.items() if k in dists}
    attrs: dict[str, Any] = {f"{CONSTRAINTS_KEY}:{k}": v for k, v in row.constraints.items()}
    if state is TrialState.WAITING:
        attrs["fixed_params"], params = params, {}
    over = state.is_finished()
    started = row.started_s if row.started_s is not None else row.finished_s
    now = datetime.datetime.now().timestamp()
    return FrozenTrial(
        number=row.number,
        state=state,
        value=None,
        values=row.values if over and row.values and state is not TrialState.FAIL else None,
        datetime_start=_moment(started or now) if over else None,
        datetime_complete=_moment(row.finished_s or now) if over else None,
        params=params,
        distributions={name: dists[name] for name in params},
        user_attrs=dict(row.tags),
        system_attrs=attrs,
        intermediate_values={
            round(step): v for step, v in row.reports if isinstance(v, int | float)
        },
        trial_id=-1,
    )


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds)
