"""Figures of a source tree: its rooms, how they import each other, and how its code is written.

    python scripts/measure_house.py                       # a table of src/luthier
    python scripts/measure_house.py other/src/luthier --json
    python scripts/measure_house.py --list private_uses   # where they are

A room is a package or module that lies directly in the tree; the tree's own `__init__.py` is none.
An arrow leads from a room to another one that it imports anywhere: at the top of a file, inside a
function or under TYPE_CHECKING. The exception is TYPE_CHECKING in an `__init__.py`, which lists for
type checkers what the package loads on first use; it imports nothing for the package itself.
"""

from __future__ import annotations

import argparse
import ast
import collections
import io
import json
import re
import statistics
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

SRC = Path(__file__).resolve().parents[1] / "src" / "luthier"

MAX_COLUMNS = 100
MAX_BODY_LINES = 60
MAX_STATEMENTS = 300
MANY_PARAMETERS = 7
MAX_PARALLEL = 2  # names that one assignment of the form a, b = x, y may give values to

# Underscored names that are public by their documentation: of named tuples, and of the system.
NAMEDTUPLE_API = {"_replace", "_asdict", "_fields", "_make", "_field_defaults"}
SYSTEM_API = {"os._exit", "sys._getframe"}
OWN = {"self", "cls", "super()"}

# Past participles that do not end in "ed", of verbs that name functions in practice.
IRREGULAR = set(
    re.findall(
        r"\w+",
        """
        begun bent bought bound broken brought built caught chosen come cut dealt done drawn
        driven fallen felt forgotten found frozen given gone grown heard held hidden hit hung
        kept known laid lain learnt led left lent lost made meant met paid put read risen run
        said seen sent set shown shut slept sought spent split spoken spread stood struck sunk
        swept taken taught thought thrown told torn understood undone won worn woven written
        """,
    )
)
# Of these the base form is spelled the same, so that they are verbs as well.
ALSO_VERBS = {"come", "cut", "hit", "put", "read", "run", "set", "shut", "split", "spread"}
# Words in "ed" that are no participles.
NO_PARTICIPLES = {
    "bed",
    "embed",
    "exceed",
    "feed",
    "need",
    "proceed",
    "red",
    "seed",
    "speed",
    "succeed",
}

PREDICATES = {"is", "are", "has", "have", "was"}  # first words of names that ask

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | Function
Graph = Mapping[str, set[str]]  # node to the nodes that its arrows lead to


class Place(NamedTuple):
    """One finding: the file within the tree, the line, and what stands there."""

    file: str
    line: int
    text: str


class Source:
    """One file of the tree, read and parsed.

    Attributes:
        name: Its path within the tree.
        module: Its dotted name within the tree, as parts; () for the tree's own `__init__.py`.
        text: Its contents.
        tree: Its syntax tree.
    """

    def __init__(self, path: Path, root: Path) -> None:
        relative = path.relative_to(root)
        self.name = relative.as_posix()
        self.is_package = path.name == "__init__.py"
        self.module = relative.parent.parts if self.is_package else relative.with_suffix("").parts
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)

    @property
    def package(self) -> tuple[str, ...]:
        """The package that its relative imports start from."""
        return self.module if self.is_package else self.module[:-1]

    @cached_property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.text.splitlines()

    @cached_property
    def comments(self) -> list[tuple[int, str]]:
        """Line and text of each comment."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return [(t.start[0], t.string) for t in tokens if t.type == tokenize.COMMENT]

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of its syntax tree."""
        return list(ast.walk(self.tree))

    @cached_property
    def functions(self) -> list[Function]:
        """All functions and methods, nested ones too."""
        return [node for node in self.nodes if isinstance(node, Function)]

    def place(self, line: int, text: str | None = None) -> Place:
        """A finding at a line, with the line itself as its text unless another is given."""
        return Place(self.name, line, self.lines[line - 1].strip() if text is None else text)


def read(root: Path) -> list[Source]:
    """Read all Python files of a tree."""
    return [Source(path, root) for path in sorted(root.rglob("*.py"))]


# -- imports ---------------------------------------------------------------------------------------


