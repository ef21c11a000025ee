"""What became of params that somebody has fixed or declared, in words."""

from __future__ import annotations

from ..errors import find_closest
from ..trial.outcome import Outcome
from ..trial.record import State
from ..warn_once import WarnOnce


def warn_of_params(warn: WarnOnce, number: int, outcome: Outcome, declared: bool) -> None:
    """Say which params a trial used outside of what its objective asked for, or did not use.

    Args:
        warn: Gives warnings once.
        number: The trial's.
        outcome: How it ended.
        declared: Whether the study's space was declared.
    """
    for topic, text in outcome.remarks.items():
        warn(topic, text)
    if outcome.state != State.COMPLETE:
        return
    for name in outcome.unasked:
        who = "the study's space declares" if declared else f"trial {number} was given"
        near = find_closest(name, outcome.suggested)
        meant = f"did you mean {near!r}?" if near else f"it asked for {list(outcome.suggested)}"
        warn(
            f"unasked {name}",
            f"{who} {name!r:.200}, and the objective did not ask for it; {meant:.500}",
        )
