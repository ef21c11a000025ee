"""A model as a program of plain scikit-learn: it needs no luthier and predicts the same."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from luthier.automl import AutoClassifier, AutoRegressor
from luthier.errors import EstimatorError

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "size": np.where(RNG.random(400) < 0.1, np.nan, RNG.normal(size=400)),
        "colour": RNG.choice(["red", "green", "blue"], 400),
        "day": pd.date_range("2024-01-01", periods=400).astype(str),
        "words": [f"good things number {i} happen here" for i in range(400)],
    }
)
NUMBERS = FRAME["size"].fillna(0) + 2.0 * (FRAME["colour"] == "red") + 0.1 * RNG.normal(size=400)


def run(path):
    """Run the program's source where luthier cannot be imported."""
    space = {"__name__": "exported"}
    source = path.read_text()
    assert "luthier" not in source.split('"""', 2)[2]
    exec(compile(source, str(path), "exec"), space)
    return space["make_model"]()


@pytest.mark.parametrize("task", ["classify", "regress"])
def test_the_program_makes_the_same_model(tmp_path, task):
    y = np.where(NUMBERS > 1, "high", "low") if task == "classify" else NUMBERS.to_numpy()
    kind = AutoClassifier if task == "classify" else AutoRegressor
    model = kind(time_s=None, n_trials=3, learners=["linear", "tree"], random_state=0).fit(FRAME, y)
    model.export(tmp_path / "model.py")
    theirs = run(tmp_path / "model.py").fit(FRAME, y)
    if task == "classify":
        assert theirs.classes_.tolist() == model.classes_.tolist()
        ours = model.predict_proba(FRAME)
        np.testing.assert_allclose(theirs.predict_proba(FRAME), ours, atol=1e-5)
    else:
        np.testing.assert_allclose(theirs.predict(FRAME), model.predict(FRAME), atol=1e-5)


def test_the_program_runs_on_a_file(tmp_path):
    y = np.where(NUMBERS > 1, "high", "low")
    table = FRAME.assign(level=y)
    table.insert(0, "patient", range(400))
    table.loc[400, "patient"] = 400  # of whom nothing else is known
    table.to_csv(tmp_path / "train.csv", index=False, sep=";")
    model = AutoClassifier(time_s=None, n_trials=1, learners=["tree"], random_state=0)
    model = model.fit(FRAME, y)
    with pytest.raises(EstimatorError, match="expected a path that ends"):
        model.export(tmp_path / "model.txt")
    model.export(tmp_path / "model.py", target="level", unused=["patient"], reading={"sep": ";"})
    done = subprocess.run(
        [sys.executable, "model.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "VotingClassifier" in done.stdout
