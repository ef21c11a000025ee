"""Records of an analysis as objects."""

from typing import NamedTuple

import numpy as np
import pytest

from luthier import State
from luthier.server.page_plain import to_page


class Inner(NamedTuple):
    x: float
    state: State


class Outer(NamedTuple):
    name: str
    inner: tuple[Inner, ...]
    table: np.ndarray
    index: np.ndarray


def test_records_become_objects_and_arrays_lists():
    table = np.array([[1 / 3, np.nan], [np.inf, -np.inf]])
    record = Outer("a", (Inner(float("nan"), State.PRUNED),), table, np.arange(2))
    assert to_page(record) == {
        "name": "a",
        "inner": [{"x": None, "state": "pruned"}],
        "table": [[0.333333333, None], ["inf", "-inf"]],
        "index": [0, 1],
    }


def test_single_numbers_keep_all_digits():
    assert to_page({1: np.float64(1 / 3), "b": True}) == {"1": 1 / 3, "b": True}


def test_what_has_no_form_is_told():
    with pytest.raises(TypeError, match="a page cannot show object"):
        to_page(object())
