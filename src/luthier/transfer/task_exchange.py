"""Tasks in a file that others may have: what was searched and how rows ranked, and nothing of data.

A file is JSON: {"luthier_memory": 1, "tasks": [{"source", "tells", "task"}, ...]}.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from ..errors import LuthierError, TaskError
from ..history.task import CONTEXT, Task, rank_columns
from ..validation import MAX_NAME_CHARACTERS, check_tags, is_text, show
from .context import check_context
from .task_log import Entry

FILE_FORM = 1
"""Version of the form of a file."""

_MAX_BYTES = 2**30
_N_HASH = 64  # characters of a hash at most


def write_tasks(file: str | os.PathLike[str], entries: Iterable[Entry]) -> int:
    """Write tasks without their data, and return how many.

    Raises:
        OSError: The file cannot be written.
    """
    tasks = [
        {"source": e.source, "tells": e.tells, "task": _anonymise(e.task, i).to_json()}
        for i, e in enumerate(entries, 1)
    ]
    content = msgspec.json.encode({"luthier_memory": FILE_FORM, "tasks": tasks})
    place = Path(file)
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(place)  # so that a process that is killed leaves no half a file
    return len(tasks)


def _anonymise(task: Task, number: int) -> Task:
    """Return a task of unit columns, ranks and five numbers; equal losses have the same rank."""
    return task.rename({}).replace(
        name=f"{task.family or 'task'} {number}",
        losses=rank_columns(task.losses),
        context={name: task.context[name] for name in CONTEXT if name in task.context},
        tags={},
        same=False,
    )


def read_tasks(file: str | os.PathLike[str]) -> list[Entry]:
    """Return the tasks of a file; all are checked before the first is used.

    Raises:
        TaskError: It is no such file, a newer luthier wrote it, or a task in it cannot be read.
    """
    place = Path(file)
    try:
        size = place.stat().st_size
        if size > _MAX_BYTES:
            raise TaskError(f"{place} has {size:,} bytes; at most {_MAX_BYTES:,} are read")
        found = msgspec.json.decode(place.read_bytes())
    except OSError as e:
        raise TaskError(f"{place} cannot be read: {e.strerror or e}") from None
    except (msgspec.DecodeError, RecursionError) as e:
        raise TaskError(f"{place} is no JSON: {e}") from None
    form = found.get("luthier_memory") if isinstance(found, dict) else None
    if not isinstance(form, int) or not isinstance(found.get("tasks"), list):
        raise TaskError(f"{place} is no file of tasks, as 'luthier memory export' writes it")
    if form > FILE_FORM:
        raise TaskError(
            f"{place} has form {form}, and this luthier reads up to {FILE_FORM}: a newer one wrote "
            "it, so install that"
        )
    return [_read_entry(i, each, place) for i, each in enumerate(found["tasks"])]


def _read_entry(i: int, stored: Any, place: Path) -> Entry:
    try:
        if not isinstance(stored, dict):
            raise TaskError(f"expected a task, got {show(stored)}")
        source = stored.get("source", "")
        if not isinstance(source, str) or len(source) > _N_HASH:
            raise TaskError(f"expected a hash of a study, got {show(source)}")
        task = check_task(Task.from_json(stored.get("task")).replace(same=False))
        return Entry(task, source, bool(stored.get("tells", True)), is_latest=False)
    except LuthierError as e:
        raise TaskError(f"task {i} of {place}: {e}") from None


def check_task(task: Task) -> Task:
    """Return a task that a base may keep: at most 100 rows, and facts that can be shown.

    Raises:
        TaskError: It has no rows, or all of its losses are the same; its name, family or hash is
            too long; or a number of its context is not finite.
        UnstorableError: Its tags have no JSON form, or are too large.
    """
    for what, text in (("name", task.name), ("family", task.family), ("data", task.data_hash)):
        if not is_text(text) or len(text) > MAX_NAME_CHARACTERS:
            raise TaskError(
                f"the {what} of a task is text of at most {MAX_NAME_CHARACTERS:,} characters, got "
                f"{show(text)}"
            )
    if not task.n:
        raise TaskError(
            f"task {task.name!r:.100} has no complete trial that keeps all constraints, so "
            "there is nothing to learn"
        )
    if all(column.min() == column.max() for column in task.losses.T):
        raise TaskError(
            f"all losses of task {task.name!r:.100} are the same, so there is nothing to learn"
        )
    return task.replace(
        context=check_context(task.context), tags=check_tags(task.tags, "a task")
    ).keep()
