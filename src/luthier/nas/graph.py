"""The graph of an architecture: operations, and between which of them values flow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..errors import SpaceError

NONE = "none"
"""The operation that lets nothing through."""

SKIP = "skip"
"""The operation that changes nothing."""

Path = tuple[str, ...]

_START = "in"
_END = "out"


class Operation(NamedTuple):
    """One step of an architecture.

    Attributes:
        name: What is done, such as "conv3x3".
        settings: The rest that describes it, such as its width, by name.
    """

    name: str
    settings: tuple[tuple[str, Any], ...] = ()


class Graph(NamedTuple):
    """Operations without a circle. An operation reads the sum of what those before it return.

    Attributes:
        operations: k of them; none comes before one that it reads from.
        edges: Pairs (from, to): 0 is the input of the whole, 1 to k the operations, k + 1 the
            output.
    """

    operations: tuple[Operation, ...]
    edges: tuple[tuple[int, int], ...]

    @property
    def end(self) -> int:
        """The number of the output, k + 1."""
        return len(self.operations) + 1

    def sources(self) -> list[list[int]]:
        """Return what each reads from (k + 2,), in the numbers of `edges`."""
        found: list[list[int]] = [[] for _ in range(self.end + 1)]
        for source, target in self.edges:
            found[target].append(source)
        return found

    def trim(self) -> Graph:
        """Return the graph without operations that no way from the input to the output crosses.

        Raises:
            SpaceError: There is no such way.
        """
        from_input = _reach({0}, self.edges)
        to_output = _reach({self.end}, [(b, a) for a, b in reversed(self.edges)])
        used = from_input & to_output
        if self.end not in used:
            raise SpaceError(
                "no way leads from the input to the output: every way has an operation "
                f"{NONE!r}; choose another operation on one of them"
            )
        place = {old: new for new, old in enumerate(sorted(used))}
        kept = tuple(self.operations[i - 1] for i in sorted(used) if 0 < i < self.end)
        edges = ((place[a], place[b]) for a, b in self.edges if a in used and b in used)
        return Graph(kept, tuple(edges))

    def count_paths(self, longest: int = 5) -> Counter[Path]:
        """Return the ways from the input to the output, as the names of the operations on them.

        Operations that change nothing are left out, so that graphs which compute the same have the
        same paths. Of a longer path the parts of `longest` names count instead, so the number of
        paths stays small in deep graphs.

        Args:
            longest: Names of a path, its "in" and "out" included.

        Returns:
            How often each path occurs; none where no way leads to the output.
        """
        try:
            graph = self.trim()
        except SpaceError:
            return Counter()
        found: Counter[Path] = Counter()
        ends: list[Counter[Path]] = [Counter({(_START,): 1})]
        for i, sources in enumerate(graph.sources()[1:], 1):
            name = _END if i == graph.end else graph.operations[i - 1].name
            arrived: Counter[Path] = Counter()
            for source in sources:
                arrived.update(ends[source])
            if name == SKIP:
                ends.append(arrived)
                continue
            here: Counter[Path] = Counter()
            for path, times in arrived.items():
                longer = (*path, name)
                if len(longer) == longest or (name == _END and longer[0] == _START):
                    found[longer] += times
                here[longer[1 - longest :]] += times
            ends.append(here)
        return found


def join(graphs: Sequence[Graph]) -> Graph:
    """Return graphs one after the other: each reads what the one before it returns."""
    operations: list[Operation] = []
    edges: list[tuple[int, int]] = []
    ends = [0]  # what stands for the output of the last graph
    for graph in graphs:
        shift = len(operations)
        following = []
        for a, b in graph.edges:
            for source in ends if a == 0 else [a + shift]:
                if b == graph.end:
                    following.append(source)
                else:
                    edges.append((source, b + shift))
        operations += graph.operations
        ends = following
    end = len(operations) + 1
    return Graph(tuple(operations), (*edges, *((source, end) for source in ends)))


def _reach(start: set[int], edges: Iterable[tuple[int, int]]) -> set[int]:
    """Return what can be reached along edges that are sorted from start to end."""
    reached = set(start)
    for a, b in sorted(edges, key=lambda edge: edge[0], reverse=max(start) > 0):
        if a in reached:
            reached.add(b)
    return reached
