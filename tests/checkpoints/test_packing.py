"""Trees as npz files: what goes in comes out, and nothing is ever pickled."""

import io
import json
import math
import pickle
import tracemalloc
import zipfile
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from luthier.checkpoints.packing import flatten, pack, restore, unpack
from luthier.errors import CheckpointError


def same(a, b):
    """Equality with types, NaN and the sign of zero."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return len(a) == len(b) and all(
            same(k, m) and same(v, w) for (k, v), (m, w) in zip(a.items(), b.items(), strict=True)
        )
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (
            a == b and math.copysign(1, a) == math.copysign(1, b)
        )
    return a == b


arrays = hnp.arrays(
    dtype=st.one_of(hnp.scalar_dtypes(), hnp.array_dtypes(allow_subarrays=False)),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
scalars = hnp.scalar_dtypes().flatmap(lambda d: hnp.arrays(d, ())).map(lambda a: a[()])
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
words = st.sampled_from(["$array", "$tuple", "$dict", "$int", "$scalar", "$", "a0", "tree"])
trees = st.recursive(
    plain | words | scalars | arrays,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(plain | words, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200)
@given(trees)
def test_what_goes_in_comes_out(tree):
    assert same(unpack(pack(tree)), tree)


@settings(max_examples=60)
@given(trees)
def test_without_arrays_the_text_is_enough(tree):
    text, found = flatten(tree)
    assert text.isascii()
    if not found:
        assert same(restore(text), tree)


@pytest.mark.parametrize(
    "tree",
    [
        {
            "state": {0: {"step": 3, "m": np.ones(3)}},
            "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999)}],
        },
        {1: "int", 1.5: "float", None: "none", "1": "text", "1.5": "text"},
        {False: 0, True: 1, "False": 2, np.int64(7): 3, math.inf: 2},
        [10**5000, -(10**5000), 2**64, -(2**64), 2**63],
        [math.nan, math.inf, -math.inf, -0.0, 5e-324],
        {"$array": "a0"},
        {"$tuple": [1]},
        {"$dict": [["a", 1]], "b": {"$int": "0x1"}},
        {"a0": np.arange(3), "tree": np.arange(2), "file": np.arange(1)},
        np.array(5),
        np.zeros((0, 3), np.float16),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(10)[::-3],
        np.array(["2020-01-01", "NaT"], "M8[D]"),
        np.array([1 + 2j, math.nan]),
        np.array(["ä", "bcd"]),
        np.array([b"a\0b", b""]),
        np.arange(3, dtype=">i4"),
        np.zeros(2, [("x", "f4"), ("y", "i8", (2,))]),
        np.str_(""),
        np.bytes_(b""),
        np.longdouble("0.1"),
        np.zeros(2, [("Ā", "?")]),
        (),
        [],
        {},
        "",
        None,
    ],
    ids=lambda tree: f"{tree!r:.40}" if not isinstance(tree, list) else "list",
)
def test_corner_cases(tree):
    assert same(unpack(pack(tree)), tree)


def test_subclasses_come_back_plain():
    point = namedtuple("point", "x y")
    tree = unpack(pack(OrderedDict(b=1, a=point(np.float64(1), 2))))
    assert same(tree, {"b": 1, "a": (np.float64(1), 2)})
    structured = np.zeros(2, [("x", "f4")])[0]
    assert same(unpack(pack(structured)), np.zeros((), [("x", "f4")]))


class Tensor:
    def __init__(self, data, error=None):
        self.data = data
        self.error = error

    def __array__(self, dtype=None, copy=None):
        if self.error:
            raise self.error
        return np.asarray(self.data, dtype)


def test_what_has_array_comes_back_as_an_array():
    assert same(unpack(pack({"w": Tensor([1.0, 2.0])})), {"w": np.array([1.0, 2.0])})
    with pytest.raises(
        CheckpointError, match=r'checkpoint\["w"\]\[1\] is a .*Tensor that .* array \(on the GPU\)'
    ):
        pack({"w": [0, Tensor([], TypeError("on the GPU"))]})


class Mine:
    pass


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (
            {"optimizer": {"state": [Mine()]}},
            r'checkpoint\["optimizer"\]\["state"\]\[0\] is a .*Mine, .* of your own',
        ),
        (
            {1: (0, {None: {1, 2}})},
            r"checkpoint\[1\]\[1\]\[None\] is a set, which cannot be packed without pickle",
        ),
        (b"bytes", "checkpoint is a bytes"),
        (np.ndarray, "checkpoint is a type"),
        (1j, "checkpoint is a complex"),
        ([np.array([{}])], r"checkpoint\[0\] is a numpy.ndarray of dtype object"),
        (np.zeros(1, [("a", object)]), "without pickle"),
        (Tensor([Mine()]), "Tensor of dtype object"),
        (np.zeros(1, [(f"{i:0>100}", "f4") for i in range(100)]), "without pickle"),
        (np.array(["a"], np.dtypes.StringDType()), "without pickle"),
        (np.ma.masked_array([1], [True]), "masked"),
        ({(1, 2): 3}, r"checkpoint has the key \(1, 2\) \(tuple\); expected text"),
    ],
)
def test_what_cannot_be_packed_says_where_and_what_to_do(tree, message):
    with pytest.raises(CheckpointError, match=message):
        pack(tree)


def test_circles_and_deep_trees():
    circle = {"a": [0]}
    circle["a"].append((circle,))
    with pytest.raises(CheckpointError, match=r'checkpoint\["a"\]\[1\]\[0\] contains itself'):
        pack(circle)
    shared = [1]
    assert unpack(pack([shared, shared])) == [[1], [1]]
    deep = fine = None
    for _ in range(100):
        fine = {0: fine}
    for _ in range(100_000):
        deep = [deep]
    assert unpack(pack(fine)) == fine
    with pytest.raises(CheckpointError, match="nested deeper than 100 levels"):
        pack(deep)


def npz(tree, **entries):
    file = io.BytesIO()
    np.savez(file, tree=np.frombuffer(json.dumps(tree).encode(), np.uint8), **entries)
    return file.getvalue()


class Bomb:
    gone_off = False

    def __reduce__(self):
        return setattr, (Bomb, "gone_off", True)


def raw_entry(content):
    file = io.BytesIO(npz({"$array": "a0"}))
    with zipfile.ZipFile(file, "a") as z:
        z.writestr("a0.npy", content)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        npz({"$array": "a0"}, a0=np.array([Bomb()], dtype=object)),
        raw_entry(pickle.dumps(Bomb())),
        pickle.dumps(Bomb()),
        npz({"$scalar": ["O", "00" * 8]}),
        npz({"$scalar": ["T", "41" * 16]}),
        npz({"$scalar": ["O,f8", "00" * 16]}),
        npz({"$array": "a7"}),
        npz({"$array": 3}),
        npz({"$later": 1}),
        npz({"$tuple": 1}),
        npz({"$int": "x"}),
        npz({"$dict": [[[], 1]]}),
        npz({"$scalar": ["<f8", "00"]}),
        raw_entry(b"no array"),
        raw_entry(
            np.lib.format.magic(1, 0)
            + b"\x50\0{'descr': '<f8', 'fortran_order': False, 'shape': (99999,)}"
        ),
        b"",
        b"PK",
        pack({"a": np.arange(100)})[:-30],
        pack({"a": np.arange(100)})[30:],
    ],
    ids=range(19),
)
def test_forged_and_damaged_files_are_refused(data):
    with pytest.raises(CheckpointError, match="no packed checkpoint, or it is damaged"):
        unpack(data)
    assert not Bomb.gone_off


@pytest.mark.parametrize("text", ["", "[", '{"$array":"a0"}', "[" * 100_000])
def test_forged_texts_are_refused(text):
    with pytest.raises(CheckpointError, match="no packed checkpoint"):
        restore(text)


def test_memory_for_large_arrays():
    X = np.zeros(20_000_000, np.uint8)
    tracemalloc.start()
    data = pack({"X": X})
    _, packing = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    unpack(data)
    _, both = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert packing < 2.5 * X.nbytes
    assert both < 2.5 * X.nbytes  # data and the array itself
