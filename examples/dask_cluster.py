"""A Dask cluster, whose client has an executor with the contract of `concurrent.futures`.

Trials report and ask for decisions over the study's storage, so it must be one that all workers
reach: a file where they share a disk, as here, or a server: "postgresql://...", "redis://...".
"""

import tempfile

from distributed import Client

import luthier


def objective(trial: luthier.Trial) -> float:
    """Train something; the first values of the curve show how good it will be."""
    x = trial.suggest_float("x", -1, 1)
    y = trial.suggest_float("y", -1, 1)
    loss = 0.0
    for step in range(1, 10):
        loss = x**2 + y**2 + 1 / step
        trial.report(loss, step)
        if trial.should_stop():
            raise luthier.TrialPruned
    return loss


if __name__ == "__main__":  # Dask's workers import this file
    with tempfile.TemporaryDirectory() as folder:
        study = luthier.create_study(
            storage=f"sqlite:///{folder}/luthier.db", scheduler="Median", seed=0
        )
        with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
            study.optimize(objective, n_trials=30, n_jobs=2, executor=client.get_executor())
        print(study)
