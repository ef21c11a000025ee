"""Trees of dicts, lists, numbers and arrays as one npz file, without pickle.

The file is one that `numpy.load` reads. Its entry "tree" is JSON text in bytes; its entries "a0",
"a1", ... are the arrays. What JSON has no word for is a JSON object with one key that starts with
"$":

    {"$array": "a0"}          an array, by its entry
    {"$tensor": ["a0", "bfloat16"]} a tensor of PyTorch: its array, and its type
    {"$scalar": ["<f4", hex]} a numpy scalar: its dtype and its bytes
    {"$tuple": [...]}         a tuple
    {"$int": "0x..."}         an integer of more than 64 bits
    {"$dict": [[key, value], ...]}  a dict with keys that are no text, or that start with "$"
    themselves

What comes back: dicts, lists and tuples as plain ones, whatever subclass went in (OrderedDict,
named tuples); text and numbers in their own type; numpy scalars as numpy scalars, except that one
of a structured dtype becomes a 0-d array; tensors of PyTorch, from any device and with any
gradient, as plain tensors in the CPU's memory, or as numpy arrays where PyTorch is not installed;
everything else with `__array__` as a numpy array. Arrays keep dtype, shape and byte order; two
places that shared an array get one each.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import math
import zipfile
from collections.abc import Iterator
from typing import IO, Any, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from ..errors import CheckpointError

Arrays = dict[str, NDArray[Any]]

_MAX_DEPTH = 100
_SCALARS = "biufcmMSU"
_MAX_HEADER = 9_000  # characters; numpy refuses to read more than 10,000
_MAGIC = b"\x93NUMPY\x03\x00"
_PIECE = 2**20  # bytes
_HINT = "write it to a file of your own and pass the path of that file as the checkpoint"


def pack(value: Any) -> bytes:
    """Pack a tree as the content of an npz file.

    Raises:
        CheckpointError: Something in it is neither a dict, list, tuple, text, number, bool, None
            nor array; or it contains itself.
    """
    file = io.BytesIO()
    write(file, *flatten(value))
    return file.getvalue()


def unpack(data: bytes) -> Any:
    """Return the tree that `pack` was given.

    It takes no more memory than a few times the size of the data: nothing in there is compressed,
    and each array stands in one place of the tree.

    Raises:
        CheckpointError: It is not what `pack` writes, or holds pickled objects, which are never
            loaded.
    """
    with _readable():
        arrays = _read_arrays(data)
        return _restore(json.loads(arrays.pop("tree").tobytes()), arrays)


def _read_arrays(data: bytes) -> Arrays:
    """The arrays of an npz file, by name.

    Raises:
        ValueError: It is larger than its data.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as npz:
        entries = npz.infolist()
        n_bytes = sum(entry.file_size for entry in entries)
        if n_bytes > len(data) or any(e.compress_type != zipfile.ZIP_STORED for e in entries):
            raise ValueError(f"{len(data)} bytes would become {n_bytes}")
        arrays: Arrays = {}
        for entry in entries:
            with npz.open(entry) as file:
                content = _read_content(file, entry.file_size)
            arrays[entry.filename.removesuffix(".npy")] = _read_array(content)
    return arrays


def _read_content(file: IO[bytes], n_bytes: int) -> bytearray:
    """The content of an entry, piece by piece, so that it is in the memory once."""
    content = bytearray()
    while piece := file.read(min(_PIECE, n_bytes - len(content))):
        content += piece
    return content


def _read_array(data: bytearray) -> NDArray[Any]:
    """The array of an npy file; numpy itself takes the memory that the header asks for.

    Raises:
        ValueError: It is not what `write` writes.
    """
    start = len(_MAGIC) + 4 + int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 4], "little")
    if not data.startswith(_MAGIC) or start > _MAX_HEADER + 1_000:
        raise ValueError("an entry is no array")
    header = ast.literal_eval(data[len(_MAGIC) + 4 : start].decode())
    dtype = np.lib.format.descr_to_dtype(header["descr"])
    if dtype.hasobject or math.prod(header["shape"]) > len(data):
        raise ValueError(f"{len(data)} bytes are no array of {header!r:.100}")
    order: Literal["F", "C"] = "F" if header["fortran_order"] else "C"
    return np.ndarray(header["shape"], dtype, data, start, order=order)


def write(file: IO[bytes], text: str, arrays: Arrays) -> None:
    """Write what `flatten` made, as `pack` does."""
    entries: Arrays = {"tree": np.frombuffer(text.encode(), np.uint8), **arrays}
    with zipfile.ZipFile(file, "w") as npz:
        for name, array in entries.items():
            with npz.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, version=(3, 0), allow_pickle=False)


def flatten(value: Any) -> tuple[str, Arrays]:
    """Flatten a tree to JSON text, in ASCII, and the arrays that it refers to.

    Raises:
        CheckpointError: As `pack` says.
    """
    tree = _Tree()
    node = tree.node(value)
    return json.dumps(node, separators=(",", ":")), tree.arrays


def restore(text: str) -> Any:
    """Return the tree of a text that refers to no arrays.

    Raises:
        CheckpointError: It is not what `flatten` writes.
    """
    with _readable():
        return _restore(json.loads(text), {})