def imported_modules(
    source: Source, modules: set[tuple[str, ...]], top: str
) -> set[tuple[str, ...]]:
    """Modules of the tree that a file imports.

    `from .a import b` is an import of the module a.b where there is one, and of a otherwise.

    Args:
        source: The file.
        modules: All modules of the tree.
        top: The name under which absolute imports know the tree, such as "luthier".
    """
    found = set()
    for node in runtime_nodes(source):
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
            found |= {name[1:] for name in names if name[0] == top}
        elif (
            isinstance(node, ast.ImportFrom)
            and (base := import_base(source, node, top)) is not None
        ):
            for alias in node.names:
                full = (*base, alias.name)
                found.add(full if full in modules else base)
    return (found & modules) - {source.module}


def runtime_nodes(source: Source) -> Iterator[ast.AST]:
    """All nodes of a file, without what stands under TYPE_CHECKING in an `__init__.py`."""
    waiting: list[ast.AST] = [source.tree]
    while waiting:
        node = waiting.pop()
        yield node
        guarded = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if source.is_package and guarded:
            continue
        waiting += ast.iter_child_nodes(node)


def import_base(source: Source, node: ast.ImportFrom, top: str) -> tuple[str, ...] | None:
    """Module that a `from ... import` names, as parts within the tree; None for one outside."""
    named = tuple((node.module or "").split(".")) if node.module else ()
    if node.level:
        return source.package[: len(source.package) - node.level + 1] + named
    return named[1:] if named[:1] == (top,) else None


def file_graph(sources: Sequence[Source], top: str) -> dict[str, set[str]]:
    """Module to the modules that it imports, by dotted names; "" is the tree's `__init__.py`."""
    modules = {source.module for source in sources}
    return {
        ".".join(source.module): set(map(".".join, imported_modules(source, modules, top)))
        for source in sources
    }


def room_graph(files: Graph) -> dict[str, set[str]]:
    """Room to the other rooms that it imports; the tree's own `__init__.py` takes no part."""
    rooms: dict[str, set[str]] = collections.defaultdict(set)
    for module, others in files.items():
        if module:
            room = module.partition(".")[0]
            rooms[room] |= {other.partition(".")[0] for other in others if other} - {room}
    return dict(rooms)


def circles(graph: Graph) -> list[set[str]]:
    """Strongly connected components of more than one node, the largest first."""
    reach = {node: reachable(graph, node) for node in graph}
    found: list[set[str]] = []
    for node in graph:
        if node in reach[node] and not any(node in circle for circle in found):
            found.append({other for other in reach[node] if node in reach[other]})
    return sorted(found, key=len, reverse=True)


def reachable(graph: Graph, start: str) -> set[str]:
    """Nodes that one or more arrows lead to from a node."""
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += graph[node]
    return found


def floors(graph: Graph) -> list[list[str]]:
    """Rooms by the longest way down from them; rooms of one circle share a floor."""
    group = {node: frozenset({node}) for node in graph}
    for circle in circles(graph):
        group |= dict.fromkeys(circle, frozenset(circle))
    levels: dict[frozenset[str], int] = {}

    def level(of: frozenset[str]) -> int:
        if of not in levels:
            below = {group[other] for node in of for other in graph[node]} - {of}
            levels[of] = 1 + max(map(level, below), default=-1)
        return levels[of]

    found: dict[int, list[str]] = collections.defaultdict(list)
    for node in sorted(graph):
        found[level(group[node])].append(node)
    return [found[i] for i in sorted(found)]


def imports_in_functions(sources: Iterable[Source], own: bool, top: str) -> list[Place]:
    """Import statements inside functions; with `own` only those of modules of the tree."""
    found = set()
    for source in sources:
        for function in source.functions:
            for node in ast.walk(function):
                if not isinstance(node, ast.Import | ast.ImportFrom):
                    continue
                if isinstance(node, ast.ImportFrom):
                    inside = import_base(source, node, top) is not None
                else:
                    inside = any(alias.name.split(".")[0] == top for alias in node.names)
                if inside or not own:
                    found.add(source.place(node.lineno))
    return sorted(found)


