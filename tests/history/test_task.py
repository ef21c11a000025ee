"""Tasks as columns: JSON both ways, hashes, the rows that are kept, and bad input."""

import json

import numpy as np
import pytest

from luthier import Categorical, Float, Int, Space
from luthier.errors import TaskError
from luthier.history.task import Task

SPACE = Space({"lr": Float(1e-5, 1.0, log=True), "k": Int(1, 9), "kind": Categorical(("a", "b"))})


def make(n=12, **changed):
    rng = np.random.default_rng(0)
    X = SPACE.sample(rng, n)
    fields = {"name": "old", "space": SPACE, "X": X, "losses": X[:, :1] + 0.5} | changed
    return Task(**fields)


def test_a_task_is_the_same_after_json():
    task = make(
        penalised=np.arange(12) > 9,
        family="net",
        context={"log_rows": 5.0},
        tags={"team": "x"},
        data_hash="abc",
    )
    again = Task.from_json(json.loads(json.dumps(task.to_json())))
    np.testing.assert_array_equal(again.X, task.X)
    np.testing.assert_array_equal(again.losses, task.losses)
    np.testing.assert_array_equal(again.penalised, task.penalised)
    assert again.space.params == SPACE.params
    assert (again.name, again.family, again.context, again.tags, again.data_hash) == (
        "old",
        "net",
        {"log_rows": 5.0},
        {"team": "x"},
        "abc",
    )
    assert again.content == task.content


def test_hashes_are_made_once(monkeypatch):
    task = make()
    known = task.fingerprint, task.content
    monkeypatch.setattr("luthier.history.task._hash", None)
    assert (task.fingerprint, task.content) == known


def test_the_fingerprint_tells_what_was_searched_and_not_what_came_out():
    task = make()
    assert make(n=20).fingerprint == task.fingerprint
    assert make(n=20).content != task.content
    assert task.replace(name="another", tags={"a": 1}).content == task.content
    assert task.replace(family="other").fingerprint != task.fingerprint
    assert task.replace(directions=("maximize",)).fingerprint != task.fingerprint
    narrower = Space({**SPACE.params, "k": Int(1, 8)})
    assert task.replace(space=narrower).fingerprint != task.fingerprint
    with_default = Space({**SPACE.params, "k": Int(1, 9, default=3)})
    assert task.replace(space=with_default).fingerprint == task.fingerprint


def test_of_many_rows_the_best_are_kept_and_an_even_choice_of_the_rest():
    n = 1000
    losses = np.random.default_rng(1).permutation(n)[:, None].astype(float)
    task = make(n=n, losses=losses)
    kept = task.keep(100)
    assert kept.n == 100
    assert set(range(50)) <= set(kept.losses[:, 0])
    assert kept.losses.max() == n - 1
    assert np.median(np.sort(kept.losses[:, 0])[50:]) == pytest.approx(n / 2, abs=50)
    assert make(n=30).keep(100).n == 30


def test_rows_of_several_objectives_are_ranked_by_their_mean_rank():
    losses = np.array([[3.0, 3.0], [1.0, 2.0], [2.0, 1.5], [0.0, 0.0]])
    task = make(n=4, losses=losses, objectives=("a", "b"), directions=("minimize", "maximize"))
    assert task.rank()[0] == 3
    assert task.rank()[-1] == 0


def test_names_and_choices_can_be_given_new_ones():
    space = Space({**SPACE.params, "deep": Float(0, 1, when={"kind": "a"})})
    task = make(space=space, X=space.sample(np.random.default_rng(0), 12))
    new = task.rename({"lr": "eta", "kind": "type"}, {"type": {"a": "A"}})
    assert new.space.names == ("eta", "k", "type", "deep")
    assert new.space.params["type"] == Categorical(("A", "b"))
    before, after = task.space.decode(task.X), new.space.decode(new.X)
    assert [p["lr"] for p in before] == [p["eta"] for p in after]
    assert [p.get("deep") for p in before] == [p.get("deep") for p in after]
    assert {p["type"] for p in after} == {"A", "b"}


