"""First rows of a space: what searches try first, wherever the space travels."""

import logging

import numpy as np
import pytest

import luthier
from luthier import Categorical, Float, Int, Space
from luthier.errors import SpaceError, UnknownParameterError

ROWS = [{"x": 1.0, "kind": "b"}, {"x": 9.0}, {}]


def make(**changed):
    params = {"x": Float(0, 10, default=2.0), "kind": Categorical(("a", "b"))}
    return Space({**params, **changed}, first=ROWS)


def test_rows_are_points_and_what_they_lack_has_its_default():
    space = make()
    X, left_out = space.first_points
    assert space.decode(X) == [
        {"x": 1.0, "kind": "b"},
        {"x": 9.0, "kind": "a"},
        {"x": 2.0, "kind": "a"},
    ]
    assert left_out == []


def test_rows_survive_json_and_files(tmp_path):
    shapes = Categorical(((10,), (5, 5)))
    space = Space({"shape": shapes}, first=[{"shape": (5, 5)}, {"shape": [10]}])
    again = Space.from_json(space.to_json())
    assert again.first == space.first == ({"shape": (5, 5)}, {"shape": (10,)})
    assert "first" not in Space({"x": Float(0, 1)}).to_json()


def test_a_parameter_may_be_called_first():
    space = Space.from_json({"first": {"low": 0, "high": 1}, "y": [1, 2]})
    assert set(space.params) == {"first", "y"}
    assert space.first == ()


def test_rows_that_a_changed_range_or_a_constraint_forbids_are_left_out_and_said(caplog):
    space = make(x=Float(0, 5))
    assert space.decode(space.first_points.X)[0] == {"x": 1.0, "kind": "b"}
    assert len(space.first_points.X) == 2
    assert space.first_points.left_out == [
        "first row 1: x = 9.0 is not a value of Float(low=0, high=5)"
    ]
    tight = make().with_params({}, ["x < 1.5"])
    assert len(tight.first_points.X) == 1
    assert "breaks one of ['x < 1.5']" in tight.first_points.left_out[0]
    with caplog.at_level(logging.WARNING, "luthier"):
        luthier.create_study(space=space)
    assert "first row 1" in caplog.text


def test_a_space_without_a_parameter_keeps_the_rows_of_the_others():
    space = make().without("x")
    assert space.first == ({"kind": "b"}, {}, {})
    assert space.decode(space.first_points.X) == [{"kind": "b"}, {"kind": "a"}]
    with pytest.raises(UnknownParameterError, match="no parameter 'z'"):
        space.without("z")


def test_values_of_inactive_parameters_are_ignored():
    params = {"kind": Categorical(("a", "b")), "y": Int(1, 9, when={"kind": ["b"]})}
    space = Space(params, first=[{"kind": "a", "y": 3}, {"kind": "b", "y": 3}])
    assert space.decode(space.first_points.X) == [{"kind": "a"}, {"kind": "b", "y": 3}]


@pytest.mark.parametrize("rows", ["x", {"x": 1}, [1], 3, [None]])
def test_rows_that_are_none_are_refused(rows):
    with pytest.raises(SpaceError, match="first is a list of params"):
        Space({"x": Float(0, 1)}, first=rows)


def test_rows_with_unknown_names_and_far_too_many_rows_are_refused():
    with pytest.raises(UnknownParameterError, match="did you mean 'depth'"):
        Space({"depth": Int(1, 9)}, first=[{"dept": 3}])
    with pytest.raises(SpaceError, match="at most 100 first rows, got 101"):
        Space({"depth": Int(1, 9)}, first=[{}] * 101)


def test_rows_count_for_the_size_of_a_stored_space():
    long = "a" * 100_000
    space = Space({"word": Categorical(("a", "b"))}, first=[{"word": long}] * 50)
    with pytest.raises(SpaceError, match=r"a space has at most .* bytes as JSON"):
        space.to_json()


@pytest.mark.parametrize("sampler", ["auto", "gp", "tpe", "forest", "de"])
def test_searches_begin_with_the_rows(sampler):
    space = make()
    study = luthier.create_study(space=space, sampler=sampler, seed=1)
    study.optimize(lambda trial: trial.params["x"], n_trials=3)
    expected = [{"x": 2.0, "kind": "a"}, {"x": 1.0, "kind": "b"}, {"x": 9.0, "kind": "a"}]
    assert [t.params for t in study.trials] == expected


def test_auto_tries_all_rows_and_says_so():
    rows = [{"x": x} for x in np.linspace(0.5, 9.5, 12).tolist()]
    space = Space({"x": Float(0, 10)}, first=[*rows, {"x": 11}])
    study = luthier.create_study(space=space, seed=1)
    study.optimize(lambda trial: abs(trial.params["x"] - 3), n_trials=5)
    assert "9 of 12 first rows of the space have not been tried; first row 12" in (
        study.sampler.explain()
    )
    study.optimize(lambda trial: abs(trial.params["x"] - 3), n_trials=10)
    tried = [t.params["x"] for t in study.trials]
    assert all(any(abs(x - row["x"]) < 1e-9 for x in tried[:13]) for row in rows)


def test_rows_that_were_enqueued_are_not_tried_again():
    study = luthier.create_study(space=make(), seed=1)
    study.enqueue({"x": 1.0, "kind": "b"})
    study.optimize(lambda trial: trial.params["x"], n_trials=3)
    assert [t.params["x"] for t in study.trials] == [1.0, 2.0, 9.0]


def test_rows_come_too_late_for_a_study_with_many_trials():
    study = luthier.create_study(space=make(), sampler="gp", seed=1)
    for i in range(30):
        study.add({"x": 3 + i / 10, "kind": "a"}, float(i))
    study.optimize(lambda trial: trial.params["x"], n_trials=2)
    assert study.trials[-1].params != {"x": 1.0, "kind": "b"}


def test_parallel_workers_share_the_rows(tmp_path):
    rows = [{"x": x} for x in range(1, 9)]
    space = Space({"x": Float(0, 10)}, first=rows)
    study = luthier.create_study("s", f"sqlite:///{tmp_path}/s.db", space=space, seed=1)
    study.optimize(lambda trial: trial.params["x"], n_trials=12, n_jobs=8)
    tried = sorted(t.params["x"] for t in study.trials)
    assert set(range(1, 9)) <= set(tried)
    assert len(set(tried)) == 12


def test_a_stored_study_knows_its_rows(tmp_path):
    place = f"sqlite:///{tmp_path}/s.db"
    luthier.create_study("s", place, space=make(), seed=1)
    study = luthier.load_study("s", place)
    study.optimize(lambda trial: trial.params["x"], n_trials=2)
    assert study.trials[1].params == {"x": 1.0, "kind": "b"}
    assert study.space.first == make().first


def test_two_handles_of_one_study_share_the_rows(tmp_path):
    rows = [{"x": float(x)} for x in range(10)]
    space = Space({"x": Float(0, 10, default=0.0)}, first=rows)
    place = f"sqlite:///{tmp_path}/s.db"
    luthier.create_study("s", place, space=space, seed=1)
    handles = [luthier.load_study("s", place) for _ in range(2)]
    asked = [handles[i % 2].ask() for i in range(16)]
    tried = [trial.params["x"] for trial in asked]
    assert sorted(tried[:10]) == [row["x"] for row in rows]
    assert len({*tried}) == 16
