"""Studies, under the names that Optuna gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._lazy import attach

__all__ = [
    "MaxTrialsCallback",
    "Study",
    "StudyDirection",
    "StudySummary",
    "copy_study",
    "create_study",
    "delete_study",
    "get_all_study_names",
    "get_all_study_summaries",
    "load_study",
]

if TYPE_CHECKING:
    from .callbacks import MaxTrialsCallback as MaxTrialsCallback
    from .creating import copy_study as copy_study
    from .creating import create_study as create_study
    from .creating import delete_study as delete_study
    from .creating import get_all_study_names as get_all_study_names
    from .creating import get_all_study_summaries as get_all_study_summaries
    from .creating import load_study as load_study
    from .direction import StudyDirection as StudyDirection
    from .records import StudySummary as StudySummary
    from .search import Study as Study
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "MaxTrialsCallback": "callbacks",
            "copy_study": "creating",
            "create_study": "creating",
            "delete_study": "creating",
            "get_all_study_names": "creating",
            "get_all_study_summaries": "creating",
            "load_study": "creating",
            "StudyDirection": "direction",
            "StudySummary": "records",
            "Study": "search",
        },
    )
