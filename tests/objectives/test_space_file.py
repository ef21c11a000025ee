import json

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
