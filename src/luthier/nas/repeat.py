"""One block several times over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..space.distributions import Int
from ..validation import check_whole
from .block import Block, check_blocks
from .graph import Graph, join

_MAX_TIMES = 100


class Repeat(Block):
    """One block, as often as the parameter `name_times` says, with the same params each time.

    Args:
        name: What the name of the parameter begins with.
        block: What is repeated.
        least: The least number of times, at least 1.
        most: The largest, at most 100.

    Raises:
        SpaceError: It is no block, or has a parameter of that name.
        ValueError: least or most is out of range.
    """

    def __init__(self, name: str, block: Block, least: int, most: int) -> None:
        check_whole("least", least, least=1, most=_MAX_TIMES)
        check_whole("most", most, least=least, most=_MAX_TIMES)
        self.times = f"{name}_times"
        check_blocks(repr(name), [block])
        self.block = block
        super().__init__(name, {self.times: Int(least, most), **block.params}, block.rules)

    def graph(self, params: Mapping[str, Any]) -> Graph:
        return join([self.block.graph(params)] * self.take(params, self.times))
