"""Architectures as modules of PyTorch: built, measured, and grown from smaller ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import SpaceError
from ..validation import check_whole, show
from .block import Block
from .graph import SKIP, Graph, Operation

Maker = Callable[[int, int, Mapping[str, Any]], nn.Module]
"""Makes an operation from how many values or channels it reads, how many it returns, and its
settings."""

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
}


def _dense(n_in: int, n_out: int, settings: Mapping[str, Any]) -> nn.Module:
    activation = settings.get("activation", "relu")
    if activation not in _ACTIVATIONS:
        raise SpaceError(f"no activation {show(activation)}; there are {list(_ACTIVATIONS)}")
    return nn.Sequential(nn.Linear(n_in, n_out), _ACTIVATIONS[activation]())


def _convolution(size: int) -> Maker:
    def make(n_in: int, n_out: int, settings: Mapping[str, Any]) -> nn.Module:
        convolution = nn.Conv2d(n_in, n_out, size, padding=size // 2, bias=False)
        return nn.Sequential(convolution, nn.BatchNorm2d(n_out), nn.ReLU())

    return make


def _pool(kind: Callable[..., nn.Module]) -> Maker:
    def make(n_in: int, n_out: int, settings: Mapping[str, Any]) -> nn.Module:
        return kind(3, stride=1, padding=1)

    return make


OPERATIONS: dict[str, Maker] = {
    SKIP: lambda n_in, n_out, settings: nn.Identity(),
    "dense": _dense,
    "conv1x1": _convolution(1),
    "conv3x3": _convolution(3),
    "conv5x5": _convolution(5),
    "avg_pool3x3": _pool(nn.AvgPool2d),
    "max_pool3x3": _pool(nn.MaxPool2d),
}
"""The operations that `build` knows, by name."""

_KEEP_WIDTH = (SKIP, "avg_pool3x3", "max_pool3x3")


class Network(nn.Module):  # type: ignore[misc]  # read without PyTorch
    """The module of a graph, between a layer that reads the input and one that answers.

    Args:
        graph: The architecture.
        inputs: Values of a row, or (channels, height, width) of an image.
        outputs: Values of an answer.
        width: Values, or channels, that the first operations read.
        operations: Name -> what makes the operation.
    """

    def __init__(
        self,
        graph: Graph,
        inputs: int | tuple[int, int, int],
        outputs: int,
        width: int,
        operations: Mapping[str, Maker],
    ) -> None:
        super().__init__()
        graph = graph.trim()
        self._sources = graph.sources()[1:]
        is_image = isinstance(inputs, tuple)
        n_in = width if isinstance(inputs, tuple) else inputs
        self.stem: nn.Module = nn.Identity()
        if isinstance(inputs, tuple):
            stem = nn.Conv2d(inputs[0], width, 3, padding=1, bias=False)
            self.stem = nn.Sequential(stem, nn.BatchNorm2d(width))

        widths = [n_in]
        layers = []
        for operation, sources in zip(graph.operations, self._sources, strict=False):
            read = _common_width(operation.name, [widths[i] for i in sources])
            layer, n_out = _make(operation, read, operations)
            layers.append(layer)
            widths.append(n_out)
        self.operations = nn.ModuleList(layers)
        last = _common_width("the output", [widths[i] for i in self._sources[-1]])
        pool = [nn.AdaptiveAvgPool2d(1), nn.Flatten()] if is_image else []
        self.head = nn.Sequential(*pool, nn.Linear(last, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return the answers (n, outputs) to n rows or images."""
        found = [self.stem(x)]
        for operation, sources in zip(self.operations, self._sources, strict=False):
            found.append(operation(sum(found[i] for i in sources)))
        answer: Tensor = self.head(sum(found[i] for i in self._sources[-1]))
        return answer


