"""Params that are not there are explained where they are read."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import luthier
from luthier import Float, Int, Space
from luthier.errors import MissingParameterError
from luthier.trial.params import Params

SPACE = Space({"kernel": ["a", "b"], "degree": Int(1, 5, when={"kernel": ["a"]}), "C": Float(0, 1)})


def test_they_are_a_dict() -> None:
    params = Params({"C": 0.5}, 3, SPACE)
    assert params == {"C": 0.5}
    assert {**params, "x": 1} == {"C": 0.5, "x": 1}
    assert json.dumps(params) == '{"C": 0.5}'
    assert params.get("degree") is None
    assert "degree" not in params
    assert type(pickle.loads(pickle.dumps(params))) is dict


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("kernle", "did you mean 'kernel'"),
        ("zzz", "it has 'kernel', 'C'"),
        ("degree", r"not active here, as kernel = 'b'; .* trial.params.get\('degree'\)"),
        (3, "it has 'kernel', 'C'"),
    ],
)
def test_a_name_that_is_missing_is_explained(name, says) -> None:
    params = Params({"kernel": "b", "C": 0.5}, 7, SPACE)
    with pytest.raises(MissingParameterError, match=f"trial 7 has no parameter .*{says}"):
        params[name]
    with pytest.raises(KeyError):
        params[name]


def test_what_the_objective_has_not_asked_for_yet() -> None:
    study = luthier.create_study(seed=0)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1, progress=False)
    with pytest.raises(MissingParameterError, match="no parameter 'x' yet: a suggest call"):
        study.ask().params["x"]
    with pytest.raises(MissingParameterError, match="it has none yet"):
        study.ask().params["y"]


@given(st.dictionaries(st.text(), st.integers()), st.text() | st.integers() | st.none())
def test_any_name_is_there_or_explained(params, name) -> None:
    read = Params(params, 0, Space())
    if name in params:
        assert read[name] == params[name]
    else:
        with pytest.raises(MissingParameterError):
            read[name]


@pytest.mark.parametrize("name", ["ratee", "zzz", "late"])
def test_the_best_params_explain_what_is_missing(name) -> None:
    study = luthier.create_study(seed=0, sampler="random")
    study.optimize(lambda t: t.suggest_float("rate", 0, 1), n_trials=3, progress=False)
    study.optimize(lambda t: 9 + t.suggest_float("late", 0, 1), n_trials=1, progress=False)
    assert study.best_params == study.best_trial.params
    with pytest.raises(MissingParameterError, match=f"has no parameter '{name}'"):
        study.best_params[name]


def test_the_params_of_every_row_that_a_study_gives_explain_themselves(tmp_path) -> None:
    study = luthier.create_study("s", f"sqlite:///{tmp_path}/s.db", space=SPACE, seed=0)
    told = []
    study.optimize(
        lambda t: t.params["C"],
        n_trials=6,
        callbacks=[lambda s, row: told.append(row)],
        progress=False,
    )
    waiting = study.enqueue({"kernel": "b", "C": 0.25})
    asked = study.ask()
    rows = [
        *study.trials,
        *study.best_trials,
        *told,
        study.best_trial,
        study.tell(asked, 1.0),
        study.choose().trial,
        luthier.load_study("s", f"sqlite:///{tmp_path}/s.db").best_trial,
    ]
    assert waiting == 6
    assert len(told) == 6
    for row in rows:
        with pytest.raises(MissingParameterError, match=f"trial {row.number} has no parameter 'c'"):
            row.params["c"]
        if row.params["kernel"] == "b":
            with pytest.raises(MissingParameterError, match="not active here, as kernel = 'b'"):
                row.params["degree"]
        assert {**row.params} == dict(row.params)
    study.add_trials(rows[:2])  # what was read can be written