def test_a_name_that_is_not_there_or_taken_is_refused():
    with pytest.raises(TaskError, match="no parameter 'x'"):
        make().rename({"x": "y"})
    with pytest.raises(TaskError, match="two parameters would have the name 'k'"):
        make().rename({"lr": "k"})
    with pytest.raises(TaskError, match="no choice 'c' of 'type'; it has \\['a', 'b'\\]"):
        make().rename({"kind": "type"}, {"type": {"c": "d"}})
    with pytest.raises(TaskError, match="no choice 'a' of 'lr'"):
        make().rename({}, {"lr": {"a": "b"}})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"penalised": np.zeros(3, dtype=bool)}, "a mask of 12 rows"),
        ({"losses": np.zeros((3, 1))}, r"losses are \(n, 1\)"),
        ({"X": np.zeros((12, 2))}, r"X is \(n, 3\)"),
        ({"losses": np.full((12, 1), np.nan)}, "finite"),
        ({"losses": np.full((12, 1), np.inf)}, "finite"),
        ({"X": np.full((12, 3), 1.5)}, "from 0 to 1"),
        ({"X": np.full((12, 3), -0.1)}, "from 0 to 1"),
        ({"X": np.full((12, 3), np.inf)}, "from 0 to 1"),
        ({"directions": ("minimize", "maximize")}, "1 objectives"),
        ({"directions": ("up",)}, "are 'minimize' or 'maximize', got 'up'"),
        ({"context": {"log_rows": np.nan}}, "finite numbers, got"),
    ],
    ids=[
        "mask",
        "losses",
        "columns",
        "nan",
        "infinite",
        "above",
        "below",
        "beyond",
        "directions",
        "direction",
        "context",
    ],
)
def test_columns_that_are_none_are_refused(changed, message):
    with pytest.raises(TaskError, match=message):
        make(**changed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"format": 2}, "newer one wrote it"),
        ({"format": 0}, r"as Task\.to_json gives it"),
        ({"n": 7}, r"as Task\.to_json gives it"),
        ({"penalised": [99]}, r"as Task\.to_json gives it"),
        ({"n": -1}, r"as Task\.to_json gives it"),
        ({"n": 10**12}, r"as Task\.to_json gives it"),
        ({"X": "?"}, r"as Task\.to_json gives it"),
        ({"space": {"params": {"lr": {"type": "float", "low": 2, "high": 1}}}}, "low <= high"),
        ({"directions": ["up"]}, r"as Task\.to_json gives it"),
        ({"objectives": []}, r"as Task\.to_json gives it"),
        ({"context": {"log_rows": "many"}}, r"as Task\.to_json gives it"),
    ],
    ids=lambda v: "-".join(v) if isinstance(v, dict) else "",
)
def test_json_that_is_no_task_is_refused(changed, message):
    with pytest.raises(TaskError, match=message):
        Task.from_json(make().to_json() | changed)


@pytest.mark.parametrize("data", [None, 3, "task", [], {}])
def test_what_is_no_task_at_all_is_refused(data):
    with pytest.raises(TaskError, match=r"as Task\.to_json gives it"):
        Task.from_json(data)


def test_columns_may_be_lists():
    task = make(2, X=[[0.1, 0.5, 0], [0.2, 0.5, 1]], losses=[[1], [2]], penalised=[False, True])
    assert task.X.dtype == task.losses.dtype == np.float64
    assert task.penalised.tolist() == [False, True]
    assert Task.from_json(task.to_json()).content == task.content


@pytest.mark.parametrize(
    "changed",
    [
        {"X": 3},
        {"X": [["a", 0, 0]]},
        {"X": [[0], [0, 1]]},
        {"losses": "worse"},
        {"losses": None},
        {"penalised": [3]},
        {"name": 3},
        {"space": {"lr": Float(0, 1)}},
        {"objectives": "value"},
        {"objectives": [3]},
        {"directions": "minimize"},
        {"context": [1]},
        {"context": {"log_rows": "9"}},
        {"tags": 3},
        {"family": None},
        {"data_hash": 3},
        {"same": "yes"},
    ],
    ids=range(17),
)
def test_attributes_of_another_type_are_refused(changed):
    with pytest.raises(TaskError):
        make(2, **changed)


def test_arguments_of_another_type_are_refused():
    with pytest.raises(TaskError, match="names are a dict"):
        make().rename(3)
    with pytest.raises(ValueError, match="n must be a whole number"):
        make().keep("a")
