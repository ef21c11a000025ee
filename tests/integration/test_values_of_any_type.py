"""What users pass, of any type: converted once, or refused where it is given, with the name."""

from __future__ import annotations

import datetime
import enum
import subprocess
import sys
from collections import OrderedDict, UserDict, deque
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import luthier
from luthier import Categorical, Float, Int, Space
from luthier.errors import (
    ConstraintError,
    CostError,
    DistributionError,
    LuthierError,
    ReportError,
    ResultConstraintError,
    SpaceError,
    TrialError,
    UnstorableError,
)
from luthier.validation import to_number


class Tensor:
    """What tensors of other libraries have in common."""

    def __init__(self, values):
        self.values = np.asarray(values)
        self.shape = self.values.shape
        self.ndim = self.values.ndim

    def __repr__(self):
        return f"Tensor({self.values.tolist()})"

    def item(self):
        return self.values.item()

    def tolist(self):
        return self.values.tolist()

    def __iter__(self):
        return map(Tensor, self.values)


class Scalar:
    """A number that only float() can read."""

    def __float__(self):
        return 0.5


class Whole(enum.IntEnum):
    ONE = 1
    TWO = 2


class Text(enum.StrEnum):
    A = "a"
    B = "b"


class Plain(enum.Enum):
    A = 1


HALVES = [
    0.5,
    np.float64(0.5),
    np.float32(0.5),
    np.float16(0.5),
    np.longdouble(0.5),
    np.array(0.5),
    np.array([0.5]),
    Decimal("0.5"),
    Fraction(1, 2),
    pd.Series([0.5]),
    Tensor(0.5),
    Tensor([0.5]),
    Scalar(),
]
ONES = [1, np.int64(1), np.uint8(1), np.array(1), Tensor(1), Whole.ONE, Fraction(1), Decimal(1)]
NO_NUMBERS = [
    True,
    np.True_,
    np.array(True),
    Tensor(True),
    "0.5",
    b"1",
    Text.A,
    Plain.A,
    None,
    1j,
    np.complex64(1),
    pd.NA,
    pd.NaT,
    pd.Timestamp("2020-01-01"),
    pd.Timedelta("1s"),
    datetime.datetime(2020, 1, 1),
    datetime.timedelta(1),
    np.datetime64("2020-01-01T00:00:00.000000000"),
    np.timedelta64(5, "s"),
    np.array([1.0, 2.0]),
    pd.Series([1.0, 2.0]),
    Tensor([1.0, 2.0]),
    Decimal("sNaN"),
    float,
    np.float32,
    np.dtype("float32"),
    {1},
    {"a": 1},
    object(),
    (v for v in [1]),
]


def run(objective, n_trials=2):
    """Run an objective; its study can be stored and read."""
    study = luthier.create_study(seed=0, sampler="random")
    study.optimize(objective, n_trials=n_trials, progress=False)
    Space.from_json(study.engine.space.to_json())
    return study


def describe(value):
    return f"{type(value).__name__} {value!r:.20}"


@pytest.mark.parametrize("value", HALVES, ids=describe)
def test_a_number_of_any_type_is_taken_everywhere(value):
    assert to_number(value) == 0.5
    assert Float(value, 1).low == 0.5
    assert Float(0, value, step=value, default=value, prior=(value, value)).to_unit(0.5) == 0.75
    assert Float(0, 1, default=value).default == 0.5
    assert Space({"x": Float(0, 1)}).check({"x": value}) == {"x": 0.5}

    def objective(trial):
        trial.suggest_float("x", 0, value, step=value)
        trial.suggest_float("y", value, 1)
        trial.report(value, value)
        trial.set_cost(value)
        trial.set_constraint("c", value)
        trial.set_tag("t", {"inside": value})
        return value

    row = run(objective).trials[1]
    assert (row.values, row.reports, row.cost) == ((0.5,), ((0.5, 0.5),), 0.5)
    assert row.constraints == {"c": 0.5}
    assert row.tags["t"]["inside"] in (0.5, [0.5])


def test_several_values_are_not_one():
    for values in ([], [0.5, 0.5], np.array([0.5, 0.5])):
        with pytest.raises(ReportError, match="report"):
            luthier.create_study().ask().report(values, 1)