def build(
    params: Mapping[str, Any],
    block: Block,
    *,
    inputs: int | tuple[int, int, int],
    outputs: int,
    width: int = 16,
    operations: Mapping[str, Maker] | None = None,
) -> Network:
    """Return the network that params describe.

    An operation returns as many values as its setting "width" says, or else as many as it reads.
    What several operations return is added, so it must have the same width.

    Args:
        params: Of a trial; those that are no architecture do not matter.
        block: The architecture.
        inputs: Values of a row, or (channels, height, width) of an image.
        outputs: Values of an answer, such as the number of classes.
        width: Channels of an image after the first layer.
        operations: Further operations by name, or others of the same name: see `Maker`.

    Raises:
        SpaceError: The params are of another space, an operation is not known, or results of
            different width are added.
    """
    if isinstance(inputs, tuple):
        if len(inputs) != 3:
            raise ValueError(f"inputs are (channels, height, width) of an image, got {inputs}")
        for part, size in zip(("channels", "height", "width"), inputs, strict=True):
            check_whole(f"the {part} of inputs", size)
    else:
        check_whole("inputs", inputs)
    check_whole("outputs", outputs)
    check_whole("width", width)
    known = {**OPERATIONS, **(operations or {})}
    return Network(block.graph(params), inputs, outputs, width, known)


def count_weights(network: nn.Module) -> int:
    """Return how many weights a network learns."""
    return sum(weight.numel() for weight in network.parameters() if weight.requires_grad)


def count_multiplications(network: nn.Module, example: Tensor) -> int:
    """Return how many multiplications the linear layers and convolutions need for one example.

    Args:
        network: Any network.
        example: (n, ...) rows or images that it reads; the count is for one of them.
    """
    total = 0

    def add(layer: nn.Module, read: tuple[Tensor, ...], returned: Tensor) -> None:
        nonlocal total
        weight = layer.weight
        assert isinstance(weight, Tensor)
        total += weight[0].numel() * returned[0].numel()

    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    was_training = network.training
    try:
        with torch.no_grad():
            network.eval()(example)
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    return total


def inherit(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Give a network the weights of another one that it grew from, or shrank from.

    What both have is copied. A layer that became wider keeps the weights of new units, and what
    reads these begins with 0; a new layer of the same width begins by changing nothing. So a dense
    network with ReLU that grew answers at first what the smaller one answered. With batch
    normalisation, or other activations, a new layer changes answers.

    Args:
        network: The new network; changed.
        weights: The `state_dict` of the other.

    Source: Chen 2016 (Net2Net). Deviation: new units are not copies, but are not read at first.
    """
    grown = {
        name: _grow(name, tensor, weights.get(name))
        for name, tensor in network.state_dict().items()
    }
    network.load_state_dict(grown)


def _grow(name: str, new: Tensor, old: Tensor | None) -> Tensor:
    """Return a tensor of the new network, from that of the old one; None where it has none."""
    new = new.clone()
    if old is None:
        return _change_nothing(name, new)
    if new.ndim != old.ndim or new.shape[2:] != old.shape[2:]:
        return new
    if new.ndim == 0:
        return old.clone()
    common = tuple(slice(min(a, b)) for a, b in zip(new.shape, old.shape, strict=True))
    if new.ndim > 1:
        new[common[0], old.shape[1] :] = 0
    new[common] = old[common]
    return new


def _change_nothing(name: str, weight: Tensor) -> Tensor:
    """Return the weights of a new layer that passes on what it reads."""
    if weight.ndim == 2:
        return torch.eye(*weight.shape, dtype=weight.dtype)
    if weight.ndim == 4:
        nn.init.dirac_(weight)
    elif name.endswith("bias"):
        weight.zero_()
    return weight


def _make(
    operation: Operation, n_in: int, operations: Mapping[str, Maker]
) -> tuple[nn.Module, int]:
    """Return the module of an operation that reads n_in values, and how many it returns."""
    if operation.name not in operations:
        raise SpaceError(
            f"no operation {operation.name!r}; build knows {sorted(operations)}: pass "
            f"operations={{{operation.name!r}: ...}} with what makes it"
        )
    settings = dict(operation.settings)
    n_out = n_in if operation.name in _KEEP_WIDTH else int(settings.get("width", n_in))
    return operations[operation.name](n_in, n_out, settings), n_out


def _common_width(name: str, widths: list[int]) -> int:
    """Return the width of results that are added.

    Raises:
        SpaceError: They differ.
    """
    if len(set(widths)) > 1:
        raise SpaceError(
            f"{name} adds results of the widths {sorted(set(widths))}; give the operations before "
            "it the same width"
        )
    return widths[0]
