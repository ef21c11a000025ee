"""A search that waits for what another process has."""

import luthier
from luthier.sklearn.jobs import optimize_with_others
from luthier.storages import InMemory


def test_while_a_search_waits_only_the_trials_of_the_other_process_are_read():
    storage = InMemory()
    study = luthier.create_study(
        "s", storage, space={"x": luthier.Float(0, 1)}, sampler="random", seed=0
    )
    study.optimize(lambda trial: trial.params["x"], n_trials=20)
    held = luthier.load_study("s", storage).ask()
    asked = []
    read = storage.rows
    storage.rows = lambda number, numbers=None: asked.append(numbers) or read(number, numbers)
    optimize_with_others(
        study, 0.05, objective=lambda trial: trial.params["x"], total=21, progress=False
    )
    assert len(asked) >= 2
    assert all(numbers == [held.number] for numbers in asked)