@pytest.mark.parametrize("value", ONES, ids=describe)
def test_a_whole_number_of_any_type_is_an_int(value):
    dist = Int(value, value, step=value, default=value)
    assert [type(v) for v in (dist.low, dist.high, dist.step, dist.default)] == [int] * 4
    assert type(run(lambda t: t.suggest_int("n", value, 9)).trials[0].params["n"]) is int
    assert Space({"n": Int(0, 3)}).check({"n": value}) == {"n": 1}


@pytest.mark.parametrize("value", NO_NUMBERS, ids=describe)
def test_what_is_no_number_is_refused_by_name(value):
    assert to_number(value) is None
    ask = luthier.create_study(seed=0).ask
    for _ in range(2):  # the second time the range is known
        with pytest.raises(DistributionError, match="parameter 'x': low must be a number"):
            ask().suggest_float("x", value, 1)
        if value is not None:
            with pytest.raises(DistributionError, match="parameter 'x': step must be a number"):
                ask().suggest_float("x", 0, 1, step=value)
        with pytest.raises(DistributionError, match="parameter 'n': high must be a number"):
            ask().suggest_int("n", 0, value)
        study = run(lambda t: t.suggest_float("x", 0, 1) + t.suggest_int("n", 0, 1))
        ask = study.ask

    with pytest.raises(ReportError, match="report"):
        ask().report(value, 1)
    with pytest.raises(ReportError, match="got step = "):
        ask().report(1, value)
    with pytest.raises(CostError, match="cost"):
        ask().set_cost(value)
    with pytest.raises(ResultConstraintError, match="constraint 'c'"):
        ask().set_constraint("c", value)
    with pytest.raises(LuthierError, match="the objective must return a number"):
        study.tell(ask(), value, "complete")


def test_a_known_range_takes_no_truth_value_for_a_number():
    study = run(lambda t: t.suggest_float("x", 0, 1))
    for bad in (True, np.True_, pd.NA, np.array([0, 1]), "0"):
        with pytest.raises(DistributionError, match="parameter 'x'"):
            study.ask().suggest_float("x", 0, bad)


MEMBERS = {
    "list": lambda: ["a", "b"],
    "array": lambda: np.array(["a", "b"]),
    "series": lambda: pd.Series(["a", "b"], index=[1, 0]),
    "index": lambda: pd.Index(["a", "b"]),
    "set": lambda: {"b", "a"},
    "keys": lambda: {"a": 1, "b": 2}.keys(),
    "values": lambda: {1: "a", 2: "b"}.values(),
    "dict": lambda: {"a": 1, "b": 2},
    "generator": lambda: (v for v in "ab"),
    "deque": lambda: deque("ab"),
    "enum": lambda: Text,
}


@pytest.mark.parametrize("make", MEMBERS.values(), ids=MEMBERS)
def test_any_collection_gives_choices_conditions_and_what_is_recorded(make):
    assert Categorical(make()).choices == ("a", "b")
    assert Float(0, 1, when={"p": make()}).when == {"p": ("a", "b")}
    got = []
    study = run(lambda t: got.append(t.suggest_categorical("c", make())) or 1.0, n_trials=12)
    assert got == [row.params["c"] for row in study.trials]
    assert set(got) == {"a", "b"}
    assert {type(row.params["c"]) for row in study.trials} == {str}


def test_choices_are_answered_as_they_were_given():
    given = [Whole.ONE, np.float32(0.5), Tensor(3), Decimal("0.25"), [1, [2]], Text.A, None]
    got = {}

    def objective(trial):
        choice = trial.suggest_categorical("c", given)
        got[trial.number] = next(i for i, v in enumerate(given) if v is choice)
        return 1.0

    study = run(objective, n_trials=30)
    plain = [1, 0.5, 3, 0.25, (1, (2,)), "a", None]
    assert [study.trials[n].params["c"] for n in got] == [plain[i] for i in got.values()]
    assert len(set(got.values())) == len(given)


def test_a_container_that_is_changed_later_changes_nothing_that_is_recorded():
    given = [["a"], ["b"]]

    def objective(trial):
        choice = trial.suggest_categorical("c", given)
        trial.set_tag("kept", "".join(choice))
        choice.append("more")
        given.reverse()
        del given[0][1:], given[1][1:]
        return 1.0

    study = run(objective, n_trials=10)
    assert [row.params["c"] for row in study.trials] == [(r.tags["kept"],) for r in study.trials]


