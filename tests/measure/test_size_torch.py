"""How large a PyTorch model is, against byte counts that are known."""

from __future__ import annotations

import warnings

import pytest

from luthier.measure import model_size, n_parameters

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.external("torch")


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


def test_a_tensor_is_its_numbers():
    assert model_size(torch.zeros(10, 7, dtype=torch.float64)) == 560