class _Tree:
    """A tree on its way to JSON: the arrays met so far, and where we are."""

    def __init__(self) -> None:
        self.arrays: Arrays = {}
        self._path: list[Any] = []
        self._open: set[int] = set()

    def node(self, value: Any) -> Any:
        if isinstance(value, np.generic) and not isinstance(value, np.void):
            self._check(value, value.dtype)
            return {"$scalar": [value.dtype.str, value.tobytes().hex()]}
        if value is None or isinstance(value, bool | str | float):
            return value
        if isinstance(value, int):
            return value if value.bit_length() <= 64 else {"$int": hex(value)}
        if isinstance(value, dict | list | tuple):
            return self._inner(value)
        if _is_tensor(value):
            return self._tensor(value)
        if hasattr(type(value), "__array__"):
            return {"$array": self._array(value)}
        self._refuse(f"is a {_kind(value)}, which cannot be packed without pickle; {_HINT}")

    def _inner(self, value: dict[Any, Any] | list[Any] | tuple[Any, ...]) -> Any:
        if id(value) in self._open:
            self._refuse("contains itself; expected a tree")
        if len(self._path) >= _MAX_DEPTH:
            self._refuse(f"is nested deeper than {_MAX_DEPTH} levels; {_HINT}")
        self._open.add(id(value))
        node: Any
        if isinstance(value, dict):
            pairs = [[self._key(k), self._child(k, v)] for k, v in value.items()]
            escaped = any(not isinstance(k, str) or k.startswith("$") for k, _ in pairs)
            node = {"$dict": pairs} if escaped else dict(pairs)
        else:
            items = [self._child(i, v) for i, v in enumerate(value)]
            node = {"$tuple": items} if isinstance(value, tuple) else items
        self._open.remove(id(value))
        return node

    def _child(self, key: Any, value: Any) -> Any:
        self._path.append(key)
        node = self.node(value)
        self._path.pop()
        return node

    def _key(self, key: Any) -> Any:
        if key is not None and (
            not isinstance(key, str | int | float | np.generic) or isinstance(key, np.void)
        ):
            self._refuse(
                f"has the key {key!r:.100} ({_kind(key)}); expected text, a number, a bool or None"
            )
        return self.node(key)

    def _tensor(self, value: Any) -> dict[str, list[str]]:
        from .tensors import to_array  # there are none without torch

        try:
            array, dtype = to_array(value)
        except TypeError as e:
            self._refuse(f"is a {_kind(value)}, which cannot be packed: {e}; {_HINT}")
        return {"$tensor": [self._array(array), dtype]}

    def _array(self, value: Any) -> str:
        if isinstance(value, np.ma.MaskedArray):
            self._refuse("is a masked array; pack its data and its mask instead")
        try:
            array = np.asarray(value)
        except Exception as e:
            self._refuse(
                f"is a {_kind(value)} that cannot be made an array ({e}); pass a numpy array "
                "instead"
            )
        self._check(value, array.dtype)
        name = f"a{len(self.arrays)}"
        self.arrays[name] = array
        return name

    def _check(self, value: Any, dtype: np.dtype[Any]) -> None:
        """Refuse a dtype that an npy file would keep by pickle, or not at all."""
        if not dtype.hasobject:
            descr: Any = np.lib.format.dtype_to_descr(dtype)
            if np.lib.format.descr_to_dtype(descr) == dtype and len(repr(descr)) < _MAX_HEADER:
                return
        self._refuse(
            f"is a {_kind(value)} of dtype {dtype!s:.100}, which cannot be packed without pickle; "
            f"convert it to numbers or fixed-width text, or {_HINT}"
        )

    def _refuse(self, why: str) -> NoReturn:
        path = "".join(f"[{json.dumps(k) if isinstance(k, str) else repr(k)}]" for k in self._path)
        raise CheckpointError(f"checkpoint{path} {why}")


def _kind(value: Any) -> str:
    kind = type(value)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _is_tensor(value: Any) -> bool:
    """Whether it is a tensor of PyTorch, which need not be installed."""
    return any(c.__module__ == "torch" and c.__name__ == "Tensor" for c in type(value).__mro__)


def _to_tensor(array: NDArray[Any], dtype: str) -> Any:
    """Return a tensor of PyTorch; where that is not installed, the array that has its numbers."""
    try:
        from .tensors import to_tensor
    except ImportError:
        is_bfloat = dtype == "bfloat16"  # the upper half of a float32
        return (array.view(np.uint16).astype("u4") << 16).view("f4") if is_bfloat else array
    return to_tensor(array, dtype)


def _restore(node: Any, arrays: Arrays) -> Any:
    if isinstance(node, list):
        return [_restore(n, arrays) for n in node]
    if not isinstance(node, dict):
        return node
    match node:
        case {"$array": name}:
            return arrays.pop(name)  # each stands in one place
        case {"$tensor": [name, dtype]}:
            return _to_tensor(arrays.pop(name), dtype)
        case {"$scalar": [name, data]}:
            dtype = np.dtype(str(name))
            if dtype.kind not in _SCALARS:  # others hold addresses of memory
                raise ValueError(f"{name!r:.100} is no dtype of a number, time or text")
            return np.ndarray((), dtype, bytes.fromhex(data))[()]
        case {"$tuple": items}:
            return tuple([_restore(n, arrays) for n in items])
        case {"$int": digits}:
            return int(digits, 16)
        case {"$dict": pairs}:
            return {_restore(k, arrays): _restore(v, arrays) for k, v in pairs}
    if any(k.startswith("$") for k in node):
        raise ValueError(f"unknown mark in {list(node)!r:.100}; was it written by a newer luthier?")
    return {k: _restore(v, arrays) for k, v in node.items()}


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except Exception as e:  # zipfile, numpy and json have many words for damage
        raise CheckpointError(
            f"this is no packed checkpoint, or it is damaged ({type(e).__name__}: {e})"
        ) from e
