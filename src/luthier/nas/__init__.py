"""Architectures as search spaces: cells, chains and hierarchies of ordinary parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "Block",
    "Cell",
    "Chain",
    "Graph",
    "GraphGP",
    "LocalSearch",
    "OneOf",
    "Operation",
    "Repeat",
    "Stack",
    "choose_sampler",
]

if TYPE_CHECKING:
    from .block import Block as Block
    from .cell import Cell as Cell
    from .chain import Chain as Chain
    from .graph import Graph as Graph
    from .graph import Operation as Operation
    from .graph_gp import GraphGP as GraphGP
    from .local_search import LocalSearch as LocalSearch
    from .one_of import OneOf as OneOf
    from .repeat import Repeat as Repeat
    from .sampler_choice import choose_sampler as choose_sampler
    from .stack import Stack as Stack
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Block": "block",
            "Cell": "cell",
            "Chain": "chain",
            "Graph": "graph",
            "GraphGP": "graph_gp",
            "LocalSearch": "local_search",
            "OneOf": "one_of",
            "Operation": "graph",
            "Repeat": "repeat",
            "Stack": "stack",
            "choose_sampler": "sampler_choice",
        },
    )
