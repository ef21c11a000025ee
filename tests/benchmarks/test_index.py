"""Every benchmark is run in the same way, and is listed in benchmarks/README.md."""

import ast
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
SCRIPTS = {p.stem: p for p in FOLDER.glob("*.py") if p.stem != "__init__"}
SCRIPTS |= {p.parent.name: p for p in FOLDER.glob("*/__main__.py")}


def test_every_benchmark_has_its_row():
    assert set(re.findall(r"^\| `(\w+)` \|", README, flags=re.MULTILINE)) == set(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_is_run_as_a_module(name):
    tree = ast.parse(SCRIPTS[name].read_text(encoding="utf-8"))
    assert any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)
    source = SCRIPTS[name]
    if source.name == "__main__.py":
        source = source.with_name("__init__.py")
    doc = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))
    assert f"python -m benchmarks.{name}" in doc


def test_the_last_results_that_the_readme_names_exist():
    named = set(re.findall(r"results/[\w.-]+", README))
    assert named
    assert [name for name in named if not (FOLDER / name).exists()] == []
