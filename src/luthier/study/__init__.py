"""A study: the face that people use, and the machine under it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_FILES = {
    "Confirmation": "confirm",
    "Study": "study",
    "create_study": "create",
    "delete_study": "create",
    "list_studies": "create",
    "load_study": "create",
}

__all__ = ["Confirmation", "Study", "create_study", "delete_study", "list_studies", "load_study"]

if TYPE_CHECKING:
    from .confirm import Confirmation as Confirmation
    from .create import create_study as create_study
    from .create import delete_study as delete_study
    from .create import list_studies as list_studies
    from .create import load_study as load_study
    from .study import Study as Study


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"luthier.study has no {name!r}; there are {', '.join(_FILES)}")
    return getattr(importlib.import_module(f".{_FILES[name]}", __name__), name)
