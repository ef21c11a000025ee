"""Faults in how an objective trains that show at a trial's end, and that nothing else would say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..history.history import History
from ..schedulers.base import Scheduler
from ..trial.outcome import Outcome
from ..trial.record import Decision, State

_ADVICE = (
    "call trial.report(value, step) as it trains, and raise luthier.TrialPruned where "
    "trial.should_stop() is true"
)


def find_faults(
    history: History, scheduler: Scheduler, number: int, outcome: Outcome
) -> Iterator[tuple[str, str]]:
    """Yield what is odd about a trial that ends now: a topic, and a message.

    Args:
        history: The study's, up to date with the reports of the trial.
        scheduler: How long to train it.
        number: The trial's.
        outcome: How it ends.
    """
    if outcome.state != State.COMPLETE:
        return
    if outcome.decision is not Decision.CONTINUE:
        yield (
            "returned",
            f"trial {number} was told to {outcome.decision.value} and returned a value, so it "
            "counts as complete with what it had come to; raise luthier.TrialPruned where "
            "trial.should_stop() is true",
        )
    last = float(history.last_step[number])
    if not history.n_reports:
        yield (
            "no report",
            f"trial {number} ended without a report, and {scheduler!r} decides by reports: "
            f"{_ADVICE}; until then every trial is trained to its end",
        )
    elif last == last:  # it has reported
        yield from _find_faults_of_resource(history, scheduler, number, outcome, last)


def _find_faults_of_resource(
    history: History, scheduler: Scheduler, number: int, outcome: Outcome, last: float
) -> Iterator[tuple[str, str]]:
    """Yield what keeps a scheduler from having any effect."""
    if outcome.is_asked is False and _could_ask(history, number, last):
        yield (
            "never asked",
            f"trial {number} has reported and never asked whether to stop, so {scheduler!r} does "
            f"nothing: {_ADVICE}",
        )
    most = getattr(scheduler, "max_resource", None)
    if most is not None and last > most * (1 + 1e-9):
        yield (
            "beyond",
            f"trial {number} trained to step {last:g}, and max_resource={most:g} is the step at "
            f"which trials end: from there on {type(scheduler).__name__} lets all of them go on. "
            "End the training there, or raise max_resource",
        )
    least = getattr(scheduler, "min_resource", None)
    if least is not None and last <= least and np.nanmax(history.last_step) <= least:
        yield (
            "too short",
            f"trial {number} ended at step {last:g}, and {scheduler!r} compares trials from step "
            f"{least:g} on, so none is stopped: report whole steps, such as epochs, or set "
            "min_resource and max_resource in the unit of your steps",
        )


def _could_ask(history: History, number: int, last: float) -> bool:
    """Whether there was anything to ask about: training before the last step, in one turn.

    A trial that goes on after a pause has asked before it, and one of a single step ends with it.
    """
    if history.confirming[number] or history.n_claims[number] > 1:
        return False
    return last > 1 or len(history.reports_of(number)[0]) > 1
