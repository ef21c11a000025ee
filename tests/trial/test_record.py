"""The stored record of a trial."""

from __future__ import annotations

import copy
import pickle

import pytest

from luthier import State, TrialRow
from luthier.errors import UnknownAttributeError

ROW = TrialRow(
    number=3,
    state=State.COMPLETE,
    params={"x": 0.5},
    values=(1.0,),
    started_s=10.0,
    finished_s=12.5,
    constraints={"memory": -1.0},
)


def test_what_follows_from_the_fields():
    assert (ROW.value, ROW.duration_s, ROW.feasible, ROW.confirms) == (1.0, 2.5, True, None)
    empty = TrialRow(number=0, state=State.WAITING)
    assert (empty.value, empty.duration_s, empty.feasible) == (None, None, True)
    rerun = TrialRow(number=4, state=State.RUNNING, tags={"confirms": 3, "repeat": 0})
    assert rerun.confirms == 3
    broken = TrialRow(number=5, state=State.COMPLETE, constraints={"a": -1.0, "b": 0.1})
    assert not broken.feasible


def test_finished_states_are_those_that_never_change():
    assert [s for s in State if s.finished] == [State.COMPLETE, State.PRUNED, State.FAILED]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("user_attrs", "tags"),
        ("datetime_start", "started_s"),
        ("datetime_complete", "finished_s"),
        ("duration", "duration_s"),
        ("intermediate_values", "reports"),
    ],
)
def test_a_name_of_another_library_gets_an_error_that_says_ours(name, ours):
    with pytest.raises(UnknownAttributeError) as raised:
        getattr(ROW, name)
    assert str(raised.value) == f"a TrialRow has no {name!r}; use row.{ours}"
    assert not hasattr(ROW, name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        ROW.nonsense


def test_a_row_travels_and_is_shown():
    assert pickle.loads(pickle.dumps(ROW)) == copy.deepcopy(ROW) == ROW
    assert repr(ROW) == "TrialRow(3 COMPLETE 1 {x=0.5})"
    assert ROW._repr_html_() == "<code>TrialRow(3 COMPLETE 1 {x=0.5})</code>"
