"""Where trials were stopped."""

from luthier import State
from luthier.analysis.stopped_steps import count_stops
from luthier.testing import history, trial


def test_steps_with_how_many_were_stopped_and_how_many_came_there():
    found = count_stops(
        history(
            trial({"x": 0.1}, 1.0, reports=[3, 2, 1]),
            trial({"x": 0.2}, 1.0, State.PRUNED, reports=[3]),
            trial({"x": 0.3}, 1.0, State.PRUNED, reports=[3]),
            trial({"x": 0.4}, state=State.PAUSED, reports=[3, 2]),
            trial({"x": 0.5}, state=State.PRUNED),
        )
    )
    assert found.step.tolist() == [1, 2]
    assert found.n_stopped.tolist() == [2, 1]
    assert found.n_reached.tolist() == [4, 2]


def test_of_many_steps_those_with_most_stops_are_named():
    rows = [
        trial({"x": 0.1}, 1.0, State.PRUNED, reports=[1] * k)
        for k in range(1, 16)
        for _ in range(1 + (k > 3))
    ]
    found = count_stops(history(*rows))
    assert found.step.tolist() == list(range(4, 16))
    assert count_stops(history()).step.tolist() == []
