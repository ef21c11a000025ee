"""Blocks one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .block import Block, check_blocks
from .graph import Graph, join


class Stack(Block):
    """Blocks one after the other: each reads what the one before it returns.

    Args:
        name: Its name, for messages: the parameters are those of the blocks.
        blocks: The blocks, the first one first.

    Raises:
        SpaceError: One is no block, there are none, or two have a parameter of the same name.
    """

    def __init__(self, name: str, blocks: Sequence[Block]) -> None:
        self.blocks = check_blocks(repr(name), blocks)
        params = {own: dist for block in self.blocks for own, dist in block.params.items()}
        super().__init__(name, params, [rule for block in self.blocks for rule in block.rules])

    def graph(self, params: Mapping[str, Any]) -> Graph:
        return join([block.graph(params) for block in self.blocks])
