"""A knowledge base: what earlier studies found out, in a storage that many studies share."""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ..errors import TaskError, find_closest
from ..history.history import History
from ..history.task import Task
from ..models.training_data import InputEncoder
from ..registry.version import fingerprint_data
from ..space.space import Space
from ..storages import Storage, from_url
from ..validation import check_tags, check_whole, is_text, show
from .advice import Advice, advise
from .closeness import Asked, measure_distance, order_tasks
from .comparable import N_COMPARED, collect_comparable
from .context import check_context, describe
from .matching import match
from .source_models import kendall, learn_tasks, tells_of
from .study_task import HasHistory, check_names, find_history
from .task_exchange import check_task, read_tasks, write_tasks
from .task_log import Entry, Head, Taken, TaskLog

_MOST_READ = 60  # tasks whose rows are read for one study


class Wanted(Protocol):
    """The study that earlier tasks are wanted for."""

    @property
    def space(self) -> Space:
        """Its space; empty where the objective will tell."""

    @property
    def family(self) -> str:
        """What is tuned; "" where nobody said."""


class Similar(NamedTuple):
    """A task of a base beside a study.

    Attributes:
        name: The task's.
        agreement: Kendall's tau, from -1 to 1, of what it predicts of the trials that have ended;
            None while fewer than four have.
        distance: How far the two contexts are apart; inf where they have no number in common.
    """

    name: str
    agreement: float | None
    distance: float


