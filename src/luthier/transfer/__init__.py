"""Earlier tasks, and what they say of a new one: a start, and a model that knows them.

`create_study(memory=...)` takes tasks in; samplers find them in the history of the study. `Memory`
keeps them in a storage that many studies share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach
from ..history.task import Task

__all__ = [
    "Advice",
    "Head",
    "Memory",
    "Similar",
    "Taken",
    "Task",
    "describe",
    "task_of_rows",
    "task_of_study",
]

if TYPE_CHECKING:
    from .advice import Advice as Advice
    from .context import describe as describe
    from .knowledge_base import Memory as Memory
    from .knowledge_base import Similar as Similar
    from .study_task import task_of_rows as task_of_rows
    from .study_task import task_of_study as task_of_study
    from .task_log import Head as Head
    from .task_log import Taken as Taken
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Advice": "advice",
            "Head": "task_log",
            "Memory": "knowledge_base",
            "Similar": "knowledge_base",
            "Taken": "task_log",
            "describe": "context",
            "task_of_rows": "study_task",
            "task_of_study": "study_task",
        },
    )
