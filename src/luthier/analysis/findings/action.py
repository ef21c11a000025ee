"""A remedy as data: what `Study.apply` changes in a study."""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

from ...space.distributions import Distribution

ActionKind = Literal["widen", "narrow", "rescale", "constrain", "schedule", "stop"]
ACTION_KINDS: tuple[ActionKind, ...] = get_args(ActionKind)


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What would be changed.

    Attributes:
        kind: "widen", "narrow" and "rescale" declare a parameter anew, "constrain" adds a
            constraint to the space, "schedule" sets the scheduler, "stop" ends the run.
        distribution: Of the finding's parameter, in JSON's types; of the first three.
        constraint: The text of a constraint.
        scheduler: Arguments of the scheduler ASHA; None trains every trial to its end.
    """

    kind: ActionKind
    distribution: dict[str, Any] | None = None
    constraint: str = ""
    scheduler: dict[str, Any] | None = None


def declare_anew(kind: Literal["widen", "narrow", "rescale"], dist: Distribution) -> Action:
    """Return the action that gives a parameter another distribution."""
    return Action(kind=kind, distribution=msgspec.to_builtins(dist))