class Memory:
    """A knowledge base in any storage. It may be shared by threads, processes and machines.

    `study.remember(memory)` adds to it, and `create_study(memory=memory)` begins with it. Opening
    one reads the heads of its tasks, and rows only of tasks that are wanted. Each task is there
    once: where the study, the data and space, or all rows are those of a task that it has, the
    later result of the same study counts, else the one with most rows.

    Args:
        url: A URL such as "sqlite:///memory.db" or "postgresql://user@host/database", a path that
            ends in .db, or a `Storage`; studies may live there as well.

    Attributes:
        storage: Where it is kept.
        asked: What is known of the new task that the base is seen from; see `about`.

    Raises:
        StorageError: There is no such kind of storage.
        TaskError: It is None.
    """

    def __init__(self, url: str | os.PathLike[str] | Storage = "sqlite:///memory.db") -> None:
        if url is None:
            raise TaskError("a base is somewhere, such as in 'sqlite:///memory.db', got None")
        self.storage = from_url(url)
        self._log = TaskLog(self.storage)
        self.asked = Asked()

    def __repr__(self) -> str:
        return f"Memory({self.storage!r})"

    def close(self) -> None:
        """Close files and connections."""
        self.storage.close()

    # -- reading

    def tasks(self) -> list[Head]:
        """Return all tasks without their rows, the oldest first.

        Raises:
            TaskError: A newer luthier wrote one of them.
            RegistryError: The base is damaged.
        """
        return self._log.heads()

    def load(self, heads: Sequence[Head]) -> list[Task]:
        """Return tasks with their rows, at most 100 each.

        Args:
            heads: Some of those that `tasks` returns.

        Raises:
            TaskError: One cannot be read, or is no head.
        """
        heads = [heads] if isinstance(heads, Head) else heads
        if wrong := [head for head in heads if not isinstance(head, Head)]:
            raise TaskError(f"load takes heads, as base.tasks() returns them, got {show(wrong[0])}")
        return self._log.load(heads)

    def about(
        self,
        data: Any = None,
        context: Mapping[str, float] | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> Memory:
        """Return the base as seen from a new task: tasks that are like it come first.

        Args:
            data: (X, y), or a text that names the data, of which a hash is kept.
            context: Numbers that say what the data are; None to describe X and y.
            tags: Free tags.

        Raises:
            TaskError: X and y are no table, or a number is not finite.
            UnstorableError: Tags have no JSON form.
        """
        found, data_hash = read_data(data, context)
        other = copy.copy(self)
        other.asked = Asked("", found, check_tags(tags or {}, "a task"), data_hash)
        return other

    def find_tasks(self, wanted: Wanted) -> list[Task]:
        """Return the tasks that may help a study, the closest first, at most 60.

        They have at least half of its parameters, and no other family.
        """
        asked = self.asked._replace(family=wanted.family)
        close = order_tasks(self.tasks(), wanted.space.names, asked)
        return self.load(close[:_MOST_READ])

    def recommend(
        self,
        space: Space | Mapping[str, Any],
        n: int = 10,
        family: str = "",
        objectives: Sequence[str] = ("value",),
    ) -> list[Advice]:
        """Return first configurations for a new task, with the evidence; none without a task.

        Args:
            space: The space of the new task.
            n: How many at most.
            family: What is tuned, such as "xgboost".
            objectives: Names of its objectives.

        Raises:
            ValueError: n is no whole number above 0.
            TaskError: Objectives are no list of names, or the family is no text.
        """
        check_whole("n", n)
        check_names("objectives", objectives)
        if not is_text(family):
            raise TaskError(f"a family is text, such as 'xgboost', got {show(family)}")
        space = space if isinstance(space, Space) else Space(space)
        close = order_tasks(self.tasks(), space.names, self.asked._replace(family=family))
        return advise(space, self.load(close[:_MOST_READ]), n, tuple(objectives))

    def find_similar(self, study: HasHistory | History, family: str = "") -> list[Similar]:
        """Return the tasks that may help a study, those that rank its trials alike first.

        Before four trials have ended, and between tasks that rank them equally well, those whose
        context is closer come first; those from which no model can learn come last.

        Args:
            study: A `luthier.Study`, or its history.
            family: What is tuned.

        Raises:
            TaskError: It is neither.
        """
        history = find_history(study)
        asked = self.asked._replace(family=family)
        close = order_tasks(self.tasks(), history.space.names, asked)[:_MOST_READ]
        tasks = self.load(close)
        agreement = _measure_agreement(history, tasks)
        found = [
            Similar(t.name, agreement.get(id(t)), measure_distance(asked.context, t.context))
            for t in tasks
        ]
        return sorted(found, key=lambda s: 2.0 if s.agreement is None else -round(s.agreement, 2))

    # -- changing

    def add(self, task: Task, source: str = "") -> Taken:
        """Add a task, or return the same one that is there already.

        Args:
            task: The task; at most 100 of its rows are kept, the best and some of the others.
            source: Hash that tells its study from all others; a later task with it takes its place.

        Raises:
            TaskError: It is no task, has no rows, or nothing can be learnt from them.
        """
        if not isinstance(task, Task):
            raise TaskError(
                "a base takes tasks, as luthier.transfer.task_of_study returns them, and "
                f"studies by study.remember(base), got {show(task)}"
            )
        task = check_task(task.replace(data_hash=_hash(task.data_hash), same=False))
        [taken] = self._log.take([Entry(task, source, _tells(task), is_latest=bool(source))])
        return taken

    def forget(self, *names: str) -> list[Head]:
        """Remove tasks by their names or ids, with their rows, and return what is gone.

        Raises:
            TaskError: There is no such task; nothing is removed.
        """
        heads = self.tasks()
        known = {head.name for head in heads} | {head.id for head in heads}
        if unknown := [n for n in names if not isinstance(n, str) or n not in known]:
            near = find_closest(unknown[0], known) if isinstance(unknown[0], str) else None
            hint = f"; did you mean {near!r:.100}?" if near else ""
            raise TaskError(f"the base has no task {show(unknown[0])}{hint}")
        return self._log.forget([h.id for h in heads if h.name in names or h.id in names])

    def merge(self, other: Memory) -> list[Taken]:
        """Add all tasks of another base, each once.

        Raises:
            TaskError: It is no base, or one of its tasks cannot be read.
        """
        if not isinstance(other, Memory):
            raise TaskError(f"expected a base, such as luthier.Memory(url), got {show(other)}")
        heads = other.tasks()
        taken: list[Taken] = []
        for first in range(0, len(heads), _MOST_READ):
            taken += self._log.take(_load_entries(other, heads[first : first + _MOST_READ]))
        return taken

    def export(self, file: str | os.PathLike[str]) -> int:
        """Write all tasks into a file that others may have, and return how many.

        It holds the spaces with their ranges and choices, the rows as unit columns, how they rank,
        the five numbers of the context, and hashes that tell tasks apart. It holds no values of
        objectives, names of studies and data, or tags.

        Raises:
            OSError: The file cannot be written.
        """
        return write_tasks(file, _load_entries(self, self.tasks()))

    def import_(self, file: str | os.PathLike[str]) -> list[Taken]:
        """Add the tasks of a file that `export` has written, each once.

        Raises:
            TaskError: It is no such file, a newer luthier wrote it, or a task in it cannot be used;
                nothing is added.
        """
        return self._log.take(read_tasks(file))


def _load_entries(base: Memory, heads: Sequence[Head]) -> list[Entry]:
    """Return tasks as another base takes them in; those forgotten meanwhile are left out."""
    by_content = {task.content: task for task in base.load(heads)}
    return [
        Entry(by_content[head.id], head.source, head.tells, is_latest=False)
        for head in heads
        if head.id in by_content
    ]


def read_data(data: Any, context: Mapping[str, float] | None) -> tuple[dict[str, float], str]:
    """Return the context of some data, and a hash of it.

    Args:
        data: (X, y), a text that names the data, or None.
        context: Numbers that say what they are; None to describe X and y.

    Raises:
        TaskError: They are no table, or a number is not finite.
    """
    found = {} if context is None else check_context(context)
    if data is None:
        return found, ""
    if isinstance(data, str):
        if not is_text(data) or not data:
            raise TaskError(f"the name of data is text, got {show(data)}")
        return found, _hash(data)
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise TaskError(f"data are (X, y), or a text that names them, got {show(data)}")
    X, y = data
    if context is None:
        found = describe(X, y)
    try:
        return found, _hash(fingerprint_data(X, y))
    except (TypeError, ValueError):  # rows of several lengths
        raise TaskError(
            f"X has rows of one length, and y a target for each, got {show(X)} and {show(y)}"
        ) from None


def _hash(text: str) -> str:
    """Return a hash of what names data, so that no base holds the name; "" of nothing.

    A hash is returned as it is.
    """
    if not text or (len(text) == 32 and not set(text) - set("0123456789abcdef")):
        return text
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _tells(task: Task) -> bool:
    """Whether the rows of a task foretell each other, so that a model can learn from them."""
    return any(
        tells_of(task.space, match(task, task.space, tuple(task.objectives), j))
        for j in range(len(task.objectives))
    )


def _measure_agreement(history: History, tasks: Sequence[Task]) -> dict[int, float]:
    """Return Kendall's tau of what tasks predict and the first loss, by the task's identity."""
    number, losses = collect_comparable(history)
    if len(number) < N_COMPARED:
        return {}
    models = learn_tasks(
        history.space, [match(task, history.space, history.objectives) for task in tasks]
    )
    if models is None:
        return {}
    F = models.predict(InputEncoder(history.space).encode(history.X[number]))
    return {id(m.task): kendall(losses[:, 0], f) for m, f in zip(models.matched, F.T, strict=True)}