def test_sets_are_in_one_order_in_every_process(tmp_path):
    code = (
        "import luthier\n"
        "s = luthier.create_study(seed=3, sampler='random')\n"
        "s.optimize(lambda t: len(t.suggest_categorical('c', {'a', 'bb', 'ccc', 'dddd'})), 9)\n"
        "print([r.params['c'] for r in s.trials])\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    with pytest.raises(DistributionError, match="a set has no order"):
        Categorical({"a", "b"}, ordered=True)


@pytest.mark.parametrize(
    "choices",
    ["abc", b"abc", bytearray(b"ab"), 5, None, np.array(5), Tensor(5), pd.DataFrame({"a": [1]})],
    ids=describe,
)
def test_what_is_no_collection_gives_no_choices(choices):
    with pytest.raises(DistributionError, match="choices must be a list"):
        Categorical(choices)
    with pytest.raises(DistributionError, match="parameter 'c': choices must be a list"):
        luthier.create_study().ask().suggest_categorical("c", choices)


@pytest.mark.parametrize(
    "choice",
    [
        datetime.date(2020, 1, 1),
        np.datetime64("2020-01-01T00:00:00.000000000"),
        np.timedelta64(5, "s"),
        np.array(["2020-01-01"], dtype="datetime64[ns]"),
        pd.Timestamp("2020-01-01"),
        pd.NA,
        pd.NaT,
        np.float64("nan"),
        Decimal("NaN"),
        Plain.A,
        b"a",
        {"a": 1},
        "caf\udce9",
        np.str_("\udce9"),
        object(),
    ],
    ids=describe,
)
def test_what_no_storage_keeps_is_no_choice(choice):
    with pytest.raises(DistributionError, match="a choice"):
        Categorical([choice, "other"])
    with pytest.raises(DistributionError, match="parameter 'c': a choice"):
        luthier.create_study().ask().suggest_categorical("c", [choice, "other"])
    with pytest.raises(DistributionError, match="a choice"):
        Float(0, 1, when={"p": [choice]})
    with pytest.raises(LuthierError, match="a choice"):
        luthier.create_study().enqueue({"c": choice})


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Tensor(0.5), 0.5),
        (Tensor([[1, 2]]), [[1, 2]]),
        (np.array([0.5, np.nan]), [0.5, "nan"]),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Index(["a"]), ["a"]),
        (Decimal("0.25"), 0.25),
        (Fraction(1, 4), 0.25),
        ({"a": 1}.keys(), ["a"]),
        ({"a": 1}.values(), [1]),
        (range(3), [0, 1, 2]),
        (deque([1]), [1]),
        (UserDict(a=Whole.TWO), {"a": 2}),
        (OrderedDict(a=Text.B), {"a": "b"}),
        (np.bool_(True), True),
    ],
    ids=describe,
)
def test_tags_are_plain(value, stored):
    study = run(lambda t: t.set_tag("a", value) or 1.0, n_trials=1)
    assert study.trials[0].tags == {"a": stored}
    number = study.enqueue({"x": 1}, tags={"a": value})
    assert study.trials[number].tags == {"a": stored}


@pytest.mark.parametrize(
    "value",
    [
        datetime.datetime(2020, 1, 1),
        np.datetime64("2020-01-01T00:00:00.000000000"),
        np.array(["2020-01-01"], dtype="datetime64[ns]"),
        pd.Timestamp("2020-01-01"),
        pd.NA,
        pd.DataFrame({"a": [1]}),
        b"a",
        Plain.A,
        (v for v in [1]),
        range(10**9),
    ],
    ids=describe,
)
def test_a_tag_that_cannot_be_stored_is_refused_by_name(value):
    with pytest.raises(UnstorableError, match="tag 'a' of trial 0 cannot be stored"):
        luthier.create_study().ask().set_tag("a", value)