# -- names -----------------------------------------------------------------------------------------


def is_private(name: str) -> bool:
    """Whether a name starts with an underscore, and does not end with one as special methods do."""
    return name.startswith("_") and not name.endswith("_") and name not in NAMEDTUPLE_API


def private_uses(sources: Sequence[Source], top: str = "luthier") -> list[Place]:
    """Uses of another object's private names.

    These are `x._name` where x is not self, cls or super(), the same by getattr with a literal
    name, and imports of a private name from a module of the tree. A private module may be imported.
    """
    modules = {source.module for source in sources}
    found = []
    for source in sources:
        for node in source.nodes:
            if isinstance(node, ast.Attribute) and is_private(node.attr):
                text = ast.unparse(node)
                if ast.unparse(node.value) not in OWN and text not in SYSTEM_API:
                    found.append(source.place(node.end_lineno or node.lineno, text))
            elif isinstance(node, ast.Call) and (name := literal_attribute(node)):
                found.append(source.place(node.lineno, name))
            elif isinstance(node, ast.ImportFrom):
                names = private_imports(source, node, modules, top)
                found += [source.place(node.lineno, f"import {name}") for name in names]
    return found


def literal_attribute(call: ast.Call) -> str | None:
    """Text such as "x._name" where a call is getattr, setattr or hasattr of a private name."""
    if not isinstance(call.func, ast.Name) or call.func.id not in {"getattr", "setattr", "hasattr"}:
        return None
    match call.args:
        case [owner, ast.Constant(value=str(name)), *_] if is_private(name):
            return None if ast.unparse(owner) in OWN else f"{ast.unparse(owner)}.{name}"
    return None


def private_imports(
    source: Source, node: ast.ImportFrom, modules: set[tuple[str, ...]], top: str
) -> list[str]:
    """Private names that a `from ... import` takes from a module of the tree; modules apart."""
    base = import_base(source, node, top)
    if base is None:
        return []
    names = [alias.name for alias in node.names if is_private(alias.name)]
    return [name for name in names if (*base, name) not in modules]


def definitions(source: Source) -> Iterator[tuple[str, int]]:
    """Name and line of each class and function at the top level of a file."""
    for node in source.tree.body:
        if isinstance(node, Function | ast.ClassDef):
            yield node.name, node.lineno


def constants(source: Source) -> Iterator[tuple[str, int]]:
    """Name and line of each assignment at the top level of a file, loggers apart."""
    for node in source.tree.body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for name in (n for target in targets for n in ast.walk(target)):
            if isinstance(name, ast.Name) and name.id != "logger":
                yield name.id, name.lineno


def duplicate_names(
    sources: Iterable[Source], names_of: Callable[[Source], Iterable[tuple[str, int]]] = definitions
) -> dict[str, list[Place]]:
    """Top-level name to its definitions, where several files define it; special names apart."""
    found: dict[str, dict[str, Place]] = collections.defaultdict(dict)
    for source in sources:
        for name, line in names_of(source):
            if not (name.startswith("__") and name.endswith("__")):
                found[name].setdefault(source.name, source.place(line))
    return {name: list(places.values()) for name, places in found.items() if len(places) > 1}


def is_participle(word: str) -> bool:
    """Whether a word is the past participle of a verb, and not the verb itself."""
    regular = word.endswith("ed") and word not in NO_PARTICIPLES
    return regular or word in IRREGULAR - ALSO_VERBS


def participle_functions(sources: Iterable[Source]) -> list[Place]:
    """Functions whose name ends in a past participle, such as `told`.

    Properties are left out, and predicates such as `is_known`.
    """
    found = []
    for source in sources:
        for function in source.functions:
            decorators = [ast.unparse(d) for d in function.decorator_list]
            is_property = any("property" in d or d.endswith(".setter") for d in decorators)
            words = re.findall(r"[a-z0-9]+", function.name.lower())
            if not words or is_property or words[0] in PREDICATES:
                continue
            if is_participle(words[-1]):
                found.append(source.place(function.lineno, function.name))
    return found


