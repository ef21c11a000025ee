"""A Python program as text, its parts, and edits that leave all else as it is."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

Placed = ast.expr | ast.stmt | ast.keyword | ast.alias | ast.arg
Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_SCOPES = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class NoExactWordError(ValueError):
    """Something in a program has no exact word of luthier's own."""

    @classmethod
    def at(cls, node: Placed, what: str) -> NoExactWordError:
        """Return it, of what stands at a node."""
        return cls(f"{what} (line {node.lineno}) has no exact word")


class Edit(NamedTuple):
    """A piece of the text that is replaced.

    Attributes:
        begin: Its first byte.
        end: The byte after its last.
        text: What stands there then.
    """

    begin: int
    end: int
    text: str


class Program:
    """A program.

    Args:
        source: Its text.

    Attributes:
        tree: Its syntax tree.
        nodes: All nodes of it.

    Raises:
        SyntaxError: It is no Python.
    """

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.nodes = list(ast.walk(self.tree))
        self._bytes = source.encode()
        lines = self._bytes.splitlines(keepends=True)  # as `ast` counts them
        self._starts = [0, *itertools.accumulate(map(len, lines))]
        self._parents = {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}
        self._misplaced: set[ast.AST] = set()
        self._misplaced = set(self._find_misplaced())

    def _find_misplaced(self) -> Iterator[ast.expr]:
        """Yield what stands in f-strings where `ast`, before Python 3.12, does not say."""
        for string in self.nodes:
            if isinstance(string, ast.JoinedStr):
                for node in ast.walk(string):
                    if isinstance(node, ast.Name | ast.Attribute):
                        try:
                            found = ast.parse(self.text(node), mode="eval").body
                        except (SyntaxError, UnicodeDecodeError):
                            found = None
                        if found is None or ast.unparse(found) != ast.unparse(node):
                            yield node

    def place(self, line: int, column: int) -> int:
        """Return the byte of a line, counted from 1, and a column."""
        return self._starts[line - 1] + column

    def begin(self, node: Placed) -> int:
        """Return the first byte of a node.

        Raises:
            NoExactWordError: Nobody knows: it stands in an f-string of several lines.
        """
        if node in self._misplaced:
            raise NoExactWordError.at(node, f"{ast.unparse(node)} in an f-string")
        return self.place(node.lineno, node.col_offset)

    def end(self, node: Placed) -> int:
        """Return the byte after the last of a node; see `begin`."""
        if node in self._misplaced:
            raise NoExactWordError.at(node, f"{ast.unparse(node)} in an f-string")
        return self.place(node.end_lineno or 0, node.end_col_offset or 0)

    def text(self, node: ast.expr) -> str:
        """Return the text of an expression."""
        return self._bytes[self.begin(node) : self.end(node)].decode()

    def find(self, text: str, begin: int, end: int) -> int:
        """Return where a text stands between two bytes; -1 if nowhere."""
        return self._bytes.find(text.encode(), begin, end)

    def replace(self, node: Placed, text: str) -> Edit:
        """Return the edit that puts a text in place of a node."""
        return Edit(self.begin(node), self.end(node), text)

    def remove_line(self, statement: ast.stmt) -> Edit:
        """Return the edit that removes a statement, with its line where it stands there alone."""
        first, last = self._starts[statement.lineno - 1], self._starts[statement.end_lineno or 0]
        before = self._bytes[first : self.begin(statement)]
        after = self._bytes[self.end(statement) : last]
        if before.strip() or after.strip():
            return self.replace(statement, "pass")
        return Edit(first, last, "")

    def indent(self, statement: ast.stmt) -> str:
        """Return what stands before a statement in its line."""
        return self._bytes[self._starts[statement.lineno - 1] : self.begin(statement)].decode()

    def parent(self, node: ast.AST) -> ast.AST:
        """Return the node that holds another."""
        return self._parents[node]

    def scopes(self, node: ast.AST) -> Iterator[Scope]:
        """Yield the functions around a node, from within, and the module."""
        while node in self._parents:
            node = self._parents[node]
            if isinstance(node, _SCOPES):
                yield node

    def apply(self, edits: Iterable[Edit]) -> str:
        """Return the text after edits, none of which overlap."""
        text = self._bytes
        for edit in sorted(edits, reverse=True):
            text = text[: edit.begin] + edit.text.encode() + text[edit.end :]
        return text.decode()


class Imports:
    """The imports of a library in a program, and the names that they bind.

    Args:
        program: The program.
        library: The library, such as "optuna".

    Attributes:
        statements: The statements.
        names: Name to what it means, such as "optuna.samplers.TPESampler".

    Raises:
        NoExactWordError: The program binds one of the names to something else too.
    """

    def __init__(self, program: Program, library: str) -> None:
        self._program = program
        self._library = library
        self.statements: list[ast.Import | ast.ImportFrom] = []
        self.names: dict[str, str] = {}
        for node in program.nodes:
            if isinstance(node, ast.Import):
                aliases = [a for a in node.names if a.name.partition(".")[0] == library]
                self.names |= {
                    a.asname or library: a.name if a.asname else library for a in aliases
                }
            elif isinstance(node, ast.ImportFrom) and not node.level:
                is_of = (node.module or "").partition(".")[0] == library
                aliases = node.names if is_of else []
                self.names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in aliases}
            else:
                continue
            if aliases:
                self.statements.append(node)
        self.statements.sort(key=lambda node: node.lineno)
        for node in program.nodes:
            if isinstance(node, ast.arg) and node.arg in self.names:
                raise NoExactWordError.at(node, f"{node.arg}, which is bound twice,")
            is_bound = isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
            if isinstance(node, ast.Name) and is_bound and node.id in self.names:
                raise NoExactWordError.at(node, f"{node.id}, which is bound twice,")

    def read(self, node: ast.AST | None) -> str | None:
        """Return what an expression means, as a dotted name; None if it is not of the library."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self.read(node.value)
            return None if owner is None else f"{owner}.{node.attr}"
        return None

    def uses(self) -> Iterator[tuple[ast.expr, str]]:
        """Yield each whole expression that means something of the library."""
        for node in self._program.nodes:
            if isinstance(node, ast.Name | ast.Attribute) and (name := self.read(node)):
                parent = self._program.parent(node)
                if not (isinstance(parent, ast.Attribute) and parent.value is node):
                    yield node, name

    def replace_by(self, text: str) -> list[Edit]:
        """Return the edits that put other imports in place of these.

        Args:
            text: The other statements, a line each.
        """
        first, *others = self.statements
        edits = []
        lines = text.replace("\n", f"\n{self._program.indent(first)}")
        for statement in (first, *others):
            kept = [
                a
                for a in statement.names
                if isinstance(statement, ast.Import) and a.name.partition(".")[0] != self._library
            ]
            if kept:
                rest = ", ".join(ast.unparse(a) for a in kept)
                new = f"import {rest}"
                edits.append(
                    self._program.replace(
                        statement,
                        f"{new}\n{self._program.indent(first)}{lines}"
                        if statement is first
                        else new,
                    )
                )
            elif statement is first:
                edits.append(self._program.replace(statement, lines))
            else:
                edits.append(self._program.remove_line(statement))
        return edits
