"""Earlier tasks as they are stored with a study, and as people see them."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import TaskError
from ..history.task import Task
from ..storages.settings import StoredMemory
from ..terminal import escape_lines, logger
from ..wording import count_of


class KnownTasks(NamedTuple):
    """Earlier tasks of a study, as `Study.memory` shows them.

    Attributes:
        tasks: Those that it learns from.
        left_out: Names of others, and why each is of no use.
    """

    tasks: tuple[Task, ...]
    left_out: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        if not self.tasks and not self.left_out:
            return "no earlier tasks"
        n_rows = sum(task.n for task in self.tasks)
        lines = [f"{count_of(len(self.tasks), 'earlier task')} with {count_of(n_rows, 'trial')}"]
        lines += [f"  {task.name}: {count_of(task.n, 'trial')}" for task in self.tasks]
        if self.left_out:
            lines.append("left out")
            lines += [f"  {name}: {reason}" for name, reason in self.left_out]
        return escape_lines("\n".join(lines))


def read_tasks(stored: StoredMemory, study: str) -> tuple[Task, ...]:
    """Return the tasks that are stored with a study; those that cannot be read give a warning."""
    found = []
    for described in stored.tasks:
        try:
            found.append(Task.from_json(described))
        except TaskError as e:
            logger.warning("an earlier task of study %r is left out: %s", study, e)
    return tuple(found)
