"""Command `migrate`."""

from __future__ import annotations

import ast
import codecs
import difflib
import io
import tokenize
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

_ELSEWHERE = {"optuna_integration": "optuna.integration"}  # a package, and its place here

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
    for call in program.nodes:
        name = _read_called_import(call) if isinstance(call, ast.Call) else None
        if isinstance(call, ast.Call) and name is not None and _find_place(name, peers):
            remarks.append(f"line {call.lineno} stays: it imports {name} by a call")
    return edits, remarks


def _find_place(module: str, peers: Collection[str]) -> str | None:
    """Return where the first package of a module is in `luthier.compat`; None where it is not."""
    first = module.partition(".")[0]
    place = _ELSEWHERE.get(first, first)
    return place if place.partition(".")[0] in peers else None


def _read_called_import(call: ast.Call) -> str | None:
    """Return the module that `import_module("...")` or `__import__("...")` imports, or None."""
    named = call.func.attr if isinstance(call.func, ast.Attribute) else None
    named = call.func.id if isinstance(call.func, ast.Name) else named
    if named not in ("import_module", "__import__") or not call.args:
        return None
    module = call.args[0]
    is_text = isinstance(module, ast.Constant) and isinstance(module.value, str)
    return str(module.value) if is_text else None  # type: ignore[attr-defined]


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
        place = _find_place(first, peers)
        if place is None:
            continue
        if first == "ray" and not (_is_of_tune(alias.name) or (not rest and uses_tune)):
            return f"{alias.name} is not of Ray Tune"
        text = f"luthier.compat.{place}" + (f".{rest}" if rest else "")
        if alias.asname is None:  # the name that the program uses stays bound
            text = f"luthier.compat.{place} as {first}" + (f", {text}" if rest else "")
        else:
            text += f" as {alias.asname}"
        edits.append(program.replace(alias, text))
    return edits


def _switch_from(
    node: ast.ImportFrom, program: Program, peers: Collection[str]
) -> list[Edit] | str:
    module = node.module or ""
    first = module.partition(".")[0]
    place = _find_place(first, peers)
    if node.level or place is None:
        return []
    if first == "ray":
        others = [a.name for a in node.names if module == "ray" and a.name not in _OF_RAY]
        if others or not (module == "ray" or _is_of_tune(module)):
            return f"{', '.join(others) or module} is not of Ray Tune"
    begin = program.begin(node) + len("from")
    begin = program.find(module, begin, program.begin(node.names[0]))
    if begin < 0:
        return "its module is written in parts"
    return [Edit(begin, begin + len(first), f"luthier.compat.{place}")]


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
            switched.add(peer)  # for packages beside it
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
    if file.suffix == ".ipynb":
        raise click.ClickException(
            f"{file} is a notebook: make a program of it by `jupyter nbconvert --to script`, or "
            "change the import lines in its cells"
        )
    data = file.read_bytes()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        source = data.decode(encoding)
        switched, remarks = translate(source) if native else switch_imports(source)
    except (SyntaxError, UnicodeDecodeError) as e:
        raise click.ClickException(f"{file} is no Python program: {e}") from None
    for remark in remarks:
        click.echo(f"{file}: {remark}", err=True)
    if switched == source and not remarks:
        click.echo(f"{file} imports none of {', '.join(sorted(find_peers()))}.", err=True)
    mark = "\ufeff" if data.startswith(codecs.BOM_UTF8) else ""
    before, after = (
        [line.decode() for line in (mark + text).encode().splitlines(keepends=True)]
        for text in (source, switched)
    )
    diff = difflib.unified_diff(before, after, str(file), str(file))
    text = "".join(_end(line) for line in diff)
    click.echo(text.encode("utf-8" if mark else encoding), nl=False)


def _end(line: str) -> str:
    """Return a line of a diff, with the sign of a file that ends within its last line."""
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
