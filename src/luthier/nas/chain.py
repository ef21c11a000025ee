"""A chain: layers one after the other, as many as a parameter says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ..errors import SpaceError
from ..space.distributions import KINDS, Categorical, Distribution, Int
from ..validation import check_whole, show
from .block import Block
from .graph import Graph, Operation

OPERATION = "operation"
"""The parameter of a layer that names its operation."""

_MAX_LAYERS = 100


class Chain(Block):
    """A chain of layers, each with parameters of its own.

    `name_depth` is how many there are. Layer i, from 1 on, has the parameters `name_i_...`, which
    are active where the chain is that deep.

    Args:
        name: What the names of the parameters begin with.
        layer: What a layer is described by, such as {"operation": ["dense"], "width": Int(8, 64)}:
            name -> distribution, or a list of choices. "operation" names what it does; without it
            that is "dense".
        least: Layers of the shortest chain, at least 0.
        most: Layers of the longest, at most 100.

    Raises:
        SpaceError: A layer is not described like this.
        ValueError: least or most is out of range.
    """

    def __init__(
        self, name: str, layer: Mapping[str, Distribution | list[Any]], least: int, most: int
    ) -> None:
        check_whole("least", least, least=0, most=_MAX_LAYERS)
        check_whole("most", most, least=max(least, 1), most=_MAX_LAYERS)
        self.layer = _read_layer(name, layer)
        self.depth = f"{name}_depth"
        params: dict[str, Distribution] = {self.depth: Int(least, most)}
        for i in range(1, most + 1):
            for part, dist in self.layer.items():
                if i > least:
                    deep = {self.depth: tuple(range(i, most + 1))}
                    dist = msgspec.structs.replace(dist, when={**(dist.when or {}), **deep})
                params[f"{name}_{i}_{part}"] = dist
        super().__init__(name, params)

    def graph(self, params: Mapping[str, Any]) -> Graph:
        depth = self.take(params, self.depth)
        layers = []
        for i in range(1, depth + 1):
            settings = {part: self.take(params, f"{self.name}_{i}_{part}") for part in self.layer}
            operation = settings.pop(OPERATION, "dense")
            layers.append(Operation(operation, tuple(settings.items())))
        return Graph(tuple(layers), tuple((i, i + 1) for i in range(depth + 1)))


def _read_layer(
    name: str, layer: Mapping[str, Distribution | list[Any]]
) -> dict[str, Distribution]:
    """Return the parameters of a layer.

    Raises:
        SpaceError: See `Chain`.
    """
    if not isinstance(layer, Mapping) or not layer:
        raise SpaceError(
            f"a layer of {name!r} is described by names and distributions, such as "
            f"{{'width': Int(8, 64)}}, got {show(layer)}"
        )
    read: dict[str, Distribution] = {}
    for part, given in layer.items():
        dist = Categorical(tuple(given)) if isinstance(given, list | tuple) else given
        if not isinstance(dist, KINDS):
            raise SpaceError(
                f"expected Float, Int, Categorical or a list of choices for {part!r} of a layer of "
                f"{name!r}, got {show(given)} ({type(given).__name__})"
            )
        if dist.when:
            raise SpaceError(
                f"{part!r} of a layer of {name!r} has a condition, whose parameter would be that "
                "of every layer; describe layers with a OneOf of several chains instead"
            )
        read[part] = dist
    return read
