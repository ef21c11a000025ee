"""How large a model is, against byte counts that are known."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor

from luthier.measure import model_size, n_parameters


def test_arrays():
    assert model_size(np.zeros((10, 7), np.float32)) == 280
    assert model_size(b"abc") == 3
    assert model_size(memoryview(np.zeros(5))) == 40
    words = np.array(["a" * 1000, None], dtype=object)  # nbytes would be those of two pointers
    assert model_size(words) > 1000


def test_files_and_folders(tmp_path):
    (tmp_path / "model.onnx").write_bytes(bytes(1234))
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "vocabulary").write_bytes(bytes(66))
    assert model_size(tmp_path / "model.onnx") == 1234
    assert model_size(str(tmp_path)) == 1300
    assert model_size(tmp_path / "deeper") == 66
    with pytest.raises(FileNotFoundError, match=r"there is no model at .*none"):
        model_size(tmp_path / "none")


def test_other_models_are_as_long_as_their_pickle():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 4)), rng.integers(2, size=300)
    small, large = (RandomForestClassifier(n, random_state=0).fit(X, y) for n in (2, 20))
    for model in (small, large, {"weights": np.zeros(100_000)}, [1, "two"]):
        file = io.BytesIO()
        pickle.dump(model, file, protocol=5)
        assert model_size(model) == len(file.getvalue())
    assert model_size(large) > 5 * model_size(small)


def test_what_cannot_be_pickled():
    with pytest.raises(
        TypeError, match=r"a function cannot be pickled .* save it to a file, and give the path"
    ):
        model_size(lambda x: x)


def test_parameters_of_scikit_learn():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), rng.normal(size=60)
    assert n_parameters(Ridge().fit(X, y)) == 5
    assert n_parameters(LogisticRegression().fit(X, rng.integers(3, size=60))) == 15
    assert (
        n_parameters(
            MLPRegressor(hidden_layer_sizes=(7,), solver="lbfgs", max_iter=1000, tol=1.0).fit(X, y)
        )
        == 4 * 7 + 7 + 7 + 1
    )
    for model in (Ridge(), RandomForestClassifier()):
        with pytest.raises(TypeError, match=f"got a {type(model).__name__}; model_size tells"):
            n_parameters(model)
