"""The code that repeats a study."""

from __future__ import annotations

import ast
import platform
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .. import __version__, samplers, schedulers
from ..history.history import History
from ..validation import are_named
from .evidence import Origin

_PLACES: tuple[tuple[str, Iterable[str]], ...] = (
    ("luthier", ("Categorical", "Float", "Int", "Normal", "Space")),
    ("luthier.samplers", samplers.__all__),
    ("luthier.schedulers", schedulers.__all__),
)


def list_versions() -> str:
    """Return what this process runs, as "luthier 0.1.0, Python 3.12.1, NumPy 2.3.4"."""
    return f"luthier {__version__}, Python {platform.python_version()}, NumPy {np.__version__}"


def write_recipe(history: History, origin: Origin) -> str:
    """Return Python code that runs the study anew; `objective` is the user's.

    Args:
        history: The trials.
        origin: Where the study comes from.
    """
    arguments = {"name": repr(origin.name)}
    if origin.declared:
        arguments["space"] = "space"
    arguments |= _write_objectives(history)
    notes = []
    for name in ("sampler", "scheduler"):
        text = getattr(origin, name)
        if text and _find_imports([text]) is None:
            notes.append(f"# The {name} is one of your own: {' '.join(text.split())[:200]}")
        elif text:
            arguments[name] = text
    arguments["seed"] = repr(history.seed)

    space = _write_space(history) if origin.declared else ""
    used = [space, *arguments.values()]
    imports = _find_imports([text for text in used if text]) or {}
    imports.setdefault("luthier", set()).add("create_study")
    lines = [f"# Made with {list_versions()}."]
    lines += [
        f"from {place} import {', '.join(sorted(imports[place]))}" for place in sorted(imports)
    ]
    lines += ["", *notes]
    if origin.declared:
        lines += [f"space = {space}", *_list_functions(history)]
    else:
        lines.append("# The objective names its parameters itself: trial.suggest_float(...).")
    lines.append("study = create_study(")
    lines += [f"    {name}={text}," for name, text in arguments.items()]
    lines += [")", f"study.optimize(objective, n_trials={max(count_own(history), 1)})"]
    return "\n".join(lines)


def write_params(params: Mapping[str, Any], name: str = "params") -> str:
    """Return Python code with the params of one trial."""
    lines = [f"    {key!r}: {value!r}," for key, value in params.items()]
    return "\n".join([f"{name} = {{", *lines, "}"])


def count_own(history: History) -> int:
    """Return how many trials the search began: without those that confirm others."""
    begun = np.asarray(history.state > 0) & ~history.confirming
    return int(begun.sum())


def _write_objectives(history: History) -> dict[str, str]:
    """The argument that says what is sought."""
    directions, names = history.directions, history.objectives
    if are_named(names):
        return {"objectives": repr(dict(zip(names, directions, strict=True)))}
    if len(directions) > 1:
        return {"objectives": repr(list(directions))}
    return {"direction": repr(directions[0])}


def _write_space(history: History) -> str:
    """The space as Python code, without constraints that are functions."""
    params = [f"        {name!r}: {dist!r}," for name, dist in history.space.params.items()]
    rules = [f"        {text!r}," for text in history.space.to_json()["constraints"]]
    lines = ["Space(", "    {", *params, "    },"]
    if rules:
        lines += ["    constraints=[", *rules, "    ],"]
    return "\n".join([*lines, ")"])


def _list_functions(history: History) -> list[str]:
    names = history.space.to_json()["functions"]
    return [f"# A constraint is a function of yours: {' '.join(name.split())}" for name in names]


def _find_imports(texts: Iterable[str]) -> dict[str, set[str]] | None:
    """Return what expressions need, module to names; None where they are not of this library."""
    found: dict[str, set[str]] = {}
    for text in texts:
        try:
            tree = ast.parse(text, mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        for node in ast.walk(tree):
            if not isinstance(node, ast.Name) or node.id == "space":
                continue
            if node.id in ("inf", "nan"):
                found.setdefault("math", set()).add(node.id)
                continue
            place = next((place for place, names in _PLACES if node.id in names), None)
            if place is None:
                return None
            found.setdefault(place, set()).add(node.id)
    return found
