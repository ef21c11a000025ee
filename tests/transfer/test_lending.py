"""Rows that earlier tasks lend to densities: as many as they are alike, none where they mislead."""

import numpy as np
import pytest
from tests.transfer.cases import SPACE, bowl, make, make_noise

from luthier import History, State, TrialRow
from luthier.transfer.lending import lend_rows


def history_after(n, tasks, sign=1.0):
    history = History(SPACE, ["minimize"])
    history.update_info(memory=tuple(tasks))
    X = SPACE.sample(np.random.default_rng(4), n)
    history.put(
        [
            TrialRow(number=i, state=State.COMPLETE, params=p, values=(sign * float(y),))
            for i, (p, y) in enumerate(zip(SPACE.decode(X), bowl(X), strict=True))
        ]
    )
    return history


def test_good_rows_and_others_are_lent_by_how_alike_a_task_is():
    tasks = [make(40, 1), make(40, 2), make(40, 3, shift=0.2)]
    lent = lend_rows(SPACE, history_after(12, tasks), 0.15)
    assert len(lent.good) == len(lent.good_weights) >= 12
    assert len(lent.others) == len(lent.other_weights) <= 80
    assert bowl(lent.good[:12]).max() < np.median(bowl(lent.others))
    assert lent.good_weights[0] > lent.good_weights[-1] > 0
    assert lent.good_weights.max() < 1
    assert np.isfinite(lent.other_weights).all()


@pytest.mark.parametrize(
    ("n", "tasks", "sign"),
    [
        (3, [make(40, 1)], 1.0),
        (12, [make(40, 1)], -1.0),
        (12, [make_noise(40, 1)], 1.0),
        (12, [], 1.0),
    ],
    ids=["few trials", "misled", "noise", "no memory"],
)
def test_nothing_is_lent_where_no_task_is_known_to_be_alike(n, tasks, sign):
    assert lend_rows(SPACE, history_after(n, tasks, sign), 0.15) is None
