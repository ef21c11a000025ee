"""State dicts of PyTorch go into checkpoints and come back as tensors."""

from __future__ import annotations

import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import luthier  # noqa: E402
from luthier.checkpoints.packing import pack, unpack  # noqa: E402
from luthier.errors import CheckpointError  # noqa: E402

TYPES = [
    torch.bool,
    torch.uint8,
    torch.int64,
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.complex64,
    torch.float8_e5m2,
]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3)])
def test_a_tensor_of_any_type_comes_back(dtype, shape) -> None:
    tensor = (4 * torch.rand(shape, dtype=torch.float64)).to(dtype)
    back = unpack(pack({"t": tensor}))["t"]
    assert (back.dtype, back.shape) == (dtype, tensor.shape)
    assert torch.equal(back.to(torch.complex128), tensor.to(torch.complex128))
    back.zero_()  # it can be written to


def test_gradients_strides_and_parameters_are_plain_tensors() -> None:
    weight = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    back = unpack(pack([weight, weight.t(), weight[:, ::2], weight * 2]))
    assert [type(t) for t in back] == [torch.Tensor] * 4
    assert not any(t.requires_grad for t in back)
    assert torch.equal(back[1], weight.detach().t())
    assert torch.equal(back[2], weight.detach()[:, ::2])


def test_what_has_no_numbers_is_refused() -> None:
    for tensor in (torch.eye(3).to_sparse(), torch.empty(3, device="meta")):
        with pytest.raises(CheckpointError, match=r"checkpoint\[\"t\"\] is a torch.Tensor"):
            pack({"t": tensor})
    with pytest.raises(CheckpointError):
        unpack(pack({"t": torch.ones(2)}).replace(b"float32", b"floatXY"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_training_goes_on_from_a_checkpoint(dtype) -> None:
    """Two turns of a trial give the very weights that one gives."""

    def train(model, optimizer, begin, end):
        for step in range(begin, end):
            torch.manual_seed(step)
            loss = model(torch.rand(8, 4, dtype=dtype)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return loss.item()

    def new():
        torch.manual_seed(0)
        model = torch.nn.Linear(4, 1).to(dtype)
        return model, torch.optim.Adam(model.parameters(), lr=0.1)

    whole = new()
    train(*whole, 0, 6)
    study = luthier.create_study(space={"x": luthier.Float(0, 1)}, seed=0)
    trial = study.ask()
    model, optimizer = new()
    loss = torch.tensor(train(model, optimizer, 0, 3))
    trial.report(
        loss, 3, checkpoint={"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    )
    study.tell(trial, loss)

    saved = study.load_checkpoint(0)
    model, optimizer = new()
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    train(model, optimizer, 3, 6)
    assert torch.equal(model.weight, whole[0].weight)


def test_without_torch_arrays_come_back(monkeypatch) -> None:
    data = pack({"a": torch.tensor([1.5, -2.0]), "b": torch.tensor([1.5], dtype=torch.bfloat16)})
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "luthier.checkpoints.tensors")
    back = unpack(data)
    np.testing.assert_array_equal(back["a"], np.array([1.5, -2.0], dtype=np.float32))
    np.testing.assert_array_equal(back["b"], np.array([1.5], dtype=np.float32))
