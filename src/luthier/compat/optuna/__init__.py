"""Optuna's words: code that was written for it runs with only the import lines changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._lazy import attach

__all__ = [
    "Study",
    "Trial",
    "TrialPruned",
    "__version__",
    "artifacts",
    "copy_study",
    "create_study",
    "create_trial",
    "delete_study",
    "distributions",
    "exceptions",
    "get_all_study_names",
    "get_all_study_summaries",
    "importance",
    "integration",
    "load_study",
    "logging",
    "pruners",
    "samplers",
    "search_space",
    "storages",
    "study",
    "terminator",
    "trial",
    "version",
    "visualization",
]

if TYPE_CHECKING:
    from . import artifacts as artifacts
    from . import distributions as distributions
    from . import exceptions as exceptions
    from . import importance as importance
    from . import integration as integration
    from . import logging as logging
    from . import pruners as pruners
    from . import samplers as samplers
    from . import search_space as search_space
    from . import storages as storages
    from . import study as study
    from . import terminator as terminator
    from . import trial as trial
    from . import version as version
    from . import visualization as visualization
    from .exceptions import TrialPruned as TrialPruned
    from .study import Study as Study
    from .study import copy_study as copy_study
    from .study import create_study as create_study
    from .study import delete_study as delete_study
    from .study import get_all_study_names as get_all_study_names
    from .study import get_all_study_summaries as get_all_study_summaries
    from .study import load_study as load_study
    from .trial import Trial as Trial
    from .trial import create_trial as create_trial
    from .version import __version__ as __version__
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "artifacts": "",
            "distributions": "",
            "exceptions": "",
            "importance": "",
            "integration": "",
            "logging": "",
            "pruners": "",
            "samplers": "",
            "search_space": "",
            "storages": "",
            "study": "",
            "terminator": "",
            "trial": "",
            "version": "",
            "visualization": "",
            "TrialPruned": "exceptions",
            "Study": "study",
            "copy_study": "study",
            "create_study": "study",
            "delete_study": "study",
            "get_all_study_names": "study",
            "get_all_study_summaries": "study",
            "load_study": "study",
            "Trial": "trial",
            "create_trial": "trial",
            "__version__": "version",
        },
    )
