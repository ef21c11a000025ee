"""When a strategy goes on to its next step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class MinTrials:
    """A number of trials after which the next step begins.

    Args:
        threshold: How many.
        transition_to: Name of the next step.
        only_in_statuses: States that count; None for all.
        not_in_statuses: States that do not.
        block_gen_if_met: Wait rather than give more trials.
        block_transition_if_unmet: Stay in the step until then.
        use_all_trials_in_exp: Count the trials of all steps.
        count_only_trials_with_data: Count trials with results only.
    """

    threshold: int
    transition_to: str | None = None
    only_in_statuses: Any = None
    not_in_statuses: Any = None
    block_gen_if_met: bool = False
    block_transition_if_unmet: bool = True
    use_all_trials_in_exp: bool = False
    count_only_trials_with_data: bool = False


@dataclass
class MaxTrialsAwaitingData:
    """A number of trials after which the step waits for results.

    Args:
        threshold: How many.
    """

    threshold: int
    not_in_statuses: Any = None


@dataclass
class MaxGenerationParallelism:
    """How many trials of a step may run at a time.

    Args:
        threshold: How many.
    """

    threshold: int
    only_in_statuses: Any = None
    not_in_statuses: Any = None


MaxTrials = MinimumTrialsInStatus = MinTrials
MinimumPreferenceOccurances: Mapping[str, Any] = {}
