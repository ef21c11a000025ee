"""Packs: how many rows fit, by what was measured; real errors of memory."""

import time

import numpy as np
import pytest

from luthier.integrations.packing import Packs, choose_pack, is_out_of_memory


def test_packs_double_while_that_pays():
    assert choose_pack({}, 64) == 16
    assert choose_pack({}, 3) == 3
    assert choose_pack({4: 100.0}, 64) == 8
    assert choose_pack({4: 100.0, 8: 190.0}, 64) == 16
    assert choose_pack({4: 100.0, 8: 190.0, 16: 200.0}, 64) == 16  # less than a tenth: no larger
    assert choose_pack({4: 100.0, 8: 190.0, 16: 150.0}, 64) == 8
    assert choose_pack({4: 100.0, 8: 190.0, 16: 380.0}, 20) == 20  # no more than there are
    assert choose_pack({4: 100.0, 8: 190.0, 16: 380.0, 20: 500.0}, 20) == 20


def test_packs_stay_below_what_did_not_fit():
    assert choose_pack({4: 100.0, 8: 190.0, 16: None}, 64) == 8
    assert choose_pack({4: None}, 64) == 2
    assert choose_pack({1: None}, 64) == 1


def allocate_beyond(limit, seen=None):
    """A call that needs more memory than any machine has for more rows than the limit."""

    def call(begin, end):
        if end - begin > limit:
            np.empty(2**50)
        if seen is not None:
            seen.append(end - begin)
        return list(range(begin, end))

    return call


@pytest.mark.parametrize("limit", [1, 3, 11, 100])
def test_all_rows_are_run_once_and_in_order_whatever_fits(limit, monkeypatch):
    clock = iter(range(10_000))  # each call takes as long: more rows always pay
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(clock)))
    packs = Packs("auto")
    for _ in range(6):
        sizes = []
        returned = packs.run(64, allocate_beyond(limit, sizes))
        assert [i for rows in returned for i in rows] == list(range(64))
        assert max(sizes) <= limit
    assert limit / 2 < max(sizes)
    assert (None in packs.rates.values()) == (limit < 64)


def test_one_row_that_does_not_fit_is_an_error():
    with pytest.raises(MemoryError):
        Packs("auto").run(8, allocate_beyond(0))


def test_a_fixed_pack_stays_as_it_is():
    sizes = []
    Packs(3).run(8, allocate_beyond(8, sizes))
    assert sizes == [3, 3, 2]
    with pytest.raises(MemoryError):
        Packs(3).run(8, allocate_beyond(2))
    sizes.clear()
    Packs(None).run(8, allocate_beyond(8, sizes))
    assert sizes == [8]


def test_other_errors_pass():
    def fail(begin, end):
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        Packs("auto").run(8, fail)


def test_libraries_have_their_own_words_for_memory():
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"))
    assert is_out_of_memory(RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 1 bytes"))
    assert not is_out_of_memory(ValueError("out of memory"))


@pytest.mark.parametrize("pack", [0, -1, 1.5, True, "all"])
def test_a_pack_is_a_number_auto_or_none(pack):
    with pytest.raises(ValueError, match="pack must be a whole number >= 1, 'auto' or None"):
        Packs(pack)
