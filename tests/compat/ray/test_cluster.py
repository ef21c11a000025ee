"""Runs in Ray Tune's words on a cluster of Ray itself, one of whose workers is killed."""

import logging
import os
import signal
import tempfile

import pytest

from luthier.compat.ray import tune
from luthier.errors import WorkerDiedError

pytestmark = [pytest.mark.external("ray"), pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster():
    """Ray itself, with two cores of this machine."""
    import ray

    before = dict(os.environ)
    handler = signal.getsignal(signal.SIGTERM)
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as folder:
        os.environ["RAY_TMPDIR"] = folder
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
        yield ray
        ray.shutdown()
    signal.signal(signal.SIGTERM, handler)
    os.environ.clear()
    os.environ.update(before)


def climb(config):
    """Reports 1, 2, 3 with checkpoints; where it is told to, its process is killed once after 2."""
    checkpoint = tune.get_checkpoint()
    begin = 1 if checkpoint is None else checkpoint.to_dict()["height"] + 1
    for height in range(begin, 4):
        tune.report(
            {"height": height, "begin": begin},
            checkpoint=tune.Checkpoint.from_dict({"height": height}),
        )
        if config["dies"] and begin == 1 and height == 2:
            os.kill(os.getpid(), signal.SIGKILL)


def test_trials_run_in_actors_and_go_on_after_a_worker_was_killed(cluster, tmp_path):
    for most, ends in ((1, [3, 3]), (0, [3, 2])):
        grid = tune.Tuner(
            tune.with_resources(climb, {"cpu": 1}),
            param_space={"dies": tune.grid_search([False, True])},
            tune_config=tune.TuneConfig(metric="height", mode="max"),
            run_config=tune.RunConfig(
                storage_path=str(tmp_path / str(most)),
                failure_config=tune.FailureConfig(max_failures=most),
                verbose=0,
            ),
        ).fit()
        quiet, killed = grid
        assert [r.metrics["height"] for r in grid] == ends
        assert os.getpid() not in {r.metrics["pid"] for r in grid}
        assert quiet.error is None
        if most:
            assert (killed.error, killed.metrics["begin"]) == (None, 3)
        else:  # one failure is one failure: luthier begins it no more
            assert isinstance(killed.error, WorkerDiedError)
            assert len(killed.metrics_dataframe) == 2

    @cluster.remote
    def own():
        return 42

    assert cluster.get(own.remote()) == 42
