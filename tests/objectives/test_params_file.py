import json
import math
import sys
import tomllib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import luthier
from luthier.errors import CommandError
from luthier.objectives import Program
from luthier.objectives.params_file import ParamsFile

YAML = """
# how a model is trained
epochs: 3
since: 2026-01-31
optimizer: &same {name: sgd, lr: 0.01}
second: *same
layers: [64, {units: 32}, 16]
"""
READ = {".json": json.loads, ".toml": tomllib.loads, ".yaml": yaml.safe_load}


def file(tmp_path, text, ending=".yaml"):
    path = tmp_path / f"config{ending}"
    path.write_text(text)
    return ParamsFile(path)


def test_params_stand_in_their_places_and_the_rest_stays(tmp_path):
    params = {"optimizer.lr": 1e-5, "layers.1.units": 7, "layers.0": (1, 2), "epochs": None}
    found = yaml.safe_load(file(tmp_path, YAML).fill(params, params))
    assert found["optimizer"] == {"name": "sgd", "lr": 1e-5}
    assert found["second"] == {"name": "sgd", "lr": 0.01}  # though it was the same in the file
    assert found["layers"] == [[1, 2], {"units": 7}, 16]
    assert found["epochs"] is None
    assert found["since"] == yaml.safe_load(YAML)["since"]


def test_inactive_params_are_left_out(tmp_path):
    settings = file(tmp_path, YAML)
    names = ["epochs", "layers.0", "layers.2", "optimizer.lr"]
    found = yaml.safe_load(settings.fill({"optimizer.lr": 1}, names))
    assert "epochs" not in found
    assert found["layers"] == [{"units": 32}]
    assert found["optimizer"] == {"name": "sgd", "lr": 1}


VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("aé. \"'", max_size=4), inner)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("ending", [".json", ".toml", ".yaml"])
@settings(max_examples=30)
@given(value=VALUES, kept=VALUES)
def test_every_format_gives_back_what_was_written(tmp_path_factory, ending, value, kept):
    folder = tmp_path_factory.mktemp("s")
    blank = file(folder, "x = 0" if ending == ".toml" else '{"x": 0}', ending)
    assert READ[ending](blank.fill({"x": value}, ["x"])) == {"x": value}
    text = blank.fill({"x": {"kept": kept}}, ["x"])
    (folder / f"again{ending}").write_text(text)
    again = ParamsFile(folder / f"again{ending}")
    assert READ[ending](again.fill({"x.kept": value}, [])) == {"x": {"kept": value}}


def test_numbers_keep_all_digits(tmp_path):
    for ending, text in ((".json", '{"x": 0}'), (".toml", "x = 0"), (".yaml", "x: 0")):
        for value in (0.1 + 0.2, 1e-5, 1e300, 2**53 + 1, True):
            found = READ[ending](file(tmp_path, text, ending).fill({"x": value}, ["x"]))["x"]
            assert found == value
            assert type(found) is type(value)
    assert math.isinf(
        READ[".toml"](file(tmp_path, "x = 0", ".toml").fill({"x": math.inf}, []))["x"]
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["lr"], "no place for the parameter 'lr'; call it 'optimizer.lr'"),
        (["optimiser.lr"], "call it 'optimizer.lr'"),
        (["zzzzzzz"], "the file has epochs, since, optimizer"),
        (["optimizer", "optimizer.lr"], "'optimizer.lr' stands within 'optimizer'"),
        (["optimizer.lr", "optimizer"], "'optimizer.lr' stands within 'optimizer'"),
        (["a.b"], "two places that are called 'a.b'"),
    ],
)
def test_a_parameter_without_a_place_of_its_own_is_refused(tmp_path, names, message):
    settings = file(tmp_path, YAML + "a: {b: 1}\na.b: 2\n")
    with pytest.raises(CommandError, match=message):
        settings.check(names)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("c.yaml", "!!python/object/apply:os.system ['true']", "c.yaml is not well-formed"),
        ("c.yaml", "[1, 2]", "expected names and values in"),
        ("c.toml", "x =", "the params file .* is not well-formed"),
        ("c.ini", "x = 1", "expected a params file that ends in .yaml, .toml or .json"),
        ("none.yaml", None, "cannot be read: No such file"),
    ],
)
def test_what_is_no_file_of_settings_is_refused(tmp_path, name, text, message):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(CommandError, match=message):
        ParamsFile(tmp_path / name)


def test_a_choice_that_cannot_be_written_is_refused_before_a_trial(tmp_path):
    (tmp_path / "c.toml").write_text("x = 1")
    program = Program(["p", "{params}"], params_file=tmp_path / "c.toml")
    with pytest.raises(CommandError, match="TOML has no null"):
        program.check_choices(luthier.Space({"x": luthier.Categorical([None, 1])}))
    with pytest.raises(CommandError, match="call the parameter something else"):
        program.check(["params", "x"])


def test_a_program_reads_its_copy_which_goes_with_it(tmp_path):
    (tmp_path / "c.json").write_text('{"model": {"lr": 0.5, "depth": 3}}')
    code = """
import json, os, sys
assert sys.argv[1] == os.environ["LUTHIER_PARAMS_FILE"]
model = json.load(open(sys.argv[1]))["model"]
tags = {"file": sys.argv[1], "depth": model["depth"]}
print(json.dumps({"value": model["lr"], "tags": tags}))
"""
    (tmp_path / "train.py").write_text(code)
    program = Program(
        [sys.executable, tmp_path / "train.py", "{params}"], params_file=tmp_path / "c.json"
    )
    assert program.placeholders == ()
    study = luthier.create_study(space={"model.lr": luthier.Float(0, 1)}, seed=0)
    study.optimize(program, n_trials=2)
    for row in study.trials:
        assert row.value == row.params["model.lr"]
        assert row.tags["depth"] == 3
        assert not (tmp_path / row.tags["file"]).exists()
