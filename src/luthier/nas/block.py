"""What all parts of an architecture share: their parameters, and the graph these describe."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import (
    InfeasibleSpaceError,
    MissingParameterError,
    SpaceError,
    UnknownParameterError,
    find_closest,
)
from ..space.constraints import Rule
from ..space.distributions import Distribution
from ..space.space import Space
from ..validation import check_parameter_name, check_real, show
from .graph import Graph
from .limit import Limit, Measure


class Block(ABC):
    """A part of an architecture: ordinary parameters, and the graph that their values describe.

    Args:
        name: Its own, from which the names of its parameters are made.
        params: Name -> distribution, for a `Space`; in the order in which values flow.
        rules: Hard constraints that keep out what is no architecture.

    Attributes: as the arguments.

    Raises:
        SpaceError: The name is no name of a parameter.
    """

    def __init__(
        self, name: str, params: Mapping[str, Distribution], rules: Iterable[Rule] = ()
    ) -> None:
        self.name = check_parameter_name(name, SpaceError)
        self.params = dict(params)
        self.rules = list(rules)

    @abstractmethod
    def graph(self, params: Mapping[str, Any]) -> Graph:
        """Return the graph that params describe; those of other blocks do not matter.

        Raises:
            SpaceError: The params are not of this block.
        """

    def space(
        self,
        others: Mapping[str, Distribution] | None = None,
        limits: Mapping[str, tuple[Measure, float]] | None = None,
        rules: Iterable[Rule] = (),
    ) -> Space:
        """Return the space of this block, with other parameters beside it.

        Args:
            others: Parameters that are no architecture, such as a learning rate.
            limits: Name of what is limited -> what measures it, from the params of this block, and
                the most that is allowed. It is measured before a trial runs; a limit on what only a
                trial can tell is `trial.set_constraint`.
            rules: Further hard constraints, as of `Space`.

        Raises:
            SpaceError: A name stands twice.
            InfeasibleSpaceError: No architecture keeps the limits; the message says the least that
                was found.
        """
        params = self.params
        if twice := [name for name in others or {} if name in params]:
            raise SpaceError(
                f"{twice} are parameters of the architecture already; give the others other names"
            )
        for name, limit in (limits or {}).items():
            if not (isinstance(limit, tuple | list) and len(limit) == 2 and callable(limit[0])):
                raise SpaceError(
                    f"the limit on {name!r} is a function of the params and the most that is "
                    f"allowed, such as (count_weights, 6000), got {show(limit)}"
                )
        kept = [
            Limit(name, measure, check_real(f"the limit on {name!r}", most), self.params)
            for name, (measure, most) in (limits or {}).items()
        ]
        everything = {**params, **(others or {})}
        try:
            return Space(everything, [*self.rules, *kept, *rules])
        except InfeasibleSpaceError as e:
            least = [limit.explain(Space(everything, self.rules)) for limit in kept]
            raise InfeasibleSpaceError("; ".join([str(e), *least])) from None

    def take(self, params: Mapping[str, Any], name: str) -> Any:
        """Return the value of one parameter of this block.

        Raises:
            MissingParameterError: The params have no such name.
            UnknownParameterError: It is not a value of the parameter.
        """
        dist = self.params[name]
        if name not in params:
            near = find_closest(name, list(params))
            hint = f"; did you mean {near!r}?" if near else ""
            raise MissingParameterError(
                f"{type(self).__name__} {self.name!r} needs {name!r}, which the params "
                f"{show(dict(params))} do not have{hint}; are they of another space?"
            )
        raw = dist.find(params[name])
        if raw is None or not dist.contains(raw):
            raise UnknownParameterError(
                f"{name} = {show(params[name])} is not a value of {dist!r}; are the params of "
                "another space?"
            )
        return dist.value(raw)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self.params)} parameters)"


def check_blocks(owner: str, blocks: Iterable[Any]) -> list[Block]:
    """Return blocks whose parameters have different names.

    Args:
        owner: What they are part of, for the message.
        blocks: What a user passed.

    Raises:
        SpaceError: One is no block, there are none, or a name stands twice.
    """
    listed = list(blocks)
    seen: set[str] = set()
    for block in listed:
        if not isinstance(block, Block):
            raise SpaceError(
                f"{owner} is made of blocks such as Cell and Chain, got {show(block)} "
                f"({type(block).__name__})"
            )
        if twice := seen & set(block.params):
            raise SpaceError(
                f"two blocks of {owner} have the parameters {sorted(twice)}; give each block a "
                "name of its own"
            )
        seen |= set(block.params)
    if not listed:
        raise SpaceError(f"{owner} needs at least one block")
    return listed
