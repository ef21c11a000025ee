import json
import os

import pytest

import luthier
from luthier.errors import SpaceError
from luthier.objectives import read_space

YAML = """
lr: {low: 1e-5, high: 0.1, scale: log}
kernel: [rbf, poly]
degree: {low: 2, high: 5, when: {kernel: poly}}
constraints: ["lr < 0.09"]
"""
TOML = """
constraints = ["lr < 0.09"]
kernel = ["rbf", "poly"]
[lr]
low = 1e-5
high = 0.1
scale = "log"
[degree]
low = 2
high = 5
when = {kernel = "poly"}
"""


def test_space_files(tmp_path):
    (tmp_path / "s.yaml").write_text(YAML)
    (tmp_path / "s.toml").write_text(TOML)
    space = read_space(tmp_path / "s.yaml")
    (tmp_path / "s.json").write_text(json.dumps(space.to_json()))
    assert space.params == {
        "lr": luthier.Float(1e-5, 0.1, scale="log"),
        "kernel": luthier.Categorical(["rbf", "poly"]),
        "degree": luthier.Int(2, 5, when={"kernel": "poly"}),
    }
    for other in ("s.toml", "s.json"):
        assert read_space(tmp_path / other).params == space.params
        assert [c.text for c in read_space(tmp_path / other).constraints] == ["lr < 0.09"]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("s.yaml", "a: [1", "s.yaml is not well-formed"),
        ("s.toml", "a = ", "s.toml is not well-formed"),
        ("s.json", "{", "s.json is not well-formed"),
        ("s.json", b"\xff", "s.json is not well-formed"),
        ("s.yaml", "", "expected names and their distributions"),
        ("s.yaml", "[1, 2]", "expected names and their distributions"),
        ("s.yaml", "lr: {low: 2, high: 1}", "'lr' is not described well: .*low <= high"),
        ("s.txt", "lr: [1]", r"ends in .yaml, .toml or .json"),
        ("none.yaml", None, "none.yaml cannot be read: No such file"),
    ],
)
def test_space_file_errors(tmp_path, file, text, message):
    if text is not None:
        (tmp_path / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SpaceError, match=message) as e:
        read_space(tmp_path / file)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("s.json", '{"lr": [1, 2], "b": [1, 2], "lr": [3, 4]}'),
        ("s.json", '{"lr": {"low": 0, "low": 1, "high": 2}}'),
        ("s.yaml", "lr: [1, 2]\nb: [1, 2]\nlr: [3, 4]"),
        ("s.yaml", "lr: {low: 0, low: 1, high: 2}"),
        ("s.toml", "lr = [1, 2]\nlr = [3, 4]"),
    ],
)
def test_a_name_that_is_there_twice_is_refused(tmp_path, file, text):
    (tmp_path / file).write_text(text)
    with pytest.raises(SpaceError, match=r"twice|Cannot overwrite"):
        read_space(tmp_path / file)


def test_what_yaml_repeats_by_a_reference_is_there_once(tmp_path):
    (tmp_path / "s.yaml").write_text("a: &r {low: 0, high: 1}\nb: *r\nc: {<<: *r, high: 3}")
    assert read_space(tmp_path / "s.yaml").names == ("a", "b", "c")


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_what_is_no_file_is_refused_and_not_read_for_ever(tmp_path, kind):
    path = tmp_path / "s.json"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
    with pytest.raises(SpaceError, match="a folder, a device or a pipe"):
        read_space(path)
