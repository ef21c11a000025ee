"""What determines a version: its content, and nothing else."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from luthier.registry import Content, fingerprint_data
from luthier.registry.version import describe_code, describe_packages, identify


def test_the_order_of_params_does_not_matter():
    a = Content(model="m", params={"x": 1, "y": 2})
    b = Content(model="m", params={"y": 2, "x": 1})
    assert identify(a) == identify(b)


@pytest.mark.parametrize("field", [f for f in Content.__struct_fields__ if f != "model"])
def test_every_part_of_the_content_counts(field):
    a = Content(model="m", params={"x": 1})
    others = {
        "params": {"x": 2},
        "artifact": {"name": "a", "file": "f", "sha256": "s", "n_bytes": 1},
        "source": {"study": "s", "trial": 0},
        "data": "d",
        "parent": "p",
        "intervals": {"v": (0.0, 1.0)},
        "values": {"v": 1.0},
        "metrics": {"v": 1.0},
    }
    changed = msgspec.to_builtins(a) | {field: others.get(field, {"k": "v"})}
    assert identify(msgspec.convert(changed, Content)) != identify(a)


def test_a_fingerprint_changes_with_any_row_column_or_type():
    X = np.arange(12.0).reshape(6, 2)
    y = np.arange(6)
    whole = fingerprint_data(X, y)
    assert whole == fingerprint_data(X.copy(), y.copy())
    assert whole.startswith("6x2:")
    changed = X.copy()
    changed[5, 1] += 1e-9
    frame = pd.DataFrame(X, columns=["a", "b"])
    others = [
        fingerprint_data(changed, y),
        fingerprint_data(X, y + 1),
        fingerprint_data(X[:5], y[:5]),
        fingerprint_data(X.astype(np.float32), y),
        fingerprint_data(frame, y),
        fingerprint_data(frame.rename(columns={"b": "c"}), y),
        fingerprint_data(np.zeros((0, 2))),
    ]
    assert len({whole, *others}) == len(others) + 1


def test_texts_and_missing_values_have_a_fingerprint():
    frame = pd.DataFrame({"a": ["x", None, "名"], "b": [1.0, np.nan, 3.0]})
    assert fingerprint_data(frame) == fingerprint_data(frame.copy())
    assert fingerprint_data(frame) != fingerprint_data(frame.fillna({"a": "y"}))


def test_large_tables_are_sampled_and_their_size_counts():
    X = np.zeros((50_000, 3))
    assert fingerprint_data(X, n_rows=100) != fingerprint_data(X[:-1], n_rows=100)


def test_packages_and_code_are_described(tmp_path, monkeypatch):
    assert {"python", "numpy", "msgspec"} <= set(describe_packages())
    monkeypatch.chdir(tmp_path)
    assert describe_code() == {}
