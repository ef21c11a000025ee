"""Trials of each state, in words."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import State
from luthier.history.state_counts import describe_states


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ([], "the study has no trials"),
        ([State.FAILED], "1 trial: 1 failed"),
        ([State.FAILED, State.RUNNING, State.FAILED], "3 trials: 1 running, 2 failed"),
        ([State.COMPLETE] * 1200, "1,200 trials: 1,200 complete"),
    ],
)
def test_states_are_counted_in_words(states, words) -> None:
    assert describe_states(np.array(states, dtype=np.int8)) == words
