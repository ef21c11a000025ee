"""Functions keep the name of their file on their way to another process."""

from __future__ import annotations

import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

import luthier
from luthier.executors.pickling import to_pickle

SCRIPT = """
import luthier

SCALE = 3

class Model:
    def fit(self, x):
        raise ValueError(f"singular at {x < SCALE}")  # in the model

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    return Model().fit(x)  # in the objective

if __name__ == "__main__":
    study = luthier.create_study(seed=0)
    study.optimize(objective, n_trials=2, n_jobs=2, catch=ValueError, progress=False)
    print(study.trials[0].error)
"""


def test_a_worker_names_the_users_file_and_its_lines(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=120
    )
    lines = SCRIPT.splitlines()
    for text in ("in the model", "in the objective"):
        [at] = [i for i, line in enumerate(lines, start=1) if text in line]
        assert f'File "{script}", line {at}' in done.stdout
        assert text in done.stdout
    assert "<dynamic-code>" not in done.stdout


def nest(depth: int, file: str = "cell 1"):
    """A closure of code that stands in no module, a few functions deep."""
    source = "def f(x):\n    raise KeyError(x)\n"
    for i in range(depth):
        source += (
            f"def f(x, inner_{i}=f):\n    def g(y):\n        return inner_{i}(y)\n    return g(x)\n"
        )
    names: dict[str, object] = {"__name__": "__main__"}
    exec(compile(source, file, "exec"), names)
    return names["f"]


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("file", ["cell 1", "/tmp/ipykernel_1/2.py", "<dynamic-code>"])
def test_code_of_a_notebook_keeps_its_name_however_deep(depth: int, file: str) -> None:
    f = pickle.loads(to_pickle(nest(depth, file)))
    with pytest.raises(KeyError) as caught:
        f(1)
    files = [frame.filename for frame in traceback.extract_tb(caught.tb)][1:]
    assert files == [file] * (1 + 2 * depth)


def test_other_values_travel_as_ever() -> None:
    value = {"space": luthier.Space({"x": luthier.Float(0, 1)}), "n": [1, 2.5, None]}
    assert pickle.loads(to_pickle(value))["n"] == value["n"]
    with pytest.raises(TypeError, match="generator"):
        to_pickle(i for i in range(3))
