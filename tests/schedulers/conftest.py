import copy
import pickle

import numpy as np
import pytest
from hypothesis import strategies as st

from luthier import testing
from luthier.history.history import History
from luthier.schedulers import Decision
from luthier.trial.record import State, TrialRow


@pytest.fixture(scope="session", params=["minimize", "maximize"])
def direction(request):
    return request.param


@pytest.fixture(scope="session")
def table(direction):
    """Builds a history from trials, each (state, losses) or (state, losses, final loss).

    Losses are {step: loss}, or a list for the steps 1, 2, ...; a study that maximises is told their
    negatives.
    """
    sign = -1.0 if direction == "maximize" else 1.0

    def build(*trials):
        rows = []
        for state, losses, *final in trials:
            reports = losses if isinstance(losses, dict) else dict(enumerate(losses, start=1))
            value = final[0] if final else list(reports.values())[-1] if reports else 0.0
            value = sign * value if state in (State.COMPLETE, State.PRUNED) else None
            reports = {step: sign * loss for step, loss in reports.items()}
            rows.append(testing.trial({"x": 0.5}, value, state, reports))
        return testing.history(*rows, directions=[direction])

    return build


def _rebuilt(history):
    """The same study as a storage gives it back: rows, then reports by trial and step."""
    sign = -1.0 if history.directions[0] == "maximize" else 1.0
    again = History(history.space, history.directions)
    for number in range(history.n):
        steps, losses = history.reports_of(number)
        reports = tuple(zip(steps.tolist(), (sign * losses).tolist(), strict=True))
        values = tuple(history.values[number].tolist())
        state = State(history.state[number])
        row = TrialRow(
            number=number, state=state, params={"x": 0.5}, values=values, reports=reports
        )
        again.put([row])
    for number in reversed(range(history.n)):
        for step, loss in zip(*history.reports_of(number), strict=True):
            again.put_report(number, float(step), sign * float(loss))
    return again


@pytest.fixture(scope="session")
def stops():
    """Whether a scheduler stops a trial.

    Asked twice, of the history rebuilt, and by a copy of the scheduler.
    """

    def ask(scheduler, history, number):
        settings, columns = repr(scheduler), [history.report_loss.copy(), history.state.copy()]
        decision = scheduler.decide(history, number)
        assert isinstance(decision, Decision)
        assert scheduler.decide(history, number) is decision
        assert scheduler.decide(_rebuilt(history), number) is decision
        assert (
            pickle.loads(pickle.dumps(scheduler)).decide(copy.deepcopy(history), number) is decision
        )
        assert repr(scheduler) == settings
        np.testing.assert_equal([history.report_loss, history.state], columns)
        return decision is Decision.STOP

    return ask


@pytest.fixture(scope="session")
def trials():
    """A strategy of (trials for `table`, number of a running one that has reported).

    All that may go wrong is in it.
    """
    losses = st.one_of(
        st.sampled_from([0.0, 1.0, 2.0, 3.0, float("nan"), float("inf"), float("-inf")]),
        st.floats(-5, 5),
    )
    steps = st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 8.0, 9.0, 10.0, 27.0])
    reports = st.dictionaries(steps, losses, max_size=8)
    states = st.sampled_from(
        [State.WAITING, State.RUNNING, State.COMPLETE, State.COMPLETE, State.PRUNED, State.FAILED]
    )
    other = st.tuples(states, reports, st.floats(-5, 5))
    own = st.tuples(st.just(State.RUNNING), st.dictionaries(steps, losses, min_size=1, max_size=8))
    return st.tuples(st.lists(other, max_size=8), own, st.integers(0, 8)).map(
        lambda t: ([*t[0][: t[2]], t[1], *t[0][t[2] :]], min(t[2], len(t[0])))
    )
