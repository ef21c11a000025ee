"""Runs in a file of JSON lines, so that a long benchmark can be stopped and continued."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Run = dict[str, Any]


def run_missing(
    file: Path, names: tuple[str, ...], keys: Iterable[tuple[Any, ...]], run: Callable[..., Run]
) -> list[Run]:
    """Return one run for each key; those that do not stand in the file are run, and added to it.

    Args:
        file: May be missing.
        names: What the parts of a key are called in a run.
        keys: One for each run.
        run: Takes the parts of a key, and returns what was found.
    """
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    known = {tuple(found[name] for name in names): found for found in map(json.loads, lines)}
    runs = []
    for key in keys:
        if key not in known:
            known[key] = {**dict(zip(names, key, strict=True)), **run(*key)}
            print(*known[key].values(), flush=True)
            with file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(known[key]) + "\n")
        runs.append(known[key])
    return runs
