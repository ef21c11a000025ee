"""What the documentation says is true: its code and commands run, its links lead somewhere.

How a page is read:

- ```python blocks of a page run in order, in one namespace, in an empty folder, with warnings as
  errors. The pages of one folder run in one process, one after the other.
- A ```text block right after one is what that block prints; "..." stands for anything.
- A block that begins with a comment of nothing but a file's name (after `#!`, if it has that) is
  that file.
- Commands in ```sh, ```bash and ```console blocks that begin with `luthier` run in an empty folder
  with these files.
- Comments such as <!-- api: luthier.storages --> stand for generated parts: docs/_ext/api_pages.py.
"""

import ast
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
from benchmarks.speed import BESIDE_OPTUNA

import luthier
from luthier.cli import cli

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
MARKDOWN = [*PAGES, *sorted(set(ROOT.glob("*.md")) - set(PAGES))]
SHELLS = ("sh", "bash", "console")
# Commands whose options are read, and which are not run: "import" needs another library's file.
SLOW = {"automl", "dashboard", "demo", "import", "serve"}


class Block(NamedTuple):
    language: str
    line: int  # of its first line of content, from 1
    text: str

    @property
    def file(self) -> str | None:
        """The name of the file that this block is, if it is one."""
        found = re.match(r"#!.*\n# ([\w.-]+)\n|# ([\w-]+\.[\w.]+)\n", self.text)
        return found and (found[1] or found[2])


def blocks(page: Path) -> list[Block]:
    found = []
    begin = 0
    fence = None
    lines = page.read_text(encoding="utf-8").splitlines()
    for i, line in enumerate(lines, start=1):
        if fence is None and (opening := re.match(r"```+(\w*)", line)):
            fence = opening[1]
            begin = i + 1
        elif fence is not None and re.fullmatch(r"```+", line):
            found.append(Block(fence, begin, "\n".join(lines[begin - 1 : i - 1]) + "\n"))
            fence = None
    assert fence is None, f"{page.name}: the block of line {begin} does not end"
    return found


def code(page: Path) -> list[Block]:
    """The Python blocks that run."""
    return [b for b in blocks(page) if b.language == "python" and b.file is None]


def commands(page: Path) -> list[list[str]]:
    """The words of every command of a page that begins with `luthier`."""
    found = []
    for block in blocks(page):
        if block.language in SHELLS and block.file is None:
            for line in block.text.replace("\\\n", " ").splitlines():
                line = line.removeprefix("$ ") if block.language == "console" else line
                if line.split()[:1] == ["luthier"]:
                    found.append(shlex.split(line, comments=True))
    return found


def write_files(page: Path, folder: Path) -> None:
    for block in blocks(page):
        if block.file:
            file = folder / block.file
            file.write_text(block.text)
            file.chmod(0o755 if block.text.startswith("#!") else 0o644)


def run(argv: list[str], folder: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs a program in a folder, with `luthier` on its PATH."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("LUTHIER_")}
    env |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', '')}"}
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    env |= dict.fromkeys(threads, "1")
    return subprocess.run(
        argv, input=stdin, capture_output=True, text=True, cwd=folder, env=env, check=False
    )


_DRIVER = """
import json, os, sys, types
sys.path.insert(0, "")
for _folder, _page, _blocks in json.load(sys.stdin):
    os.chdir(_folder)
    sys.modules["__main__"] = types.ModuleType("__main__")
    for _line, _text in _blocks:
        exec(compile("\\n" * (_line - 1) + _text, _page, "exec"), sys.modules["__main__"].__dict__)
        print("\\x1e", end="", flush=True)
"""


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def folder(page: Path) -> str:
    return str(page.parent.relative_to(ROOT)) if page.parent != ROOT else page.name


WITH_CODE = sorted((page for page in PAGES if code(page)), key=folder)
GROUPS = {group: list(pages) for group, pages in groupby(WITH_CODE, key=folder)}


def mostly_slow(case: object, page: Path) -> object:
    """A case of a page; all pages but the first, the README, are left to `make test-all`."""
    return pytest.param(case, marks=[] if page == PAGES[0] else pytest.mark.slow)


@pytest.mark.parametrize(
    "pages", [mostly_slow(pages, pages[0]) for pages in GROUPS.values()], ids=GROUPS
)
def test_code_runs_and_prints_what_the_page_says(pages: list[Path], tmp_path: Path) -> None:
    script = []
    for page in pages:
        place = tmp_path / page.stem
        place.mkdir()
        write_files(page, place)
        script.append((str(place), name(page), [(b.line, b.text) for b in code(page)]))
    done = run([sys.executable, "-W", "error", "-c", _DRIVER], tmp_path, json.dumps(script))
    assert done.returncode == 0, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    printed = iter(done.stdout.split("\x1e"))
    wrong = []
    for page in pages:
        found = blocks(page)
        for block in code(page):
            got = "\n".join(map(str.rstrip, next(printed).splitlines()))
            i = found.index(block)
            after = found[i + 1] if i + 1 < len(found) else None
            if after is not None and after.language == "text" and not is_like(after.text, got):
                wrong.append(f"{name(page)}:{block.line} prints\n{got}")
    assert not wrong, "\n\n".join(wrong)


def is_like(wanted: str, got: str) -> bool:
    """Whether a text is what a page says, where "..." stands for anything."""
    pattern = re.escape(wanted.rstrip()).replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, got, re.DOTALL) is not None


