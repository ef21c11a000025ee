"""The contract that luthier's own executors keep."""

import concurrent.futures as cf
import sys
from types import SimpleNamespace

import pytest

from luthier.errors import WorkerDiedError
from luthier.executors import Processes
from luthier.executors.contract import ElasticExecutor, TrialExecutor, worker_died


def test_processes_keep_the_contract_and_stay_as_many_as_they_are():
    with Processes(1) as pool:
        assert isinstance(pool, TrialExecutor)
        assert not isinstance(pool, ElasticExecutor)


def test_actors_come_and_go():
    ray = pytest.importorskip("luthier.executors.ray")
    assert issubclass(ray.Ray, TrialExecutor)
    assert issubclass(ray.Ray, ElasticExecutor)


def test_threads_do_not_keep_it():
    with cf.ThreadPoolExecutor(1) as pool:
        assert not isinstance(pool, TrialExecutor)


def test_what_is_put_stands_for_itself_in_every_task():
    with Processes(2) as pool:
        data = pool.put([1, 2])
        assert [pool.submit(sum, data).result() for _ in range(4)] == [3] * 4


class Lost(Exception):
    """Stands for Dask's exception, which only its scheduler can make."""


def test_a_worker_that_dask_has_lost_has_died(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(KilledWorker=Lost))
    died = worker_died(Lost("four workers"))
    assert isinstance(died, WorkerDiedError)
    assert str(died) == "Dask: four workers"


@pytest.mark.parametrize("error", [None, ValueError("no"), cf.BrokenExecutor("no")])
def test_other_exceptions_are_no_lost_worker_of_dask(error):
    assert worker_died(error) is None
