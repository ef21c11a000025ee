"""What the documentation says is true: its code runs, its commands run, its links lead somewhere.

How a page is read:

- ```python blocks run in order, in one namespace and one process, in an empty folder, with warnings
  as errors.
- A ```text block right after one is what that block prints; "..." stands for anything.
- A block that begins with a comment of nothing but a file's name (after `#!`, if it has that) is
  that file.
- Commands in ```sh, ```bash and ```console blocks that begin with `luthier` run in the same folder,
  after the code.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from benchmarks.speed import BESIDE_OPTUNA

import luthier
from luthier.cli import cli

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELLS = ("sh", "bash", "console")
SLOW = {"demo", "serve"}  # commands whose options are read, and which are not run


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
            fence, begin = opening[1], i + 1
        elif fence is not None and re.fullmatch(r"```+", line):
            found.append(Block(fence, begin, "\n".join(lines[begin - 1 : i - 1]) + "\n"))
            fence = None
    assert fence is None, f"{page.name}: the block of line {begin} does not end"
    return found


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


def run(argv: list[str], folder: Path, told: str = "") -> subprocess.CompletedProcess[str]:
    """Runs a program in a folder, with `luthier` on its PATH."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("LUTHIER_")}
    env |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', '')}"}
    env |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return subprocess.run(
        argv,
        input=told,
        capture_output=True,
        text=True,
        cwd=folder,
        env=env,
        check=False,
    )


_DRIVER = """
import json, sys
sys.path.insert(0, "")
for _line, _name, _text in json.load(sys.stdin):
    exec(compile("\\n" * (_line - 1) + _text, _name, "exec"), globals())
    print("\\x1e", end="", flush=True)
"""


def names(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_code_runs_and_prints_what_the_page_says(page, tmp_path):
    found = blocks(page)
    code = [(i, b) for i, b in enumerate(found) if b.language == "python" and b.file is None]
    if not code:
        pytest.fail(f"{page.name} has no code; take it out of PAGES if it is to have none")
    write_files(page, tmp_path)
    script = json.dumps([(block.line, str(page), block.text) for _, block in code])
    done = run([sys.executable, "-W", "error", "-c", _DRIVER], tmp_path, script)
    assert done.returncode == 0, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    printed = done.stdout.split("\x1e")
    for (i, block), got in zip(code, printed, strict=False):
        after = found[i + 1] if i + 1 < len(found) else None
        if after is not None and after.language == "text":
            wanted = re.escape(after.text.rstrip()).replace(re.escape("..."), ".*")
            seen = "\n".join(map(str.rstrip, got.splitlines()))
            assert re.fullmatch(wanted, seen, re.DOTALL), f"{page.name}:{block.line} prints\n{got}"


WITH_COMMANDS = [page for page in PAGES if commands(page)]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=names(WITH_COMMANDS))
def test_commands_run(page, tmp_path):
    write_files(page, tmp_path)
    for argv in commands(page):
        if argv[1] in SLOW:
            cli.commands[argv[1]].make_context(argv[1], argv[2:])
            continue
        done = run(argv, tmp_path)
        assert done.returncode == 0, f"{page.name}: {shlex.join(argv)}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_file_of_a_page_is_used(page):
    used = {Path(word.partition(":")[0]).name for argv in commands(page) for word in argv}
    files = {block.file for block in blocks(page) if block.file}
    assert files <= used


def test_commands_are_found():
    assert {argv[1] for page in PAGES for argv in commands(page)} >= set(cli.commands) - SLOW


# -- links and names
# ----------------------------------------------------------------------------------------------

MARKDOWN = [*PAGES, *sorted(set(ROOT.glob("*.md")) - set(PAGES))]


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(
        r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )


def anchors(page: Path) -> set[str]:
    """What `#...` can point to, spelled as GitHub does."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", MARKDOWN, ids=names(MARKDOWN))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_relative_to(ROOT), f"{target} leads out of the repository"
        assert file.exists(), f"{target} does not exist"
        assert not anchor or anchor in anchors(file), f"{target}: there is no such heading"


def test_public_names_are_mentioned():
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in luthier.__all__ if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("room", ["samplers", "schedulers"])
def test_every_method_has_its_row(room):
    rows = re.findall(
        r"^\| (\w+) \|", (ROOT / "docs" / "algorithms.md").read_text(), flags=re.MULTILINE
    )
    contract = {"Sampler", "Scheduler", "Decision"}
    assert set(getattr(luthier, room).__all__) - contract <= set(rows)


def test_figures_of_the_readme_are_the_rows_of_the_benchmark():
    text = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    rows = [row.name for row in BESIDE_OPTUNA]
    assert [row for row in rows if f"| {row.lower()} |" not in text] == []
