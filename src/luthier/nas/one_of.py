"""A choice among blocks: the hierarchy of an architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ..errors import SpaceError
from ..space.distributions import Categorical, Distribution
from ..validation import show
from .block import Block, check_blocks
from .graph import Graph


class OneOf(Block):
    """One of several blocks. Parameters of a block are active where it is chosen.

    Args:
        name: Of the parameter that chooses.
        blocks: Name of a choice -> block. A block may be a `OneOf` too.

    Raises:
        SpaceError: One is no block, there are none, or two have a parameter of the same name.
    """

    def __init__(self, name: str, blocks: Mapping[str, Block]) -> None:
        if not isinstance(blocks, Mapping):
            raise SpaceError(
                f"the blocks of {name!r} are a dict of their names, such as "
                f"{{'wide': Chain(...)}}, got {show(blocks)}"
            )
        check_blocks(repr(name), blocks.values())
        self.blocks = dict(blocks)
        params: dict[str, Distribution] = {name: Categorical(tuple(blocks))}
        for choice, block in blocks.items():
            for own, dist in block.params.items():
                if own == name:
                    raise SpaceError(f"{name!r} is a parameter of its block {choice!r} as well")
                when = {**(dist.when or {}), name: (choice,)}
                params[own] = msgspec.structs.replace(dist, when=when)
        super().__init__(name, params, [rule for b in blocks.values() for rule in b.rules])

    def graph(self, params: Mapping[str, Any]) -> Graph:
        return self.blocks[self.take(params, self.name)].graph(params)
