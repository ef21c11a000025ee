"""How large a model is, against byte counts that are known."""

from __future__ import annotations

import io
import pickle
import warnings

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor

from luthier.measure import model_size, n_parameters


def network():
    return torch.nn.Sequential(
        torch.nn.Linear(10, 20), torch.nn.BatchNorm1d(20), torch.nn.Linear(20, 3, bias=False)
    )


def test_module_is_its_parameters_and_buffers():
    # BatchNorm counts its batches in an int64 as well
    weights = 10 * 20 + 20 + 20 + 20 + 20 * 3
    statistics = 20 + 20
    assert model_size(network()) == 4 * (weights + statistics) + 8
    assert model_size(network().half()) == 2 * (weights + statistics) + 8
    assert n_parameters(network()) == weights


def test_shared_weights_count_once():
    model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Linear(8, 8))
    model[1].weight = model[0].weight
    assert n_parameters(model) == 8 * 8 + 8 + 8
    assert model_size(model) == 4 * (8 * 8 + 8 + 8)


def test_frozen_parameters_may_be_left_out():
    model = network()
    model[0].requires_grad_(False)
    assert n_parameters(model, trainable=True) == n_parameters(model) - 220


def test_quantised_weights_count_as_they_are_kept():
    model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch is about to move this
        quantised = torch.ao.quantization.quantize_dynamic(
            model, {torch.nn.Linear}, dtype=torch.qint8
        )
    held = model_size(quantised)
    assert (
        64 * 32 + 4 * 32 <= held <= 64 * 32 + 4 * 32 + 64
    )  # bytes, floats of the bias, and a scale


class Packed(torch.Tensor):
    """Looks like floats, and holds bytes and a scale, as torchao's tensors do."""

    @staticmethod
    def __new__(cls, numbers, scale):
        return torch.Tensor._make_wrapper_subclass(cls, numbers.shape, dtype=torch.float32)

    def __init__(self, numbers, scale):
        self.numbers = numbers
        self.scale = scale

    def __tensor_flatten__(self):
        return ["numbers", "scale"], None

    @classmethod
    def __torch_dispatch__(cls, *args):
        raise NotImplementedError


def test_tensors_that_wrap_others_count_for_what_these_hold():
    weights = Packed(torch.zeros(30, 10, dtype=torch.int8), torch.zeros(30))
    assert model_size(weights) == 300 + 120
    layer = torch.nn.Module()
    layer.register_buffer("weights", weights, persistent=False)
    assert model_size(layer) == 300 + 120


def test_arrays():
    assert model_size(np.zeros((10, 7), np.float32)) == 280
    assert model_size(torch.zeros(10, 7, dtype=torch.float64)) == 560
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