def test_several_objectives_take_any_ordered_collection():
    for values in ([1, 2], (1, 2), np.array([1, 2]), Tensor([1.0, 2]), pd.Series([1, 2])):
        study = luthier.create_study(objectives={"a": "minimize", "b": "maximize"})
        trial = study.ask()
        trial.report(values, 1)
        assert study.tell(trial, values).values == (1.0, 2.0)
        assert study.trials[0].reports == ((1.0, (1.0, 2.0)),)


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: Space([Float(0, 1)]), SpaceError, "a space is a dict of names"),
        (lambda: Space(np.arange(3)), SpaceError, "a space is a dict of names"),
        (lambda: Space({None: Float(0, 1)}), SpaceError, "name must be a non-empty string"),
        (lambda: Space({"x": Float}), SpaceError, "for 'x', got"),
        (lambda: Float(0, 1, when="k == 'a'"), DistributionError, "when names parents"),
        (lambda: Float(0, 1, when=lambda p: True), DistributionError, "when names parents"),
        (lambda: Float(0, 1, when=["k"]), DistributionError, "when names parents"),
        (lambda: Float(0, 1, when={"k": []}), DistributionError, "no value of 'k'"),
        (lambda: Float(0, 1, when={1: "a"}), DistributionError, "name must be"),
        (lambda: Float(1, 2, scale=np.array(["log"])), DistributionError, "scale must be"),
        (lambda: Float(1, 2, scale=["log"]), DistributionError, "scale must be"),
        (lambda: Float(1, 2, scale=None), DistributionError, "scale must be"),
        (lambda: Categorical([1, 2], ordered="no"), DistributionError, "ordered must be True"),
        (lambda: Space({"x": Float(0, 1)}, constraints=5), ConstraintError, "a constraint is text"),
        (lambda: Space({"x": Float(0, 1)}, [None]), ConstraintError, "a constraint is text"),
        (lambda: luthier.create_study().add_trials(5), TrialError, "a list of rows"),
        (lambda: luthier.create_study().add_trials("a"), TrialError, "a list of rows"),
    ],
)
def test_other_types_are_refused_in_words(make, error, says):
    with pytest.raises(error, match=says):
        make()


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda t: t.suggest_float(["x"], 0, 1), "name must be"),
        (lambda t: t.suggest_float(None, 0, 1), "name must be"),
        (lambda t: t.suggest_int(5, 0, 1), "name must be"),
        (lambda t: t.suggest_categorical({}, [1]), "name must be"),
        (lambda t: t.suggest_float("x", 1, 2, log="no"), "'x': log must be True or False"),
        (lambda t: t.suggest_float("x", 1, 2, log=np.array([0, 1])), "log must be True or False"),
        (lambda t: t.suggest_int("x", 1, 2, log=None), "log must be True or False"),
        (lambda t: t.suggest_float("x", 1, 2, log=True, scale="linear"), "contradict each other"),
        (lambda t: t.suggest_float("x", 1, 2, scale=5), "'x': scale must be"),
        (lambda t: t.suggest_categorical("c", [1], ordered="no"), "'c': ordered must be"),
    ],
)
def test_a_suggest_call_says_what_is_wrong_with_it(ask, says):
    study = run(lambda t: t.suggest_float("x", 1, 2))
    for trial in (luthier.create_study().ask(), study.ask()):
        with pytest.raises(DistributionError, match=says):
            ask(trial)


def test_names_scales_and_switches_of_numpy_are_plain():
    def objective(trial):
        x = trial.suggest_float(np.str_("x"), 1, 2, log=np.True_)
        y = trial.suggest_int(Text.A, 1, 9, scale=np.str_("log"))
        trial.suggest_categorical("c", [1, 2], ordered=np.True_)
        return x + y

    space = run(objective, n_trials=3).engine.space
    assert space.params == {
        "x": Float(1, 2, scale="log"),
        "a": Int(1, 9, scale="log"),
        "c": Categorical([1, 2], ordered=True),
    }
    assert {type(name) for name in space.names} == {str}


def test_one_hard_constraint_needs_no_list():
    params = {"a": Int(0, 3), "b": Int(0, 3)}
    for rules in ("a < b", ["a < b"], ("a < b",), lambda p: p["a"] < p["b"]):
        assert Space(params, rules).n_points == 6
    assert Space(params, None).n_points == 16


@pytest.mark.parametrize("name", [5, None, 0.5, np.float64(1), (1, 2), "caf\udce9", "", Whole.ONE])
def test_a_name_that_is_none_is_said_when_it_is_given(name):
    for space in (None, {"x": Float(0, 1)}):
        with pytest.raises(LuthierError, match="name must be"):
            luthier.create_study(space=space).enqueue({name: 1})
