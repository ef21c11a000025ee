"""Cells, chains and hierarchies become ordinary parameters, and refuse what is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from luthier import Float, Int, Space
from luthier.errors import (
    InfeasibleSpaceError,
    MissingParameterError,
    SpaceError,
    UnknownParameterError,
)
from luthier.nas import Block, Cell, Chain, OneOf, Repeat, Stack

OPERATIONS = ["none", "skip", "conv1x1", "conv3x3", "avg_pool3x3"]
CELL = Cell("cell", OPERATIONS)
MLP = Chain("mlp", {"operation": ["dense", "skip"], "width": Int(4, 64, scale="log")}, 1, 3)
BODY = OneOf("body", {"deep": MLP, "cell": Cell("c", ["a", "b"], 3)})
NET = Stack("net", [Repeat("stem", CELL, 1, 2), BODY])


def drawn(space: Space, n: int = 200) -> list[dict[str, Any]]:
    return space.decode(space.sample(np.random.default_rng(0), n))


def test_a_cell_of_four_nodes_has_the_space_of_nas_bench_201() -> None:
    assert Space(CELL.params).n_points == 15_625
    edges = {name.removeprefix("cell_") for name in CELL.params}
    assert edges == {"0_1", "0_2", "1_2", "0_3", "1_3", "2_3"}


@pytest.mark.parametrize("n_nodes", [2, 3, 5, 6])
def test_every_cell_of_the_space_has_a_way_through_it(n_nodes: int) -> None:
    cell = Cell("cell", ["none", "a"], n_nodes)
    everything = Space(cell.params)
    kept = cell.space()
    for params in drawn(everything, 100):
        has_way = bool(cell.graph(params).count_paths())
        assert bool(kept.feasible(kept.encode(params))[0]) == has_way


def test_a_space_of_a_cell_is_stored_with_its_rule() -> None:
    assert Space.from_json(CELL.space().to_json()).constraints[0].text == CELL.rules[0]


def test_the_layers_of_a_chain_depend_on_its_depth() -> None:
    for params in drawn(MLP.space()):
        depth = params["mlp_depth"]
        assert len(MLP.graph(params).operations) == depth
        assert {name for name in params if "width" in name} == {
            f"mlp_{i}_width" for i in range(1, depth + 1)
        }


def test_blocks_nest_and_only_the_chosen_one_is_active() -> None:
    for params in drawn(NET.space()):
        assert ("mlp_depth" in params) == (params["body"] == "deep")
        names = [o.name for o in NET.graph(params).operations]
        tail = [o.name for o in BODY.graph(params).operations]
        assert names[-len(tail) :] == tail
        assert len(names) - len(tail) == params["stem_times"] * len(CELL.graph(params).operations)


def test_other_parameters_stand_beside_the_architecture() -> None:
    space = CELL.space({"lr": Float(1e-4, 1e-1, scale="log")}, rules=["lr < 0.05"])
    assert space.names == (*CELL.params, "lr")
    assert all(params["lr"] < 0.05 for params in drawn(space))
    with pytest.raises(SpaceError, match=r"cell_0_1.*are parameters of the architecture already"):
        CELL.space({"cell_0_1": Int(1, 2)})
    with pytest.raises(SpaceError, match="the limit on 'size' is a function of the params and"):
        CELL.space(limits={"size": cast("Any", 3)})


def count_convolutions(params: Any) -> float:
    return sum(o.name.startswith("conv") for o in CELL.graph(params).operations)


def test_limits_are_kept() -> None:
    space = CELL.space(limits={"convolutions": (count_convolutions, 1)})
    assert max(map(count_convolutions, drawn(space))) == 1


def test_limits_that_nothing_keeps_are_refused_with_the_least_there_is() -> None:
    layers = {"layers": (lambda params: params["m_depth"], 1)}
    with pytest.raises(
        InfeasibleSpaceError,
        match=r"no point satisfies.*layers <= 1.*the least layers of 256 architectures is 2",
    ):
        Chain("m", {"width": Int(1, 9)}, 2, 3).space(limits=layers)


BAD: dict[str, tuple[Callable[[], Block], type[Exception], str]] = {
    "operation twice": (
        lambda: Cell("c", ["skip", "conv", "skip"]),
        SpaceError,
        r"operations of 'c' name \['skip'\] twice",
    ),
    "nothing passes": (
        lambda: Cell("c", ["none"]),
        SpaceError,
        "no way leads from the input to the output of 'c'",
    ),
    "no operations": (lambda: Cell("c", []), SpaceError, "no way leads"),
    "operations as text": (lambda: Cell("c", "conv"), SpaceError, "list of names such as"),
    "no nodes": (lambda: Cell("c", ["skip"], 0), ValueError, "n_nodes must be a whole number >= 2"),
    "name": (lambda: Cell("", ["skip"]), SpaceError, "name"),
    "chain upside down": (
        lambda: Chain("m", {"width": Int(1, 2)}, 3, 2),
        ValueError,
        "most must be a whole number >= 3",
    ),
    "layer of nothing": (lambda: Chain("m", {}, 1, 2), SpaceError, "a layer of 'm' is described"),
    "layer of numbers": (
        lambda: Chain("m", {"width": 8}, 1, 2),
        SpaceError,
        "expected Float, Int, Categorical or a list of choices for 'width'",
    ),
    "layer with a condition": (
        lambda: Chain("m", {"width": Int(1, 2, when={"x": 1})}, 1, 2),
        SpaceError,
        "has a condition",
    ),
    "the same block twice": (
        lambda: Stack("s", [CELL, CELL]),
        SpaceError,
        "two blocks of 's' have the parameters",
    ),
    "no blocks": (lambda: Stack("s", []), SpaceError, "'s' needs at least one block"),
    "no block": (lambda: Stack("s", [Int(1, 2)]), SpaceError, "is made of blocks"),
    "choice of a list": (lambda: OneOf("o", [CELL]), SpaceError, "are a dict of their names"),
    "choice named as a parameter": (
        lambda: OneOf("cell_0_1", {"a": CELL}),
        SpaceError,
        "is a parameter of its block 'a' as well",
    ),
    "repeated never": (lambda: Repeat("r", CELL, 0, 2), ValueError, "least must be"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_architecture_is_refused(case: str) -> None:
    make, error, message = BAD[case]
    with pytest.raises(error, match=message):
        make()


def test_params_of_another_space_are_refused() -> None:
    with pytest.raises(MissingParameterError, match=r"Cell 'cell' needs 'cell_0_1'.*another space"):
        CELL.graph({"lr": 0.1})
    params = dict.fromkeys(CELL.params, "conv7x7")
    with pytest.raises(UnknownParameterError, match="cell_0_1 = 'conv7x7' is not a value of"):
        CELL.graph(params)
