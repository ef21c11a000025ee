"""The script that measures the house: each figure on a tree small enough to count by hand."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "measure_house.py"
SPEC = importlib.util.spec_from_file_location("measure_house", SCRIPT)
assert SPEC is not None
assert SPEC.loader is not None
house = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(house)

FILES = {
    "__init__.py": "",
    "ground.py": """
        import os

        _hidden = 1
        LIMIT = 2


        def told(x):
            return x._secret + getattr(x, "_other") + x.__dict__ + x._asdict()


        class Base:
            def is_known(self):
                "Predicates may end so."
                a, b, c = 1, 2, 3  # a comment
                return self._own + super()._theirs

            @property
            def named(self):
                import os.path
                return os._exit
        """,
    "room/__init__.py": """
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from .first import run
        """,
    "room/first.py": """
        from ..ground import Base, _hidden
        from . import second


        def run(self, a, b, c, d, e, f, *, g):
            from . import helper
        """,
    "room/second.py": """
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from .first import run

        LIMIT = [1]  # fmt: skip


        def told():
            from ..top import start
        """,
    "top.py": "from luthier.room import first\n",
}


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "luthier"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = text.splitlines()
        path.write_text("\n".join(line.removeprefix(" " * 8) for line in lines) + "\n")
    return root


def test_rooms_floors_arrows_and_circles(tree) -> None:
    figures = house.measure(tree)
    assert figures["rooms"] == 3
    assert figures["arrows"] == 3  # room to ground, room to top, top to room
    assert figures["floors"] == 2
    assert figures["room_circles"] == [["room", "top"]]
    assert figures["file_circles"] == [["room.first", "room.second", "top"]]


def test_private_uses_are_those_of_other_objects(tree) -> None:
    found = {(place.file, place.text) for place in house.private_uses(house.read(tree))}
    assert found == {
        ("ground.py", "x._other"),
        ("ground.py", "x._secret"),
        ("room/first.py", "import _hidden"),
    }


def test_counts(tree) -> None:
    figures = house.measure(tree)
    assert figures["format_skips"] == 1
    assert figures["duplicate_names"] == 1  # told
    assert figures["duplicate_constants"] == 1  # LIMIT
    assert figures["participle_functions"] == 2  # told, twice
    assert figures["imports_in_functions"] == 3
    assert figures["own_imports_in_functions"] == 2
    assert figures["functions_with_7_parameters"] == 1
    assert figures["parallel_assignments_over_two_names"] == 1
    assert figures["files_over_300_statements"] == 0


def test_statements_leave_docstrings_out(tmp_path) -> None:
    path = tmp_path / "a.py"
    path.write_text('"Text."\n\n\ndef f():\n    "Text."\n    if 1:\n        return 2\n')
    assert house.n_statements(house.Source(path, tmp_path)) == 3


def test_long_functions_and_lines(tmp_path) -> None:
    body = "    x = 1\n" * 61
    (tmp_path / "a.py").write_text(f"def f():\n{body}\n\ndef g():\n    {'x' * 97}\n")
    sources = house.read(tmp_path)
    assert [p.text for p in house.long_functions(sources)] == ["f: 61 lines"]
    assert len(house.long_lines(sources)) == 1


def test_the_command_prints_a_table_json_and_places(tree) -> None:
    def output(*args):
        run = [sys.executable, str(SCRIPT), str(tree), *args]
        return subprocess.run(run, capture_output=True, text=True, check=True).stdout

    assert "room circles" in output()
    assert '"rooms": 3' in output("--json")
    assert "second.py:7: LIMIT = [1]  # fmt: skip" in output("--list", "format_skips")