# -- how the code is written -----------------------------------------------------------------------


def format_skips(sources: Iterable[Source]) -> list[Place]:
    """Comments that switch the formatter off."""
    pattern = re.compile(r"#\s*fmt:\s*(skip|off)\b")
    return [
        source.place(line)
        for source in sources
        for line, text in source.comments
        if pattern.search(text)
    ]


def long_lines(sources: Iterable[Source], columns: int = MAX_COLUMNS) -> list[Place]:
    """Lines with more than so many columns."""
    return [
        source.place(i)
        for source in sources
        for i, line in enumerate(source.lines, start=1)
        if len(line) > columns
    ]


def without_docstring(body: Sequence[ast.stmt]) -> Sequence[ast.stmt]:
    """Statements of a body but for its docstring."""
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
    return body


def body_lines(function: Function) -> int:
    """How many lines the body of a function has, without its docstring."""
    body = without_docstring(function.body)
    return (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1 if body else 0


def long_functions(sources: Iterable[Source], lines: int = MAX_BODY_LINES) -> list[Place]:
    """Functions whose body has more than so many lines."""
    return [
        source.place(function.lineno, f"{function.name}: {n} lines")
        for source in sources
        for function in source.functions
        if (n := body_lines(function)) > lines
    ]


def n_parameters(function: Function) -> int:
    """How many parameters a function has, without self and cls."""
    a = function.args
    named = [p.arg for p in (*a.posonlyargs, *a.args)]
    n_own = 1 if named[:1] and named[0] in OWN else 0
    return len(named) + len(a.kwonlyargs) + (a.vararg is not None) + (a.kwarg is not None) - n_own


def many_parameters(sources: Iterable[Source], least: int = MANY_PARAMETERS) -> list[Place]:
    """Functions with at least so many parameters."""
    return [
        source.place(function.lineno, f"{function.name}: {n} parameters")
        for source in sources
        for function in source.functions
        if (n := n_parameters(function)) >= least
    ]


def n_statements(source: Source) -> int:
    """How many statements a file has, nested ones too, without docstrings."""
    n = sum(isinstance(node, ast.stmt) for node in source.nodes)
    owners = [node for node in source.nodes if isinstance(node, Documented)]
    return n - sum(ast.get_docstring(node) is not None for node in owners)


def large_files(sources: Iterable[Source], statements: int = MAX_STATEMENTS) -> list[Place]:
    """Files with more than so many statements."""
    return [
        Place(source.name, 1, f"{n} statements")
        for source in sources
        if (n := n_statements(source)) > statements
    ]


def parallel_assignments(sources: Iterable[Source], names: int = MAX_PARALLEL) -> list[Place]:
    """Assignments of the form `a, b, c = x, y, z` to more than so many names."""
    found = []
    for source in sources:
        for node in source.nodes:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
                widths = [len(t.elts) for t in node.targets if isinstance(t, ast.Tuple)]
                if max(widths, default=0) > names:
                    found.append(source.place(node.lineno))
    return found


def public_definitions(source: Source) -> list[Function | ast.ClassDef]:
    """Classes, functions and methods of a file whose name has no underscore before it."""
    defined = [node for node in source.nodes if isinstance(node, Function | ast.ClassDef)]
    return [node for node in defined if not node.name.startswith("_")]


def missing_docstrings(sources: Iterable[Source]) -> list[Place]:
    """Public classes, functions and methods without a docstring."""
    return [
        source.place(node.lineno, node.name)
        for source in sources
        for node in public_definitions(source)
        if ast.get_docstring(node) is None
    ]


# -- all of it -------------------------------------------------------------------------------------


def findings(sources: Sequence[Source], top: str = "luthier") -> dict[str, list[Place]]:
    """Name of a figure to the places that it counts."""
    names = duplicate_names(sources)
    values = duplicate_names(sources, constants)
    return {
        "private_uses": private_uses(sources, top),
        "format_skips": format_skips(sources),
        "long_lines": long_lines(sources),
        "duplicate_names": [place for name in sorted(names) for place in names[name]],
        "duplicate_constants": [place for name in sorted(values) for place in values[name]],
        "participle_functions": participle_functions(sources),
        "own_imports_in_functions": imports_in_functions(sources, True, top),
        "imports_in_functions": imports_in_functions(sources, False, top),
        "long_functions": long_functions(sources),
        "large_files": large_files(sources),
        "many_parameters": many_parameters(sources),
        "wide_parallel_assignments": parallel_assignments(sources),
        "missing_docstrings": missing_docstrings(sources),
    }


def measure(root: Path) -> dict[str, Any]:
    """All figures of a tree, by name."""
    sources = read(root)
    top = root.resolve().name
    files = file_graph(sources, top)
    rooms = room_graph(files)
    found = findings(sources, top)

    n_lines = sum(len(source.lines) for source in sources)
    n_text = sum(bool(line.strip()) for source in sources for line in source.lines)
    n_public = sum(len(public_definitions(source)) for source in sources)
    n_assignments = sum(isinstance(node, ast.Assign) for source in sources for node in source.nodes)
    functions = [function for source in sources for function in source.functions]

    def share(n: int, total: int) -> float:
        return round(100 * n / total, 2) if total else 0.0

    return {
        "files": len(sources),
        "lines": n_lines,
        "longest_file": max((len(source.lines) for source in sources), default=0),
        "most_statements": max(map(n_statements, sources), default=0),
        "files_over_300_statements": len(found["large_files"]),
        "rooms": len(rooms),
        "floors": len(floors(rooms)),
        "arrows": sum(map(len, rooms.values())),
        "room_circles": [sorted(circle) for circle in circles(rooms)],
        "file_circles": [sorted(circle) for circle in circles(files)],
        "private_uses": len(found["private_uses"]),
        "private_uses_per_1000_lines": round(
            1000 * len(found["private_uses"]) / max(1, n_lines), 2
        ),
        "format_skips": len(found["format_skips"]),
        "lines_over_100_columns": len(found["long_lines"]),
        "lines_over_100_columns_percent_of_nonblank": share(len(found["long_lines"]), n_text),
        "duplicate_names": len(duplicate_names(sources)),
        "duplicate_constants": len(duplicate_names(sources, constants)),
        "functions": len(functions),
        "participle_functions": len(found["participle_functions"]),
        "own_imports_in_functions": len(found["own_imports_in_functions"]),
        "imports_in_functions": len(found["imports_in_functions"]),
        "functions_over_60_lines": len(found["long_functions"]),
        "median_body_lines": statistics.median(map(body_lines, functions)) if functions else 0,
        "functions_with_7_parameters": len(found["many_parameters"]),
        "assignments": n_assignments,
        "parallel_assignments_percent": share(len(parallel_assignments(sources, 1)), n_assignments),
        "parallel_assignments_over_two_names": len(found["wide_parallel_assignments"]),
        "documented_percent": share(n_public - len(found["missing_docstrings"]), n_public),
        "comments_per_100_lines": share(sum(len(s.comments) for s in sources), n_lines),
    }


def table(figures: Mapping[str, Any]) -> str:
    """Figures as lines of text; a list of circles as their number and members."""
    lines = []
    for name, value in figures.items():
        if isinstance(value, list):
            members = "; ".join(", ".join(circle) for circle in value)
            value = f"{len(value)}" + (f" ({members})" if value else "")
        lines.append(f"{name.replace('_', ' '):<43}{value}")
    return "\n".join(lines)


def main() -> None:
    """Print the figures of a tree, or the places that one of them counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "root", nargs="?", type=Path, default=SRC, help="the tree; default: src/luthier"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--list", metavar="FIGURE", help="print the places that a figure counts")
    args = parser.parse_args()
    if args.list is None:
        figures = measure(args.root)
        print(json.dumps(figures, indent=2) if args.json else table(figures))
        return
    found = findings(read(args.root), args.root.resolve().name)
    if args.list not in found:
        parser.error(f"--list takes one of {', '.join(found)}, got {args.list!r}")
    for place in found[args.list]:
        print(f"{place.file}:{place.line}: {place.text}")


if __name__ == "__main__":
    main()
