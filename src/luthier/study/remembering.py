"""What a study adds to a knowledge base."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from ..errors import TaskError
from ..storages import InMemory
from ..transfer.knowledge_base import Memory, read_data
from ..transfer.study_task import task_of_history
from ..transfer.task_log import Taken
from ..validation import check_tags
from .engine import Engine


def remember(
    engine: Engine,
    memory: Memory | str,
    data: Any = None,
    context: Mapping[str, float] | None = None,
    tags: Mapping[str, Any] | None = None,
    family: str | None = None,
) -> Taken:
    """Add what a study has found out to a base; see `Study.remember`."""
    found, data_hash = read_data(data, context)
    with engine.reading() as history:
        task = task_of_history(
            history,
            name=engine.name,
            family=engine.settings.family if family is None else family,
            context=found,
            tags=check_tags(tags or {}, "a task"),
            data_hash=data_hash,
        )
    source = _tell_study(engine) if task.n else ""
    if isinstance(memory, Memory):
        return memory.add(task, source)
    with contextlib.closing(Memory(memory)) as base:
        if isinstance(base.storage, InMemory):
            raise TaskError(
                f"the base {memory!r} is in the memory of this process, and would be gone at once; "
                "pass a luthier.Memory that you keep, or the URL of a file"
            )
        return base.add(task, source)


def _tell_study(engine: Engine) -> str:
    """Return a hash that tells a study from all others, and a copy of it from none.

    It is that of its seed, and of when and how the earliest of its trials began. Known results have
    never begun: a study that has nothing else has no such hash, which is "".
    """
    began = [(row.started_s, row.number, row.params) for row in engine.rows() if row.started_s]
    if not began:
        return ""
    at, _, params = min(began, key=lambda trial: trial[:2])
    what = [engine.seed, at, params]
    return hashlib.blake2b(msgspec.json.encode(what), digest_size=16).hexdigest()
