"""Peak memory: of this process and its children, between looks too."""

from __future__ import annotations

import math
import sys
import threading

import numpy as np
import pytest

from luthier import measure
from luthier.measure.memory import MB


def watchers():
    return [t for t in threading.enumerate() if t.name == "luthier-memory"]


def test_an_array_is_seen_and_stays_so_after_it_is_gone(eventually):
    with measure.peak_memory() as m:
        held = np.ones(100 * MB, np.uint8)
        assert eventually(lambda: m.mb > 95)  # while the block runs
        del held
    assert 95 < m.mb < 150
    assert not watchers()


def test_nothing_rises_where_nothing_is_done():
    held = np.ones(50 * MB, np.uint8)
    with measure.peak_memory() as m:
        held += 1
    assert 0 <= m.mb < 20


@pytest.mark.skipif(sys.platform == "win32", reason="the system does not tell")
def test_a_peak_between_two_looks_is_seen_if_it_is_the_highest_ever(script):
    out = script("""
        import numpy as np
        from luthier import measure
        from luthier.measure.memory import MB, high_water, resident_bytes
        n = high_water() - resident_bytes() + 100 * MB
        with measure.peak_memory(interval_s=1000) as m:
            np.ones(n, np.uint8)
        print(m.mb / (n / MB))
    """)
    assert float(out) > 0.5


def test_children_count(script, eventually):
    with measure.peak_memory() as m:
        child = script.start("import time; held = bytearray(b'x') * (100 * 2**20); time.sleep(100)")
        assert eventually(lambda: m.mb > 95)
        child.kill()
        child.wait()
    assert m.mb < 200


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_a_forked_child_counts_for_what_is_its_own(script):
    out = script("""
        import os, signal
        from luthier import measure
        held = bytearray(b"x") * (200 * 2**20)
        with measure.peak_memory(0.005) as m:
            ready, tell = os.pipe()
            child = os.fork()
            if child == 0:
                mine = bytearray(b"x") * (60 * 2**20)
                os.write(tell, b".")
                signal.pause()
            os.read(ready, 1)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print(m.mb)
    """)
    assert 55 < float(out) < 120


def test_failing_blocks_end_it_too(script):
    out = script("""
        import contextlib, threading
        import numpy as np
        from luthier import measure
        from luthier.measure.memory import MB
        with contextlib.suppress(KeyError), measure.peak_memory() as m:
            held = np.ones(40 * MB, np.uint8)
            raise KeyError
        print(m.mb, "luthier-memory" in [t.name for t in threading.enumerate()])
    """)
    seen_mb, still_watched = out.split()
    assert float(seen_mb) > 35
    assert still_watched == "False"


@pytest.mark.parametrize("interval_s", [np.int64(1000), np.float32(1000), 1e300])
def test_an_interval_is_any_number(interval_s):
    with measure.peak_memory(interval_s) as m:
        held = np.ones(40 * MB, np.uint8)
    assert m.mb > 35
    assert held.size == 40 * MB


@pytest.mark.parametrize("interval_s", [0, -1.0, "1", True, math.inf, math.nan])
def test_an_interval_that_makes_no_sense(interval_s):
    with (
        pytest.raises(ValueError, match="interval_s must be a finite number > 0, got"),
        measure.peak_memory(interval_s),
    ):
        pass
