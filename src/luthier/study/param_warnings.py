"""What became of params that somebody has fixed or declared, in words."""

from __future__ import annotations

import numpy as np

from ..errors import find_closest
from ..history.history import History
from ..trial.outcome import Outcome
from ..trial.record import State
from ..typing import Index
from ..warn_once import WarnOnce

_FEWEST = 3  # complete trials that all had a parameter, before its absence is news


def warn_of_params(
    warn: WarnOnce, number: int, outcome: Outcome, history: History, declared: bool
) -> None:
    """Say which params a trial used outside of what its objective asked for, or did not use.

    Also which one seems to have another name now.

    Args:
        warn: Gives warnings once.
        number: The trial's.
        outcome: How it ended.
        history: The trials before it; its space does not have the trial's new names yet.
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
    if not declared:
        _warn_of_renamed(warn, number, outcome, history)


def _warn_of_renamed(warn: WarnOnce, number: int, outcome: Outcome, history: History) -> None:
    """Say once that a parameter has probably been renamed, so that its results are lost.

    A name is new, another is gone that all complete trials had, both have the same range or are
    spelt alike, and no other parameter has a new value that would explain it.
    """
    known = history.space.params
    new = {name: p for name, p in outcome.suggested.items() if name not in known}
    if not new or not known:
        return
    complete = np.flatnonzero(history.state == State.COMPLETE)
    if len(complete) < _FEWEST:
        return
    if _is_branch(outcome, history, complete):
        return
    is_lacking = np.asarray(history.absent[complete].any(axis=0))
    for j, (gone, was) in enumerate(known.items()):
        if is_lacking[j] or gone in outcome.suggested:
            continue
        same = [name for name, p in new.items() if p == was]
        now = find_closest(gone, same or new) or (same[0] if len(same) == 1 else None)
        if now is not None:
            warn(
                f"renamed {gone}",
                f"trial {number} asked for {now!r:.200}, which no trial had before, and not for "
                f"{gone!r:.200}, which all had; if the parameter was renamed, its earlier results "
                "do not count for the new name: keep the old name, or begin a new study",
            )


def _is_branch(outcome: Outcome, history: History, complete: Index) -> bool:
    """Return whether a discrete parameter has a value that none of these trials had.

    Then the names that a trial asks for may depend on it.
    """
    space = history.space
    shared = {n: v for n, v in outcome.params.items() if n in space.params}
    x = space.encode(shared)[0]
    X = history.X[complete]
    return any(
        name in shared and p.n_values is not None and not (X[:, j] == x[j]).any()
        for j, (name, p) in enumerate(space.params.items())
    )
