"""What is said where no trial is complete."""

from __future__ import annotations

import math

from ..errors import NoCompletedTrialsError
from ..history.history import History
from ..wording import to_six_digits


def no_complete_trials(history: History) -> NoCompletedTrialsError:
    """Return the error of a history in which no trial is complete; paused ones are explained."""
    return NoCompletedTrialsError(f"no trial is complete yet ({history}){_explain_paused(history)}")


def _explain_paused(history: History) -> str:
    """What to do where trials are paused and none is complete, for the end of a message."""
    if not history.paused:
        return ""
    text = ". A scheduler has paused them, and resumes the best of them as more trials are run"
    best = history.best_paused() if len(history.directions) == 1 else None
    if best is not None:
        [value] = history.reports.last(best) or (math.nan,)
        text += (
            f"; the best is trial {best}, {to_six_digits(value)} at step "
            f"{history.last_step[best]:g}, and study.finish({best}) trains it to its end"
        )
    return text + "; where trials never come near its max_resource, lower that"
