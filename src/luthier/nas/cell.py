"""A cell: every pair of nodes is joined by one of some operations."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import SpaceError
from ..space.constraints import Rule
from ..space.distributions import Categorical
from ..validation import check_whole, show
from .block import Block
from .graph import NONE, Graph, Operation

_MAX_NODES = 12
_MAX_IN_TEXT = 5  # nodes beyond which the ways through a cell are too many to be written down


class Cell(Block):
    """A cell: a graph in which every node reads all earlier ones, each through an operation.

    Parameter `name_i_j` is the operation between nodes i and j, where node 0 is the input and the
    last one the output. "none" lets nothing through, "skip" changes nothing; what the others mean
    is up to whoever builds the network. A constraint keeps out cells that no way leads through.

    Args:
        name: What the names of the parameters begin with.
        operations: Names of the operations, different ones.
        n_nodes: Nodes, the input and the output included: 2 to 12.

    Raises:
        SpaceError: An operation is named twice, is no text, or none lets anything through.
        ValueError: n_nodes is out of range.

    Source: Dong & Yang 2020 (NAS-Bench-201), with four nodes and five operations.
    """

    def __init__(self, name: str, operations: Sequence[str], n_nodes: int = 4) -> None:
        check_whole("n_nodes", n_nodes, least=2, most=_MAX_NODES)
        self.operations = _check_operations(name, operations)
        self.n_nodes = n_nodes
        pairs = [(i, j) for j in range(1, n_nodes) for i in range(j)]
        self._columns = {(i, j): f"{name}_{i}_{j}" for i, j in pairs}
        choice = Categorical(self.operations)
        super().__init__(
            name,
            dict.fromkeys(self._columns.values(), choice),
            self._make_rules() if NONE in self.operations else (),
        )

    def graph(self, params: Mapping[str, Any]) -> Graph:
        chosen = {pair: self.take(params, column) for pair, column in self._columns.items()}
        pairs = [pair for pair in sorted(chosen) if chosen[pair] != NONE]
        place = {pair: k for k, pair in enumerate(pairs, 1)}
        last = self.n_nodes - 1
        edges = [(0, place[pair]) for pair in pairs if pair[0] == 0]
        edges += [
            (place[a], place[b]) for a, b in itertools.product(pairs, repeat=2) if a[1] == b[0]
        ]
        edges += [(place[pair], len(pairs) + 1) for pair in pairs if pair[1] == last]
        return Graph(tuple(Operation(chosen[pair]) for pair in pairs), tuple(edges))

    def _make_rules(self) -> list[Rule]:
        """Return the constraint that some way leads from the input to the output."""
        last = self.n_nodes - 1
        if self.n_nodes > _MAX_IN_TEXT:

            def has_a_way(params: dict[str, Any]) -> bool:
                return bool(self.graph(params).count_paths())

            return [has_a_way]
        ways = []
        for n in range(last):
            for between in itertools.combinations(range(1, last), n):
                stops = itertools.pairwise([0, *between, last])
                ways.append(" and ".join(f"{self._columns[p]} != {NONE!r}" for p in stops))
        return [" or ".join(f"({way})" for way in ways)]


def _check_operations(name: str, operations: Sequence[str]) -> tuple[str, ...]:
    """Return the names of operations.

    Raises:
        SpaceError: See `Cell`.
    """
    is_list = isinstance(operations, list | tuple)
    if not is_list or not all(isinstance(o, str) and o for o in operations):
        raise SpaceError(
            f"the operations of {name!r} are a list of names such as ['conv3x3', 'skip'], got "
            f"{show(operations)}"
        )
    if twice := sorted({o for o in operations if operations.count(o) > 1}):
        raise SpaceError(f"the operations of {name!r} name {twice} twice; name each once")
    if set(operations) <= {NONE}:
        raise SpaceError(
            f"no way leads from the input to the output of {name!r}: its operations are "
            f"{list(operations)}; add one that lets something through, such as 'skip'"
        )
    return tuple(operations)
