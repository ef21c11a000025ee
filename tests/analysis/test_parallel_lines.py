"""Trials as lines across parallel axes."""

from __future__ import annotations

import numpy as np

from luthier import Float, Space
from luthier.analysis import parallel
from luthier.testing import history, random_history, trial

SPACE = Space({"lr": Float(0.01, 1, log=True), "kind": ["a", "b", "c"]})


def test_lines_stand_where_axes_say_the_worst_first():
    h = history(
        trial({"lr": 0.1, "kind": "c"}, 1.0),
        trial({"lr": 1.0, "kind": "a"}, 2.0),
        trial({"lr": 0.01, "kind": "b"}, 0.5, constraints={"memory": 1.0}),
        space=SPACE,
    )
    lines = parallel(h)
    assert lines.number.tolist() == [2, 1, 0]  # infeasible, worse, best
    np.testing.assert_allclose(lines.position, [[0, 0.5], [1, 0], [0.5, 1]], atol=1e-12)
    np.testing.assert_allclose(lines.raw[:, 0], [0.01, 1, 0.1])
    assert parallel(h, ["kind"]).position[:, 0].tolist() == [0.5, 0, 1]


def test_of_many_the_best_and_an_even_sample_are_lines():
    h = random_history(SPACE, 5_000)
    lines = parallel(h)
    values = np.sort(h.values[(h.state == 3), 0])
    assert lines.n == len(values)
    assert len(lines.number) == 1_000
    assert np.array_equal(lines.value[::-1][:500], values[:500])
    assert lines.value[0] == values[-1]
