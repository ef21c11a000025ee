"""Memory pays where it is right, and costs little where it is not."""

import numpy as np
import pytest

import luthier
from luthier import Float, Space
from luthier.transfer import task_of_study

pytestmark = pytest.mark.slow

SPACE = Space({f"x{j}": Float(0, 1) for j in range(4)})
N_TARGETS = 4
N_TRIALS = 20


def bottom(i):
    """(4,) where bowl i is lowest."""
    return 0.3 + 0.12 * np.random.default_rng(i).random(4)


def search(i, seed, memory=None, n=N_TRIALS):
    study = luthier.create_study(f"bowl {i}", space=SPACE, memory=memory, seed=seed)
    low = bottom(i)

    def loss(trial):
        x = np.array([trial.params[name] for name in SPACE.names])
        return float(np.sum((x - low) ** 2 * [4, 2, 1, 1]) + 0.05 * np.sin(20 * x).sum())

    study.optimize(loss, n_trials=n, progress=False)
    return study


@pytest.fixture(scope="module")
def tasks():
    return [task_of_study(search(100 + i, i)) for i in range(5)]


@pytest.fixture(scope="module")
def plain():
    return curves(None)


def curves(memory):
    """(targets, trials) best losses so far."""
    losses = [search(i, i, memory).history.losses[:, 0] for i in range(N_TARGETS)]
    return np.minimum.accumulate(np.array(losses), axis=1)


def test_with_the_right_memory_ten_trials_do_what_twenty_did(tasks, plain):
    found = curves(tasks).mean(axis=0)
    assert found[4] < plain[:, 9].mean()
    assert found[9] <= plain[:, 19].mean() + 0.01


@pytest.mark.parametrize("kind", ["turned round", "shuffled"])
def test_memory_that_misleads_is_made_up_for_by_twenty_trials(kind, tasks, plain):
    rng = np.random.default_rng(0)
    spoilt = {
        "turned round": [t.replace(losses=-t.losses) for t in tasks],
        "shuffled": [t.replace(losses=t.losses[rng.permutation(t.n)]) for t in tasks],
    }[kind]
    spread = np.median(plain[:, 0]) - plain.min()
    difference = curves(spoilt)[:, -1].mean() - plain[:, -1].mean()
    assert difference < 0.05 * spread
