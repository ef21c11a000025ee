"""Params are kept as trials had them, whatever the space says of them, and when it says so."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from luthier import Categorical, Float, Int, Space
from luthier.history.param_columns import ParamColumns
from luthier.trial.record import State, TrialRow

SPACES = [
    Space(),
    Space({"x": Float(0, 1)}),
    Space({"x": Float(0.5, 100, scale="log")}),
    Space({"x": Int(0, 64)}),
    Space({"x": Categorical([32, 64, 128])}),
    Space({"x": Categorical([64.0, 0.5, "64"])}),
    Space({"x": Categorical([0, -1, 0.5, "a", None, True], ordered=True), "y": Float(0, 1)}),
]
VALUES = [0, 1, -1, 0.5, 64, 64.0, 1.0, 128, "a", "64", None, True, (1, "a"), 2**53]

rows_of_one_study = st.lists(
    st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(VALUES)), min_size=1, max_size=30
)


def row(number, params):
    return TrialRow(number=number, state=State.COMPLETE, params=params, values=(0.0,))


def expected(space, params):
    """Unit columns of params, and whether all are of the space."""
    found = {name: space.params[name].find(v) for name, v in params.items() if name in space.params}
    point = [
        np.nan if found.get(name) is None else float(dist.to_unit(found[name]))
        for name, dist in space.params.items()
    ]
    return point, None not in found.values()


@given(rows_of_one_study, st.lists(st.sampled_from(SPACES), min_size=1, max_size=5), st.data())
def test_columns_say_the_same_whenever_the_space_is_known(trials, spaces, data) -> None:
    columns = ParamColumns(spaces[0])
    number = 0
    for space in spaces:
        columns.set_space(space)
        n = data.draw(st.integers(0, len(trials) - number))
        rows = [row(number + i, trials[number + i]) for i in range(n)]
        number += n
        if rows and data.draw(st.booleans()):
            columns.put(rows, [r.number for r in rows])
        else:
            for each in rows:
                columns.put_one(each)

        points = [expected(space, params) for params in trials[:number]]
        assert columns.fits.tolist() == [fits for _, fits in points]
        if space.d and points:
            np.testing.assert_allclose(columns.X, [point for point, _ in points])


def test_many_numbers_become_choices_in_linear_time() -> None:
    columns = ParamColumns(Space({"x": Float(0, 1)}))
    n = 100_000
    for i, value in enumerate(np.random.default_rng(0).random(n).tolist()):
        columns.put_one(row(i, {"x": value}))
    columns.set_space(Space({"x": Categorical(["a", "b"])}))
    assert columns.n == n
    assert not columns.fits.any()
    columns.set_space(Space({"x": Float(0, 1)}))
    assert columns.fits.all()
