"""Modules by Ray's paths, where names are found that stand elsewhere here."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from typing import Any

_ROOT = __name__.rpartition(".tune.")[0]


def add_module(path: str, names: Mapping[str, Any]) -> None:
    """Add a module, so that it can be imported.

    Args:
        path: Its path within `ray`, such as "tune.search.optuna".
        names: What it has.
    """
    full = f"{_ROOT}.{path}"
    if full in sys.modules:
        vars(sys.modules[full]).update(names)
        return
    module = types.ModuleType(full, f"`ray.{path}`, by this library.")
    module.__path__ = []
    vars(module).update(names)
    sys.modules[full] = module
    parent, _, name = full.rpartition(".")
    if parent in sys.modules and name not in vars(sys.modules[parent]):
        setattr(sys.modules[parent], name, module)


def add_modules(tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Add modules, parents first."""
    for path in sorted(tables):
        add_module(path, tables[path])