WITH_COMMANDS = [page for page in PAGES if commands(page)]


@pytest.mark.parametrize(
    "page", [mostly_slow(page, page) for page in WITH_COMMANDS], ids=map(name, WITH_COMMANDS)
)
def test_commands_run(page: Path, tmp_path: Path) -> None:
    write_files(page, tmp_path)
    for argv in commands(page):
        if argv[1] in SLOW:
            cli.commands[argv[1]].make_context(argv[1], argv[2:])
            continue
        done = run(argv, tmp_path)
        assert done.returncode == 0, f"{page.name}: {shlex.join(argv)}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=map(name, PAGES))
def test_every_file_of_a_page_is_used(page: Path) -> None:
    found = blocks(page)
    for file in {block.file for block in found if block.file}:
        others = [block.text for block in found if block.file != file]
        assert any(re.search(rf"\b{Path(file).stem}\b", text) for text in others), file


def test_commands_are_found() -> None:
    assert {argv[1] for page in PAGES for argv in commands(page)} >= set(cli.commands) - SLOW


# -- links


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What `#...` can point to, spelled as GitHub does."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", MARKDOWN, ids=map(name, MARKDOWN))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_relative_to(ROOT), f"{target} leads out of the repository"
        assert file.exists(), f"{target} does not exist"
        assert not anchor or anchor in anchors(file), f"{target}: there is no such heading"


# -- every public name, every method, every figure


def test_public_names_are_mentioned() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [n for n in luthier.__all__ if not re.search(rf"\b{n}\b", text)] == []


def generated_parts(kind: str) -> list[list[str]]:
    """The words of the comments of one kind in all pages: <!-- kind: words -->."""
    pattern = re.compile(rf"<!-- {kind}: ([\w. ]+) -->")
    return [m[1].split() for page in PAGES for m in pattern.finditer(page.read_text("utf-8"))]


def test_every_public_package_has_its_reference() -> None:
    members = [getattr(luthier, n) for n in luthier.__all__]
    public = {"luthier"} | {m.__name__ for m in members if isinstance(m, ModuleType)}
    parts = generated_parts("api")
    whole = [module for module, *names in parts if not names]  # all names that no other part has
    assert sorted(whole) == sorted(public)
    for module, *names in parts:
        package = getattr(luthier, module.removeprefix("luthier."), luthier)
        assert set(names) <= set(package.__all__) if names else True


def methods(room: str) -> set[str]:
    """The classes of a package that fulfil its contract: those below its abstract class."""
    package = getattr(luthier, room)
    found = [getattr(package, n) for n in package.__all__]
    (contract,) = [c for c in found if inspect.isabstract(c)]
    return {c.__name__ for c in found if issubclass(c, contract) and c is not contract}


@pytest.mark.parametrize("room", ["samplers", "schedulers", "stopping"])
def test_every_method_has_a_page_and_is_in_the_list(room: str) -> None:
    place = DOCS / "methods" / room
    pages = {page.stem for page in place.glob("*.md")} - {"index"}
    assert pages == {n.lower() for n in methods(room)}
    classes = {words[0] for words in generated_parts("class")}
    assert classes >= {f"luthier.{room}.{n}" for n in methods(room)}
    index = (place / "index.md").read_text(encoding="utf-8")
    assert [page for page in pages if f"({page}.md)" not in index] == []


def rows(page: Path) -> list[str]:
    return re.findall(r"^\|.*\|$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_figures_are_the_rows_of_the_benchmark() -> None:
    page = DOCS / "benchmarks" / "speed.md"
    text = "\n".join(rows(page)).lower()
    names = [row.name for row in BESIDE_OPTUNA]
    assert names
    assert [n for n in names if f"| {n.lower()} |" not in text] == []
    readme = [row for row in rows(ROOT / "README.md") if " ms " in row]
    assert readme
    assert set(readme) <= set(rows(page))


def test_the_floors_of_the_architecture_are_those_of_its_test() -> None:
    source = (ROOT / "tests" / "test_architecture.py").read_text(encoding="utf-8")
    (floors,) = [
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FLOORS"
    ]
    stated = [re.match(r"\| (\d+) \| ([^|]+) \|", row) for row in rows(ROOT / "ARCHITECTURE.md")]
    pages = {int(m[1]) - 1: set(re.findall(r"`(\w+)`", m[2])) for m in stated if m}
    assert pages == {i: set(packages) for i, packages in enumerate(floors)}


def test_cells_of_tables_are_short() -> None:
    tables = [row for page in [*PAGES, ROOT / "ARCHITECTURE.md"] for row in rows(page)]
    cells = [cell.strip() for row in tables for cell in row.strip("|").split(" | ")]
    assert [cell for cell in cells if len(cell) > 120] == []


def test_the_glossary_gives_each_word_one_meaning() -> None:
    words = [row.split("|")[1].strip() for row in rows(DOCS / "glossary.md")]
    words = [w for w in words if w not in ("word", "name", "---")]
    assert len(words) > 80
    assert [w for w in words if words.count(w) > 1] == []
