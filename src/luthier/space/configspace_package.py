"""Loads what reads and writes ConfigSpace's spaces, where that package is installed."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import explain_missing


def load_configspace() -> Any:
    """Return the file that reads and writes ConfigSpace's spaces.

    Raises:
        MissingDependencyError: ConfigSpace is not installed.
    """
    try:
        return importlib.import_module(f"{__package__}.configspace")
    except ImportError:
        raise explain_missing("ConfigSpace's spaces", "ConfigSpace", "configspace") from None
