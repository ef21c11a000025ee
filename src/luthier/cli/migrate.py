"""Command `migrate`."""

from __future__ import annotations

import ast
import difflib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click

from .. import compat
from .text import examples

# Of Ray, what belongs to Ray Tune; `ray` itself is switched where one of these is imported.
_OF_RAY = {"air", "train", "tune"}


class _Edit(NamedTuple):
    """A piece of one line that is replaced.

    Attributes:
        line: Number of the line, from 1.
        begin: Its first byte in the line.
        end: The byte after its last.
        text: What stands there then.
    """

    line: int
    begin: int
    end: int
    text: str


@cache
def find_peers() -> set[str]:
    """Return the libraries whose words `luthier.compat` has."""
    folder = Path(str(compat.__file__)).parent
    return {file.parent.name for file in folder.glob("*/__init__.py")}


def switch_imports(source: str) -> tuple[str, list[str]]:
    """Return a program whose imports name `luthier.compat`; all other text stays as it is.

    Args:
        source: The program.

    Returns:
        The new program, and a remark for each import that was left.

    Raises:
        SyntaxError: It is no Python.
    """
    tree = ast.parse(source)
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    uses_tune = any(_names_tune(node) for node in nodes)
    lines = source.encode().splitlines(keepends=True)  # as `ast` counts them
    edits: list[_Edit] = []
    remarks: list[str] = []
    for node in nodes:
        found = _switch(node, lines, uses_tune)
        if isinstance(found, str):
            remarks.append(f"line {node.lineno} stays: {found}")
        else:
            edits += found
    for edit in sorted(edits, key=lambda e: (e.line, e.begin), reverse=True):
        line = lines[edit.line - 1]
        lines[edit.line - 1] = line[: edit.begin] + edit.text.encode() + line[edit.end :]
    return b"".join(lines).decode(), remarks


def _names_tune(node: ast.Import | ast.ImportFrom) -> bool:
    """Whether an import is of Ray Tune."""
    if isinstance(node, ast.Import):
        return any(_is_of_tune(alias.name) for alias in node.names)
    if node.module == "ray":
        return any(alias.name in _OF_RAY for alias in node.names)
    return not node.level and _is_of_tune(node.module or "")


def _is_of_tune(module: str) -> bool:
    first, _, rest = module.partition(".")
    return first == "ray" and rest.partition(".")[0] in _OF_RAY


def _switch(
    node: ast.Import | ast.ImportFrom, lines: list[bytes], uses_tune: bool
) -> list[_Edit] | str:
    """Return the edits of an import; or why it stays."""
    if isinstance(node, ast.ImportFrom):
        return _switch_from(node, lines)
    edits = []
    for alias in node.names:
        first, _, rest = alias.name.partition(".")
        if first not in find_peers():
            continue
        if first == "ray" and not (_is_of_tune(alias.name) or (not rest and uses_tune)):
            return f"{alias.name} is not of Ray Tune"
        text = f"luthier.compat.{alias.name}"
        if alias.asname is None:  # the name that the program uses stays bound
            text = f"luthier.compat.{first} as {first}" + (f", {text}" if rest else "")
        else:
            text += f" as {alias.asname}"
        end = alias.end_col_offset or 0
        edits.append(_Edit(alias.lineno, alias.col_offset, end, text))
    return edits


def _switch_from(node: ast.ImportFrom, lines: list[bytes]) -> list[_Edit] | str:
    module = node.module or ""
    first = module.partition(".")[0]
    if node.level or first not in find_peers():
        return []
    if first == "ray":
        others = [a.name for a in node.names if module == "ray" and a.name not in _OF_RAY]
        if others or not (module == "ray" or _is_of_tune(module)):
            return f"{', '.join(others) or module} is not of Ray Tune"
    begin = lines[node.lineno - 1].find(module.encode(), node.col_offset + len("from"))
    if begin < 0:
        return "its module stands on another line"
    return [_Edit(node.lineno, begin, begin + len(first), f"luthier.compat.{first}")]


@click.command(epilog=examples("luthier migrate train.py", "luthier migrate train.py | patch -p0"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def migrate(file: Path) -> None:
    """Print a diff by which a program for another library runs on luthier.

    FILE is a Python program. Imports of the libraries that luthier.compat knows are switched; no
    other line is touched, and the file stays as it is.
    """
    with open(file, encoding="utf-8", newline="") as opened:
        source = opened.read()
    try:
        switched, remarks = switch_imports(source)
    except SyntaxError as e:
        raise click.ClickException(f"{file} is no Python program: {e}") from None
    for remark in remarks:
        click.echo(f"{file}: {remark}", err=True)
    if switched == source:
        click.echo(f"{file} imports none of {', '.join(sorted(find_peers()))}.", err=True)
    before, after = (
        [line.decode() for line in text.encode().splitlines(keepends=True)]
        for text in (source, switched)
    )
    diff = difflib.unified_diff(before, after, str(file), str(file))
    click.echo("".join(_end(line) for line in diff), nl=False)


def _end(line: str) -> str:
    """Return a line of a diff, with the sign of a file that ends within its last line."""
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
