"""Sharing cores and GPUs out."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.errors import ResourceError
from luthier.executors import resources
from luthier.executors.resources import Slot, capacity, gpus, slots

CPU = st.integers(0, 5) | st.sampled_from([1.0, 2.0])
GPU = st.integers(0, 4) | st.sampled_from([0.5, 0.25, 0.1, 0.3, 1 / 3, 0.4, 1.0, 2.0, 0.05])
NEED = st.fixed_dictionaries({}, optional={"cpu": CPU, "gpu": GPU})
CPUS = st.lists(st.integers(0, 200), max_size=16, unique=True)
GPUS = st.lists(
    st.sampled_from(["0", "1", "5", "GPU-a", "GPU-b", "MIG-c"]), max_size=6, unique=True
)


@given(st.integers(1, 12), NEED, CPUS, GPUS)
def test_nothing_is_given_out_twice_or_made_up(n, need, cpus, gpus):
    try:
        out = slots(n, need, cpus, gpus)
    except ResourceError as e:
        assert "this machine offers" in str(e)  # noqa: PT017
        assert need
        return
    assert len(out) == n
    given_cpus = [c for s in out for c in s.cpus]
    assert len(set(given_cpus)) == len(given_cpus)
    assert set(given_cpus) <= set(cpus)
    assert all(len(s.cpus) == need.get("cpu", 0) for s in out)
    share = need.get("gpu", 0)
    if "gpu" not in need:
        assert all(s.gpus is None for s in out)  # whatever the environment says
        return
    assert all(len(s.gpus) == (math.ceil(share) if share else 0) for s in out)
    load = Counter(g for s in out for g in s.gpus)
    assert set(load) <= set(gpus)
    assert all(count * min(share, 1) <= 1 + 1e-9 for count in load.values())


@given(NEED, CPUS.filter(bool), GPUS)
def test_capacity_is_the_most_that_fits(need, cpus, gpus):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "cores", lambda: cpus)
        patch.setattr(resources, "gpus", lambda: gpus)
        n = capacity(need)
    assert n >= 1
    limited = need.get("cpu") or need.get("gpu")
    if not limited:
        assert n == len(cpus)
        return
    with pytest.raises(ResourceError):
        slots(n + 1, need, cpus, gpus)
    try:
        slots(1, need, cpus, gpus)
    except ResourceError:
        assert n == 1  # not even one fits: `slots` says so
    else:
        assert len(slots(n, need, cpus, gpus)) == n


@pytest.mark.parametrize(
    ("need", "says"),
    [
        ({"ram": 1}, r"'cpu' and 'gpu', got \['ram'\]"),
        ({"cpu": 0.5}, "'cpu' is a whole number of cores, got 0.5"),
        ({"cpu": -1}, "'cpu' is a number >= 0, got -1"),
        ({"gpu": 1.5}, "'gpu' is a fraction of one GPU, or a whole number, got 1.5"),
        ({"gpu": math.nan}, "'gpu' is a number >= 0, got nan"),
        ({"gpu": math.inf}, "'gpu' is a number >= 0, got inf"),
        ({"cpu": "2"}, "'cpu' is a number >= 0, got '2'"),
        ({"cpu": True}, "'cpu' is a number >= 0, got True"),
    ],
)
def test_needs_that_make_no_sense(need, says):
    with pytest.raises(ResourceError, match=says):
        slots(1, need, [0, 1], ["0"])
    with pytest.raises(ResourceError, match=says):
        capacity(need)


def test_too_few_are_counted():
    with pytest.raises(
        ResourceError, match=r"3 workers with \{'cpu': 2\} each need 6 cores, this machine offers 4"
    ):
        slots(3, {"cpu": 2}, [0, 1, 2, 3], [])
    with pytest.raises(
        ResourceError, match="need 2 GPUs, this machine offers 1; lower n_jobs or the resources"
    ):
        slots(3, {"gpu": 0.5}, [], ["0"])


def test_halves_of_gpus_are_filled_one_after_the_other():
    assert slots(3, {"gpu": 0.5}, [], ["3", "GPU-a"]) == [
        Slot((), ("3",)),
        Slot((), ("3",)),
        Slot((), ("GPU-a",)),
    ]
    assert slots(2, {"cpu": 1, "gpu": 2}, [4, 5], list("abcd")) == [
        Slot((4,), ("a", "b")),
        Slot((5,), ("c", "d")),
    ]
    assert slots(1, {"gpu": 0}, [], ["0"]) == [Slot((), ())]  # none may be seen


@pytest.mark.parametrize(
    ("named", "found"), [("0,2", ["0", "2"]), (" GPU-a , 1", ["GPU-a", "1"]), ("", []), ("-1", [])]
)
def test_gpus_are_those_that_may_be_seen(monkeypatch, named, found):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert gpus() == found


def test_gpus_are_those_of_the_driver(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus() == []
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 'GPU 0: A (UUID: GPU-x)'\necho 'GPU 1: B (UUID: GPU-y)'\n")
    driver.chmod(0o755)
    assert gpus() == ["0", "1"]
    driver.write_text("#!/bin/sh\nexit 9\n")
    assert gpus() == []
