"""A study: the face that people use, and the machine under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "Confirmation",
    "Study",
    "StudyControls",
    "StudyPreferences",
    "create_study",
    "delete_study",
    "list_studies",
    "load_study",
]

if TYPE_CHECKING:
    from .confirm import Confirmation as Confirmation
    from .controls import StudyControls as StudyControls
    from .create import create_study as create_study
    from .create import delete_study as delete_study
    from .create import list_studies as list_studies
    from .create import load_study as load_study
    from .preferences import StudyPreferences as StudyPreferences
    from .study import Study as Study
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Confirmation": "confirm",
            "Study": "study",
            "StudyControls": "controls",
            "StudyPreferences": "preferences",
            "create_study": "create",
            "delete_study": "create",
            "list_studies": "create",
            "load_study": "create",
        },
    )
