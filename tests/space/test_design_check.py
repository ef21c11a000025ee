"""Checks of a space before a run: each with a space that it is about, and one that is fine."""

import json

import pytest
from click.testing import CliRunner

from luthier import Categorical, Float, Int, Space
from luthier.cli import cli
from luthier.cli.finding_options import FOUND
from luthier.space.design_check import CHECKS, rank_parameters, split_words

GOOD = Space(
    {
        "learning_rate": Float(1e-5, 1e-1, log=True),
        "dropout": Float(0.0, 0.5),
        "momentum": Float(0.5, 0.999, scale="reverse_log"),
        "batch_size": Int(16, 256, log=True),
        "epochs": Int(1, 100),
        "activation": ["relu", "tanh", "gelu"],
        "layers": Categorical([1, 2, 4], ordered=True),
        "width": Int(16, 512, log=True, when={"activation": ["relu", "gelu"]}),
    },
    constraints="batch_size < 200",
)

BAD = [
    ("linear-rate", {"learning_rate": Float(0.0, 1.0)}, "learning_rate"),
    ("linear-rate", {"weight_decay": Float(1e-6, 1e-1)}, "weight_decay"),
    ("linear-rate", {"C": Float(0.01, 1000)}, "C"),
    ("linear-near-one", {"beta1": Float(0.5, 0.999)}, "beta1"),
    ("wide-range", {"x": Float(1e-9, 1.0, log=True)}, "x"),
    ("ordered-choices", {"batch": [16, 32, 64, 128]}, "batch"),
    ("ordered-choices", {"units": ["10", "20", "50"]}, "units"),
    ("costly-parameter", {"n_estimators": Int(10, 1_000_000, log=True)}, "n_estimators"),
    ("costly-parameter", {"numLayers": Int(1, 500)}, "numLayers"),
    ("default-at-bound", {"x": Float(0.1, 5.0, default=5.0)}, "x"),
    ("mixed-units", {"wait_ms": Float(1, 10), "timeout_s": Float(1, 10)}, ""),
    (
        "never-active",
        {
            "kind": ["a", "b"],
            "part": Categorical(["p", "q"], when={"kind": "a"}),
            "x": Float(0, 1, when={"kind": "b", "part": "p"}),
        },
        "x",
    ),
    (
        "rarely-active",
        {"kind": [f"k{i}" for i in range(200)], "x": Float(0, 1, when={"kind": "k0"})},
        "x",
    ),
]


def names(space, n_trials=None):
    return {remark.name for remark in space.check_design(n_trials)}


@pytest.mark.parametrize(("name", "params", "subject"), BAD)
def test_what_wastes_trials_is_found(name, params, subject):
    found = [r for r in Space(params).check_design() if r.name == name]
    assert [r.subject for r in found] == [subject]
    assert found[0].title
    assert found[0].advice
    assert str(found[0]).startswith(f"{found[0].severity}: {found[0].title}")


def test_a_good_space_is_left_alone():
    assert GOOD.check_design(200) == []
    assert Space().check_design() == []


def test_every_check_is_tried():
    tried = {name for name, _, _ in BAD} | {"few-trials", "strict-constraint"}
    assert len(tried) >= len(CHECKS)


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"learning_rate": Float(0.0, 1.0)}, "learning_rate"),
        ({"batch": [64, 16, 32]}, "batch"),
        ({"units": ["10", "50", "20"]}, "units"),
        ({"beta1": Float(0.5, 0.999)}, "beta1"),
    ],
)
def test_the_remedy_is_a_space_without_the_fault(params, name):
    (remark,) = Space(params).check_design()
    better = eval(
        "{" + remark.remedy + "}", {"Float": Float, "Int": Int, "Categorical": Categorical}
    )
    assert names(Space(better)) == set()
    assert list(better) == [name]


def test_powers_of_two_become_a_range():
    (remark,) = Space({"batch": [16, 32, 64, 128]}).check_design()
    assert remark.remedy == "'batch': Int(low=16, high=128, scale='log')"


def test_few_trials_are_told_with_which_three_to_start():
    params = {f"x{j}": Float(0, 1) for j in range(6)}
    params |= {"max_depth": Int(2, 12), "eta": Float(1e-3, 1, log=True), "l2": Float(1, 9)}
    (remark,) = [r for r in Space(params).check_design(40) if r.name == "few-trials"]
    assert remark.severity == "advice"
    assert "start with these 3: eta, max_depth, l2" in remark.advice
    (remark,) = [r for r in Space(params).check_design(20) if r.name == "few-trials"]
    assert remark.severity == "warning"
    assert "few-trials" not in names(Space(params), 90)
    assert "few-trials" not in names(Space(params))


def test_constraints_that_reject_almost_all():
    space = Space({"a": Float(0, 1), "b": Float(0, 1)}, constraints="a + b < 0.05")
    assert "strict-constraint" in names(space)
    together = ["a < 0.06", "b < 0.06"]
    assert "strict-constraint" in names(Space({"a": Float(0, 1), "b": Float(0, 1)}, together))
    function = Space({"a": Float(0, 1)}, constraints=lambda p: p["a"] < 0.003)
    assert "strict-constraint" in names(function)


def test_defaults_that_break_a_constraint_together():
    params = {"a": Float(0, 9, default=3), "b": Float(0, 9, default=2)}
    assert names(Space(params, constraints="a < b")) == {"default-forbidden"}
    assert names(Space(params, constraints="b < a")) == set()


@pytest.mark.parametrize("n_trials", [0, -1, 2.5, "9"])
def test_the_number_of_trials_is_whole(n_trials):
    with pytest.raises(ValueError, match="n_trials"):
        GOOD.check_design(n_trials)


def test_the_words_of_names():
    assert split_words("maxDepth_2") == ["max", "depth", "2"]
    assert rank_parameters(["b", "batch", "lr", "a"]) == ["lr", "batch", "b", "a"]


# -- the command line -----------------------------------------------------------------------------


def call(*args):
    return CliRunner().invoke(cli, ["check", *args])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "space.json"
    path.write_text(json.dumps(Space({"learning_rate": Float(0.0, 1.0)}).to_json()))
    return str(path)


def test_the_command_checks_a_file(file):
    done = call(file)
    assert done.exit_code == 0
    assert done.output.startswith("advice: learning_rate is searched on a linear scale")


@pytest.mark.parametrize(
    ("severity", "status"), [("warning", 0), ("advice", FOUND), ("note", FOUND)]
)
def test_its_status_says_whether_something_bad_was_found(file, severity, status):
    assert call(file, "--fail-on", severity).exit_code == status


def test_remarks_as_json(file):
    (remark,) = json.loads(call(file, "--format", "json").output)
    assert remark["name"] == "linear-rate"


def test_a_file_without_faults(tmp_path):
    path = tmp_path / "space.json"
    path.write_text(json.dumps(GOOD.to_json()))
    assert call(str(path)).output == "Nothing was found.\n"


def test_a_file_that_is_not_there():
    assert call("missing.yaml").exit_code == 1
