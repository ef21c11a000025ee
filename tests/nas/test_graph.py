"""Graphs of architectures: what is used of them, and the paths through them."""

from __future__ import annotations

from collections import Counter

import pytest

from luthier.errors import SpaceError
from luthier.nas import Graph, Operation
from luthier.nas.graph import join


def graph(names: str, *edges: tuple[int, int]) -> Graph:
    return Graph(tuple(Operation(name) for name in names.split()), edges)


def test_paths_are_the_ways_from_the_input_to_the_output() -> None:
    diamond = graph("a b c", (0, 1), (0, 2), (1, 3), (2, 3), (2, 4), (3, 4))
    assert diamond.count_paths() == Counter(
        {("in", "a", "c", "out"): 1, ("in", "b", "c", "out"): 1, ("in", "b", "out"): 1}
    )


def test_operations_that_change_nothing_are_on_no_path() -> None:
    plain = graph("a b", (0, 1), (1, 2), (2, 3))
    with_skip = graph("a skip b", (0, 1), (1, 2), (2, 3), (3, 4))
    assert plain.count_paths() == with_skip.count_paths()


def test_what_no_way_crosses_is_trimmed_and_on_no_path() -> None:
    dead_ends = graph("a b c", (0, 1), (1, 4), (0, 2), (3, 4))
    assert dead_ends.trim() == graph("a", (0, 1), (1, 2))
    assert dead_ends.count_paths() == Counter({("in", "a", "out"): 1})


def test_a_graph_without_a_way_has_no_paths_and_cannot_be_trimmed() -> None:
    cut = graph("a b", (0, 1), (2, 3))
    assert not cut.count_paths()
    with pytest.raises(SpaceError, match="no way leads from the input to the output"):
        cut.trim()


def test_of_long_paths_the_parts_count() -> None:
    chain = graph("a b c d", *((i, i + 1) for i in range(5)))
    assert set(chain.count_paths(longest=4)) == {
        ("in", "a", "b", "c"),
        ("a", "b", "c", "d"),
        ("b", "c", "d", "out"),
    }


def test_deep_graphs_have_few_paths() -> None:
    cell = graph("a b c", (0, 1), (0, 2), (1, 3), (2, 3), (2, 4), (3, 4))
    assert len(join([cell] * 40).count_paths()) < 200


def test_joined_graphs_read_each_other() -> None:
    first = graph("a b", (0, 1), (0, 2), (1, 3), (2, 3))
    assert set(join([first, graph("c", (0, 1), (1, 2))]).count_paths()) == {
        ("in", "a", "c", "out"),
        ("in", "b", "c", "out"),
    }
    nothing = Graph((), ((0, 1),))
    assert join([nothing, first, nothing]).count_paths() == first.count_paths()
