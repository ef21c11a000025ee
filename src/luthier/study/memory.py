"""What a study knows of earlier tasks: where they come from, which are kept, and what was not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np

from ..errors import LuthierError, StudyError
from ..history.history import History
from ..history.task import Task
from ..space.space import Space
from ..storages import Storage
from ..storages.base import StudyRecord
from ..storages.settings import Settings, read_settings, read_space
from ..terminal import logger
from ..trial.record import State, TrialRow
from ..validation import show
from .engine import Engine

if TYPE_CHECKING:
    from ..transfer.selection import LeftOut

_MAX_READ = 60  # studies of a storage that "auto" reads, the latest
_MAX_NAMED = 5  # tasks that are left out for one reason
_LEAST_TRIALS = 8  # with a result, that such a study must have


@runtime_checkable
class FindsTasks(Protocol):
    """What knows earlier tasks, such as a knowledge base."""

    def find_tasks(self, wanted: Wanted) -> Sequence[Task]:
        """Return the tasks that may help a study."""


class Wanted(NamedTuple):
    """The study that earlier tasks are wanted for.

    Attributes:
        name: Its name; None where it is not made yet.
        storage: Where it is to be.
        space: Its space; empty where the objective will tell.
        objectives: Names of its objectives.
        directions: "minimize" or "maximize" each.
        family: What is tuned, such as "xgboost"; "" where nobody said.
    """

    name: str | None
    storage: Storage
    space: Space
    objectives: tuple[str, ...]
    directions: tuple[str, ...]
    family: str


class HasEngine(Protocol):
    """A study, as far as its trials are wanted."""

    @property
    def engine(self) -> Engine:
        """The machine under it."""


Source = Literal["auto"] | HasEngine | Task | FindsTasks | Sequence[Any]
"""Where earlier tasks come from."""


def gather_tasks(memory: Source | Sequence[Source], wanted: Wanted) -> list[Task]:
    """Return the tasks that somebody names for a study.

    Args:
        memory: "auto", a study, a task, rows, what finds tasks, or a list of these.
        wanted: The study.

    Raises:
        StudyError: It is nothing of that kind.
        TaskError: Rows cannot be read.
    """
    if isinstance(memory, type):
        raise _no_memory(memory)
    is_one = isinstance(memory, str | Task | FindsTasks) or _is_study(memory) or _are_rows(memory)
    if is_one:
        return _gather_one(memory, wanted)
    if not isinstance(memory, Iterable) or isinstance(memory, Mapping):
        raise _no_memory(memory)
    return [task for each in memory for task in _gather_one(each, wanted)]


def _gather_one(source: Any, wanted: Wanted) -> list[Task]:
    from ..transfer.study_task import task_of_history, task_of_rows

    if isinstance(source, Task):
        return [source]
    if _is_study(source):
        engine: Engine = source.engine
        with engine.reading() as history:
            return [task_of_history(history, name=engine.name, family=engine.settings.family)]
    if isinstance(source, str) and source == "auto":
        return find_own_tasks(wanted)
    if isinstance(source, FindsTasks):
        return list(source.find_tasks(wanted))
    if _are_rows(source):
        return [task_of_rows(source, None, wanted.directions, wanted.objectives, name="rows")]
    raise _no_memory(source)


def _is_study(source: Any) -> bool:
    return isinstance(getattr(source, "engine", None), Engine)


def _are_rows(source: Any) -> bool:
    if not isinstance(source, Sequence) or isinstance(source, str) or not source:
        return False
    return all(
        isinstance(r, TrialRow)
        or (isinstance(r, Sequence) and len(r) == 2 and isinstance(r[0], Mapping))
        for r in source
    )


def _no_memory(got: Any) -> StudyError:
    return StudyError(
        "memory is 'auto', a study, a task, rows, or a list of these, such as [study, study], got "
        f"{show(got)}"
    )


def find_own_tasks(wanted: Wanted) -> list[Task]:
    """Return the finished studies of the same storage and family, the latest first.

    They have at least half of the parameters, 8 trials with a result, one of which is complete, and
    nothing that runs. Where the parameters are not known yet, the family has a name. Those that
    cannot be read are left out, with a warning.
    """
    from ..transfer.closeness import may_help
    from ..transfer.study_task import task_of_history

    family, names = wanted.family, wanted.space.names
    if not names and not family:
        logger.warning(
            "memory='auto' finds no study where neither the parameters nor the family are known: "
            "pass space=, or name the family, such as family='xgboost'"
        )
    found: list[Task] = []
    for record in reversed(wanted.storage.studies()):
        if len(found) == _MAX_READ:
            break
        if record.name == wanted.name or not _is_finished(record):
            continue
        try:
            settings = read_settings(record)
            known = settings.space.get("params", {})
            if settings.family == family and may_help(known, family, names, family):
                found.append(
                    task_of_history(
                        _read_history(wanted.storage, record, settings),
                        name=record.name,
                        family=family,
                    )
                )
        except LuthierError as e:
            logger.warning("study %r is no memory: %s", record.name, e)
    return found


def _is_finished(record: StudyRecord) -> bool:
    def count(*states: State) -> int:
        return sum(record.counts.get(int(state), 0) for state in states)

    n_results = count(State.COMPLETE, State.PRUNED, State.PAUSED)
    going_on = count(State.WAITING, State.RUNNING)
    return not going_on and count(State.COMPLETE) > 0 and n_results >= _LEAST_TRIALS


def _read_history(storage: Storage, record: StudyRecord, settings: Settings) -> History:
    space = read_space(record.name, settings.space)
    history = History(space, settings.directions, settings.seed, settings.names)
    rows = storage.rows(record.id)
    if rows:
        history.put(rows)
    return history


def store_tasks(tasks: Sequence[Task], wanted: Wanted) -> tuple[dict[str, Any], list[TrialRow]]:
    """Return what a study stores of earlier tasks, and the rows that become its own trials.

    Rows of a task with the same data and the same algorithm that fit the space are known results.
    """
    from ..transfer.selection import choose_tasks

    rows: list[TrialRow] = []
    others: list[Task] = []
    for task in tasks:
        if task.same and wanted.space.d and _has_objectives(task, wanted):
            known, rest = known_results(task, wanted)
            rows += known
            if rest.n:
                others.append(rest)
        else:
            others.append(task)
    kept, left = choose_tasks(others, wanted.space, wanted.objectives)
    return {
        "tasks": [task.keep().to_json() for task in kept],
        "left_out": _shorten(left),
    }, rows


def _has_objectives(task: Task, wanted: Wanted) -> bool:
    """Whether the losses of a task are those of a study, one by one."""
    from ..transfer.matching import find_objective

    columns = [find_objective(task, wanted.objectives, j)[0] for j in range(len(wanted.objectives))]
    same = columns == list(range(len(task.objectives)))
    return same and tuple(task.directions) == wanted.directions


def _shorten(left: Sequence[LeftOut]) -> list[list[str]]:
    """Return names and reasons, of many the first few of each reason."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in left:
        by_reason.setdefault(reason, []).append(name)
    shown = []
    for reason, names in by_reason.items():
        shown += [[name, reason] for name in names[:_MAX_NAMED]]
        if len(names) > _MAX_NAMED:
            shown.append([f"{len(names) - _MAX_NAMED} more", reason])
    return shown


def known_results(task: Task, wanted: Wanted) -> tuple[list[TrialRow], Task]:
    """Return the rows of a task that fit a study's space as complete trials, and the other rows."""
    signs = [-1.0 if d == "maximize" else 1.0 for d in task.directions]
    rows, rest = [], []
    bad = task.is_penalised
    for i, params in enumerate(task.space.decode(task.X, short=True)):
        if bad[i]:
            rest.append(i)
            continue
        try:
            fixed = wanted.space.check(params)
        except LuthierError:
            rest.append(i)
            continue
        if len(fixed) < wanted.space.active(wanted.space.encode(fixed)).sum():
            rest.append(i)
            continue
        values = tuple(s * float(y) + 0.0 for s, y in zip(signs, task.losses[i], strict=True))
        tags = {"from_memory": f"known result of {task.name}"[:200]}
        rows.append(
            TrialRow(number=-1, state=State.COMPLETE, params=fixed, values=values, tags=tags)
        )
    return rows, task.select(np.array(rest, dtype=np.int64))
