"""Tensors of PyTorch as arrays of numpy, and back; the one file that imports torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

# Types that numpy does not have, and the whole numbers that hold their bits.
_BITS = {
    torch.bfloat16: torch.int16,
    torch.float8_e4m3fn: torch.uint8,
    torch.float8_e5m2: torch.uint8,
}
_TYPES: dict[str, torch.dtype] = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.bool,
        torch.uint8,
        torch.int8,
        torch.int16,
        torch.int32,
        torch.int64,
        torch.float16,
        torch.float32,
        torch.float64,
        torch.complex64,
        torch.complex128,
        *_BITS,
    )
}


def to_array(tensor: torch.Tensor) -> tuple[NDArray[Any], str]:
    """Return what a tensor holds, on any device and with any gradient, and the name of its type.

    Raises:
        TypeError: It is sparse, quantised, without data, or of a type that is not listed here.
    """
    name = str(tensor.dtype).removeprefix("torch.")
    if tensor.layout != torch.strided or tensor.is_meta or name not in _TYPES:
        raise TypeError(f"a tensor of type {name} and layout {tensor.layout} is not packed")
    plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
    bits = _BITS.get(tensor.dtype)
    return (plain if bits is None else plain.view(bits)).numpy(), name


def to_tensor(array: NDArray[Any], name: str) -> torch.Tensor:
    """Return the tensor, on the CPU, that `to_array` has made an array of.

    Raises:
        KeyError: There is no such type.
    """
    dtype = _TYPES[name]
    tensor = torch.from_numpy(np.require(array, requirements=["W", "C"]))
    return tensor.view(dtype) if dtype in _BITS else tensor.to(dtype)
