"""The benchmark of many workers: queues, fleets against paper, and the page against the figures."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.common.results import latest_results
from benchmarks.scaling.fleet import VERBS, Fleet, bound, simulate
from benchmarks.scaling.queues import Clock, Queue
from benchmarks.scaling.tables import tables

ROOT = Path(__file__).parents[2]


def verb(cpu_ms=0.0, lock_ms=0.0, trips=0, locked_trips=0):
    return {
        "cpu_ms": cpu_ms,
        "lock_ms": lock_ms,
        "locks": lock_ms > 0,
        "trips": trips,
        "locked_trips": locked_trips,
    }


def constants(row_ms=0.0, **changed):
    """A storage whose writes hold the lock for 10 ms, and where all else is free."""
    verbs = {name: verb() for name in VERBS}
    verbs |= {name: verb(lock_ms=10.0) for name in ("add_trials", "finish", "report")} | changed
    verbs["changes"] |= {"row_cpu_ms": row_ms, "row_worker_ms": 0.0, "row_bytes": 100.0}
    return {"storages": {"postgresql": verbs}}


@pytest.fixture(scope="module")
def saved():
    return json.loads(latest_results("scaling").read_text(encoding="utf-8"))


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_waits_of_one_queue_are_those_of_m_d_1(load):
    clock, rng = Clock(), np.random.default_rng(0)
    queue, waits = Queue(clock, 1), []

    def customer():
        since = clock.now
        yield from queue.serve(1.0, "work")
        waits.append(clock.now - since - 1.0)
        yield None

    def source():
        while True:
            yield float(rng.exponential(1 / load))
            clock.wake(customer())

    clock.wake(source())
    clock.run(300_000)
    assert np.mean(waits) == pytest.approx(load / (2 * (1 - load)), rel=0.05)
    assert queue.busy_s["work"] / clock.now == pytest.approx(load, rel=0.02)


def test_as_many_are_served_at_a_time_as_there_are_cores():
    clock, ends = Clock(), []
    queue = Queue(clock, 2)

    def customer():
        yield from queue.serve(1.0, "work")
        ends.append(clock.now)
        yield None

    for _ in range(5):
        clock.wake(customer())
    clock.run(13)
    assert ends == [1, 1, 2, 2, 3]


def test_one_worker_pays_what_its_verbs_take():
    fleet = Fleet("postgresql", 1, 1.0, propose_s=0.1, rtt_s=0.01)
    costs = constants(
        add_trials=verb(lock_ms=10.0, trips=3, locked_trips=1), changes=verb(cpu_ms=20.0, trips=2)
    )
    found = simulate(fleet, costs, 20_000)
    assert found["efficiency"] == pytest.approx(
        1 / (1 + 0.01 + 0.02 + 0.02 + 0.1 + 0.01 + 0.03), rel=1e-3
    )


@pytest.mark.parametrize(("workers", "lock"), [(10, 0.2), (25, 0.5), (500, 1.0)])
def test_writers_of_a_study_take_turns(workers, lock):
    fleet = Fleet("postgresql", workers, 1.0, rtt_s=0.0, expects=False)
    found = simulate(fleet, constants(), 50_000)
    assert found["lock"] == pytest.approx(lock, rel=0.05)
    assert found["trials_per_s"] == pytest.approx(min(workers, 50), rel=0.05)
    assert bound(fleet, constants())["lock"] == 50
    spread = simulate(replace(fleet, studies=50), constants(), 50_000)
    assert spread["trials_per_s"] == pytest.approx(workers, rel=0.05)


@pytest.mark.slow
def test_what_is_read_grows_with_the_square_of_the_workers():
    bytes_read = []
    for workers in (100, 200):
        fleet = Fleet("postgresql", workers, 100.0, rtt_s=0.0)
        found = simulate(fleet, constants(row_ms=0.01), 100_000)
        bytes_read.append(found["mb_per_s"])
        rows_per_s = 2 * workers**2 / 100.0
        assert found["reads"] == pytest.approx(rows_per_s * 1e-5 / 8, rel=0.1)
    assert bytes_read[1] / bytes_read[0] == pytest.approx(4, rel=0.1)
    shared = simulate(replace(fleet, jobs=10), constants(row_ms=0.01), 100_000)
    assert shared["reads"] == pytest.approx(found["reads"] / 10, rel=0.15)


def test_the_cores_bound_is_where_reads_fill_them():
    costs = constants(row_ms=0.01, changes=verb(cpu_ms=0.1))
    fleet = Fleet("postgresql", 1, 10.0)
    w = bound(fleet, costs)["cores"]
    assert w / 10 * (0.1e-3 + 2 * w * 1e-5) == pytest.approx(8)


def test_leases_are_prolonged_once_for_each_process():
    costs = constants(extend=verb(cpu_ms=1.0))
    for jobs in (1, 4):
        fleet = Fleet("postgresql", 100, 1000.0, jobs=jobs, lease_s=30.0)
        found = simulate(fleet, costs, 20_000)
        assert found["leases"] == pytest.approx(100 / jobs / 10 * 1e-3 / 8, rel=0.05)


def test_the_simulation_is_like_a_real_run(saved):
    for kind, run in saved["constants"]["real"].items():
        assert saved["simulated"]["real"][kind]["trials_per_s"] == pytest.approx(
            run["trials_per_s"], rel=0.25
        )


def test_no_fleet_does_more_than_paper_allows(saved):
    for run in saved["simulated"]["grid"][0]:
        assert run["workers"] * run["efficiency"] <= 1.1 * min(
            run["workers"], *run["paper"].values()
        )


def test_the_page_has_the_figures_that_were_saved(saved):
    page = (ROOT / "docs" / "benchmarks" / "scaling.md").read_text(encoding="utf-8")
    assert [name for name, text in tables(saved).items() if text not in page] == []
