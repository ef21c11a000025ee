"""Names that load on first use: all are listed, resolve, and are what a type checker sees."""

from __future__ import annotations

import ast
import contextlib
import importlib
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import luthier
from luthier._lazy import attach
from luthier.errors import MissingDependencyError

SRC = Path(luthier.__file__).parent
ATTACHED = sorted(
    ".".join(["luthier", *path.relative_to(SRC).with_suffix("").parts]).removesuffix(".__init__")
    for path in SRC.rglob("*.py")
    if "= attach(" in path.read_text()
)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with the file `wood`, one that needs a missing package, and one with a fault."""
    folder = tmp_path / "lazy_example"
    folder.mkdir()
    (folder / "__init__.py").write_text("__all__ = ['Oak', 'Pine', 'Rust', 'wood']")
    (folder / "wood.py").write_text("class Oak: pass")
    (folder / "pine.py").write_text("import not_installed.at_all")
    (folder / "rust.py").write_text("from luthier.errors import NoSuchError")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("lazy_example")
    files = {"Oak": "wood", "Pine": "pine", "Rust": "rust", "wood": ""}
    extras = {"Pine": "pine", "Rust": "rust"}
    module.__getattr__, module.__dir__ = attach("lazy_example", files, extras)
    yield module
    for name in [m for m in sys.modules if m.partition(".")[0] == "lazy_example"]:
        del sys.modules[name]


def test_a_name_loads_its_file_once(package):
    assert "lazy_example.wood" not in sys.modules
    assert package.Oak is sys.modules["lazy_example.wood"].Oak
    assert vars(package)["Oak"] is package.Oak


def test_a_name_may_be_a_module(package):
    assert package.wood is importlib.import_module("lazy_example.wood")


def test_threads_see_one_class(package):
    found = []
    threads = [threading.Thread(target=lambda: found.append(package.Oak)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_an_unknown_name_is_answered_with_all_names(package):
    with pytest.raises(AttributeError) as e:
        package.Ebony
    assert str(e.value) == (
        "module 'lazy_example' has no attribute 'Ebony'; it has Oak, Pine, Rust, wood"
    )
    with pytest.raises(ImportError, match="cannot import name 'Ebony'"):
        exec("from lazy_example import Ebony")


def test_python_suggests_the_nearest_name():
    done = subprocess.run(
        [sys.executable, "-c", "import luthier; luthier.samplers.TPR"],
        capture_output=True,
        text=True,
    )
    assert "has no attribute 'TPR'; it has Auto, BOHB" in done.stderr
    assert done.stderr.rstrip().endswith("Did you mean: 'TPE'?")


def test_a_package_that_is_not_installed_is_named_with_its_extra(package):
    with pytest.raises(MissingDependencyError) as e:
        package.Pine
    assert str(e.value) == "lazy_example.Pine needs not_installed: pip install 'luthier[pine]'"


def test_a_fault_of_our_own_stays_what_it_is(package):
    with pytest.raises(ImportError, match="NoSuchError") as e:
        package.Rust
    assert not isinstance(e.value, MissingDependencyError)


def test_every_package_with_names_is_attached():
    for path in SRC.rglob("__init__.py"):
        if "__all__" in path.read_text() and "compat" not in path.parts:  # what they need is light
            assert "= attach(" in path.read_text(), path


@pytest.mark.parametrize("name", ATTACHED)
def test_all_names_are_listed_and_resolve(name):
    module = importlib.import_module(name)
    assert dir(module) == sorted(module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)
    for public in module.__all__:
        with contextlib.suppress(MissingDependencyError):
            assert getattr(module, public) is not None


@pytest.mark.parametrize("name", ATTACHED)
def test_tables_say_what_type_checkers_read(name):
    """The imports under TYPE_CHECKING, the table of files and `__all__` agree."""
    tree = ast.parse(Path(importlib.import_module(name).__file__).read_text())
    typed, table, extras = {}, {}, {}
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for statement in node.body:
                for alias in statement.names:
                    assert alias.asname == alias.name
                    typed[alias.name] = statement.module or ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "attach":
            tables = [
                vars(importlib.import_module(name))[a.id]
                if isinstance(a, ast.Name)
                else ast.literal_eval(a)
                for a in node.args[1:]
            ]
            table, extras = [*tables, {}, {}][:2]
    assert typed == table
    assert extras.keys() <= table.keys()
    assert table.keys() <= set(importlib.import_module(name).__all__)


@pytest.mark.parametrize("name", ATTACHED)
def test_no_lazy_name_is_hidden_by_a_file_of_that_name(name):
    """Where `room/word.py` is imported, `room.word` becomes that module."""
    module = importlib.import_module(name)
    eager = {"energy", "latency", "compare"}  # the package imports these at once, after their file
    for public in set(module.__all__) - eager:
        path = Path(module.__file__).parent / f"{public}.py"
        is_module = (
            path.exists() or (path.parent / public).is_dir()
        ) and "__init__" in module.__file__
        assert not is_module or vars(getattr(module, public)).get("__file__"), public


def test_star_imports_give_all_names():
    code = "from luthier.samplers import *; assert TPE().sample"
    code += "; from luthier import *; Study, samplers"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_how_to_install_an_extra_is_written_for_every_shell() -> None:
    """Brackets without quotes are a pattern to zsh, which then finds no file of that name."""
    top = Path(luthier.__file__).parents[2]
    pages = [*top.glob("*.md"), *top.glob("docs/**/*.md"), *top.glob("src/luthier/**/*.py")]
    bare = [p.name for p in pages if re.search(r"install\s+luthier\[", p.read_text())]
    assert pages
    assert not bare
