"""Command `migrate`."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection
from functools import cache
from pathlib import Path

import click

from .. import compat
from .own_spaces import translate_hyperopt, translate_skopt
from .own_words import translate as translate_optuna
from .program_text import Edit, NoExactWordError, Program
from .text import examples

# Of Ray, what belongs to Ray Tune; `ray` itself is switched where one of these is imported.
_OF_RAY = {"air", "train", "tune"}


TRANSLATORS = {
    "optuna": translate_optuna,
    "hyperopt": translate_hyperopt,
    "skopt": translate_skopt,
}


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
    program = Program(source)
    edits, remarks = find_switches(program, find_peers())
    return program.apply(edits), remarks


def find_switches(program: Program, peers: Collection[str]) -> tuple[list[Edit], list[str]]:
    """Return the edits that switch the imports of some libraries, and what was left.

    Args:
        program: The program.
        peers: The libraries.
    """
    nodes = [n for n in program.nodes if isinstance(n, ast.Import | ast.ImportFrom)]
    uses_tune = any(_names_tune(node) for node in nodes)
    edits: list[Edit] = []
    remarks: list[str] = []
    for node in nodes:
        found = _switch(node, program, peers, uses_tune)
        if isinstance(found, str):
            remarks.append(f"line {node.lineno} stays: {found}")
        else:
            edits += found
    return edits, remarks


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
    node: ast.Import | ast.ImportFrom, program: Program, peers: Collection[str], uses_tune: bool
) -> list[Edit] | str:
    """Return the edits of an import; or why it stays."""
    if isinstance(node, ast.ImportFrom):
        return _switch_from(node, program, peers)
    edits = []
    for alias in node.names:
        first, _, rest = alias.name.partition(".")
        if first not in peers:
            continue
        if first == "ray" and not (_is_of_tune(alias.name) or (not rest and uses_tune)):
            return f"{alias.name} is not of Ray Tune"
        text = f"luthier.compat.{alias.name}"
        if alias.asname is None:  # the name that the program uses stays bound
            text = f"luthier.compat.{first} as {first}" + (f", {text}" if rest else "")
        else:
            text += f" as {alias.asname}"
        edits.append(program.replace(alias, text))
    return edits


def _switch_from(
    node: ast.ImportFrom, program: Program, peers: Collection[str]
) -> list[Edit] | str:
    module = node.module or ""
    first = module.partition(".")[0]
    if node.level or first not in peers:
        return []
    if first == "ray":
        others = [a.name for a in node.names if module == "ray" and a.name not in _OF_RAY]
        if others or not (module == "ray" or _is_of_tune(module)):
            return f"{', '.join(others) or module} is not of Ray Tune"
    begin = program.begin(node) + len("from")
    begin = program.find(module, begin, program.begin(node.names[0]))
    if begin < 0:
        return "its module is written in parts"
    return [Edit(begin, begin + len(first), f"luthier.compat.{first}")]


def translate(source: str) -> tuple[str, list[str]]:
    """Return a program in luthier's own words, as far as they are exact.

    The imports of a library of which something has no exact word are switched, with a comment above
    them that says why.

    Args:
        source: The program.

    Returns:
        The new program, and a remark for each import that was left.

    Raises:
        SyntaxError: It is no Python.
    """
    program = Program(source)
    edits: list[Edit] = []
    switched = find_peers() - TRANSLATORS.keys()
    for peer, translator in TRANSLATORS.items():
        if not any(_is_import_of(node, peer) for node in program.nodes):
            continue
        try:
            _refuse_shared_imports(program)
            edits += translator(program)
        except NoExactWordError as e:
            edits.append(_comment(program, peer, str(e)))
            switched.add(peer)
    new, remarks = find_switches(program, switched)
    return program.apply([*edits, *new]), remarks


def _refuse_shared_imports(program: Program) -> None:
    """Refuse a statement that imports two of the libraries.

    Raises:
        NoExactWordError: There is one.
    """
    for node in program.nodes:
        if isinstance(node, ast.Import):
            peers = {alias.name.partition(".")[0] for alias in node.names} & find_peers()
            if len(peers) > 1:
                raise NoExactWordError.at(node, f"an import of {' and '.join(sorted(peers))}")


def _is_import_of(node: ast.AST, peer: str) -> bool:
    if isinstance(node, ast.ImportFrom):
        return not node.level and (node.module or "").partition(".")[0] == peer
    names = node.names if isinstance(node, ast.Import) else []
    return any(alias.name.partition(".")[0] == peer for alias in names)


def _comment(program: Program, peer: str, why: str) -> Edit:
    """Return the edit that says above the first import of a library why it stays."""
    found = [n for n in program.nodes if isinstance(n, ast.stmt) and _is_import_of(n, peer)]
    first = min(found, key=lambda node: node.lineno)
    begin = program.place(first.lineno, 0)
    indent = program.indent(first)
    text = f"{indent[: len(indent) - len(indent.lstrip())]}# Stays on luthier.compat: {why}.\n"
    return Edit(begin, begin, text)


@click.command(
    epilog=examples(
        "luthier migrate train.py",
        "luthier migrate --native train.py",
        "luthier migrate train.py | patch -p0",
    )
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--native",
    is_flag=True,
    help="Go on to luthier's own words, for Optuna, Hyperopt and scikit-optimize, where each word "
    "of theirs in the file has an exact one.",
)
def migrate(file: Path, native: bool) -> None:
    """Print a diff by which a program for another library runs on luthier.

    FILE is a Python program. Imports of the libraries that luthier.compat knows are switched; no
    other line is touched, and the file stays as it is.
    """
    with open(file, encoding="utf-8", newline="") as opened:
        source = opened.read()
    try:
        switched, remarks = translate(source) if native else switch_imports(source)
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
