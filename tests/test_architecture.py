"""The house: imports point down, nothing heavy is loaded early, names and sizes are kept."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import luthier
from scripts import measure_house as house

SRC = Path(luthier.__file__).parent
FILES = sorted(SRC.rglob("*.py"))

# Floors from the ground up; a file may import from lower floors, and from its own room.
FLOORS = [
    ["errors", "typing", "terminal", "passwords", "wording", "_lazy"],
    ["numerics", "validation", "argument_names", "attempts", "notebook", "posting", "warn_once"],
    ["space", "checkpoints", "executors"],
    ["trial", "spaces"],
    ["history", "storages", "measure", "objectives"],
    ["models", "monitoring", "registry"],
    ["transfer"],
    ["samplers", "schedulers", "analysis", "stopping"],
    ["plots"],
    ["report"],
    ["study"],
    ["lifecycle"],
    ["server", "testing", "evaluation", "sklearn", "integrations", "nas"],
    ["automl", "compat"],
    ["cli"],
    ["__main__"],
]
FLOOR = {room: i for i, rooms in enumerate(FLOORS) for room in rooms}


@functools.cache
def sources() -> list[house.Source]:
    return house.read(SRC)


def room(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Rooms that a file imports, inside functions too."""
    found = set()
    package = ["luthier", *path.relative_to(SRC).parent.parts]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            full = [*base, *(node.module or "").split(".")] if node.module else base
            names = [[*full, a.name] for a in node.names] if len(full) == 1 else [full]
            found |= {n[1] for n in names if n[0] == "luthier" and len(n) > 1}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("luthier.")}
    return found


def test_imports_point_down() -> None:
    """No room imports another of its floor or above.

    Imports inside functions and for type checkers count too.
    """
    offenders = []
    for path in FILES:
        mine = room(path)
        for other in imported(path) - {mine}:
            if mine == "__init__" or other == "__version__":
                continue
            if FLOOR[other] >= FLOOR[mine] and (mine, other) != ("_lazy", "errors"):
                offenders.append(f"{path.relative_to(SRC)} imports {other}")
    assert not offenders


def test_every_room_has_a_floor() -> None:
    assert {room(p) for p in FILES} - {"__init__"} == set(FLOOR)


def test_files_import_each_other_in_no_circle() -> None:
    assert house.circles(house.file_graph(sources(), "luthier")) == []


def test_nobody_reads_the_private_parts_of_another_object() -> None:
    """A few are left: a copy that fills itself in, packages that offer nothing public."""
    assert len(house.private_uses(sources())) <= 20


def test_files_stay_readable() -> None:
    assert house.large_files(sources()) == []  # 300 statements
    assert house.format_skips(sources()) == []


def loaded(code: str) -> set[str]:
    """What a fresh interpreter has loaded after running code; coverage would load much itself."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    out = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(out.stdout.split())


HEAVY = {
    "scipy",
    "pandas",
    "plotly",
    "sklearn",
    "rich",
    "click",
    "cloudpickle",
    "psutil",
    "multiprocessing",
    "yaml",
}


def test_importing_luthier_loads_nothing_else() -> None:
    got = loaded("import luthier")
    assert not got & (HEAVY | {"numpy", "msgspec", "sqlite3"})
    assert {m for m in got if m.startswith("luthier")} == {
        "luthier",
        "luthier._lazy",
        "luthier.errors",
    }


SEARCH = """
import luthier
study = luthier.create_study(seed=0)
study.optimize(lambda t: t.suggest_float("x", 0, 1) + t.suggest_int("k", 1, 5), n_trials=%d)
"""


def test_a_study_that_is_created_loads_little() -> None:
    got = loaded("import luthier; luthier.create_study()") - loaded("import numpy, msgspec")
    later = {
        "numpy.random",
        "difflib",
        "secrets",
        "socket",
        "sqlite3",
        "subprocess",
        "logging.handlers",
    }
    assert not got & (HEAVY | later)


def test_the_first_trials_need_neither_scipy_nor_anything_heavy() -> None:
    assert not loaded(SEARCH % 8) & HEAVY


def test_the_default_search_needs_of_scipy_what_loads_quickly() -> None:
    got = loaded(SEARCH % 20)
    assert not got & (HEAVY - {"scipy"})
    assert not got & {"scipy.stats", "scipy.interpolate", "scipy.signal", "scipy.integrate"}


def named_classes() -> dict[str, type]:
    """What users choose by name; without those that need a package that is not installed."""
    rooms = (
        luthier.samplers,
        luthier.schedulers,
        luthier.stopping,
        luthier.storages,
        luthier.executors,
    )
    found = {}
    for module in rooms:
        for name in module.__all__:
            with contextlib.suppress(luthier.errors.MissingDependencyError):
                found[f"{module.__name__}.{name}"] = getattr(module, name)
    return found


def test_public_names() -> None:
    for name in luthier.__all__:
        assert getattr(luthier, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Stduy'"):
        luthier.Stduy
    assert [name for name, found in named_classes().items() if not found.__doc__] == []


def test_every_error_stands_in_the_drawn_tree_with_its_sentence() -> None:
    from luthier import errors

    tree = errors.__doc__
    classes = [
        c
        for _, c in inspect.getmembers(errors, inspect.isclass)
        if c.__module__ == "luthier.errors"
    ]
    assert len(classes) > 20
    for c in classes:
        assert c.__name__ in tree
        assert c.__doc__
        assert issubclass(c, errors.LuthierError) or c is errors.TrialPruned


def test_constructors_stay_small() -> None:
    for name, found in named_classes().items():
        assert len(inspect.signature(found).parameters) <= 10, name
