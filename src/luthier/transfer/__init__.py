"""Earlier tasks, and what they say of a new one: a start, and a model that knows them.

`create_study(memory=...)` takes tasks in; samplers find them in the history of the study.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach
from ..history.task import Task

__all__ = ["Task", "task_of_rows", "task_of_study"]

if TYPE_CHECKING:
    from .study_task import task_of_rows as task_of_rows
    from .study_task import task_of_study as task_of_study
else:
    __getattr__, __dir__ = attach(
        __name__, {"task_of_rows": "study_task", "task_of_study": "study_task"}
    )
