"""Rows of JAX: each is as it would be alone, whatever the packs."""

import numpy as np
import pytest

import luthier
from luthier.errors import EstimatorError
from luthier.schedulers import ASHA

pytestmark = pytest.mark.external("jax")
jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

from luthier.integrations.jax import Rows  # noqa: E402

SPACE = luthier.Space({"lr": luthier.Float(1e-3, 0.3, scale="log")})
X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
y = (X @ [1.0, -2.0, 0.5]).astype(np.float32)


def begin(trial):
    return {"w": jnp.asarray(trial.rng.normal(size=3), dtype=jnp.float32), "n": jnp.zeros(())}


def step(state, settings, X, y):
    loss, gradient = jax.value_and_grad(lambda w: jnp.mean((X @ w - y) ** 2))(state["w"])
    return {"w": state["w"] - settings["lr"] * gradient, "n": state["n"] + 1}, loss


def expect(number, lr, n_steps):
    """The losses of a trial, step by step, in NumPy."""
    w = np.random.default_rng([0, number, 1]).normal(size=3).astype(np.float32)
    losses = []
    for _ in range(n_steps):
        errors = X @ w - y
        losses.append(np.mean(errors**2))
        w = w - lr * 2 * errors @ X / len(y)
    return losses


@pytest.mark.parametrize("pack", [None, 3, "auto"])
def test_each_row_comes_to_what_it_comes_to_alone(pack):
    study = luthier.create_study(space=SPACE, sampler="random", seed=0)

    def objective(trials):
        rows = Rows(trials, begin, step, pack=pack)
        for _ in range(5):
            losses = rows.train(X, y, lr=trials.params["lr"])
        return losses

    study.optimize(objective, n_trials=8, batch=8)
    for row in study.trials:
        expected = expect(row.number, row.params["lr"], 5)[-1]
        assert row.values[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("mode", ["stopping", "promotion"])
def test_rows_are_refilled_and_go_on_from_their_checkpoints(mode):
    scheduler = ASHA(min_resource=1, max_resource=4, mode=mode)
    study = luthier.create_study(space=SPACE, sampler="random", seed=0, scheduler=scheduler)

    def objective(trials):
        rows = Rows(trials, begin, step)
        while trials.running.any():
            losses = rows.train(X, y, lr=trials.params["lr"])
            trials.report(losses, trials.step + 1, checkpoint=rows.checkpoint())
            trials.should_stop()
            trials.finish(losses, trials.step == 4)
            rows.renew(trials.refill())

    study.optimize(objective, n_trials=9, batch=3)
    assert len(study.trials) == 9
    for row in study.trials:
        losses = [value for _, value in row.reports]
        np.testing.assert_allclose(
            losses, expect(row.number, row.params["lr"], len(losses)), rtol=1e-4
        )


def test_states_of_several_shapes_are_refused():
    study = luthier.create_study(space=SPACE, sampler="random", seed=0)
    with pytest.raises(EstimatorError, match="all need the same shapes"):
        study.optimize(
            lambda trials: Rows(trials, lambda trial: {"w": jnp.zeros(trial.number)}, step),
            n_trials=2,
            batch=2,
        )
