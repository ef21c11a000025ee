"""Networks in one step of torch.func: each row is as it would be alone."""

import numpy as np
import pytest

import luthier
from luthier.errors import EstimatorError
from luthier.schedulers import ASHA

pytestmark = pytest.mark.external("torch")
torch = pytest.importorskip("torch")

from luthier.integrations.pytorch import seed_all  # noqa: E402
from luthier.integrations.torch_func import Networks  # noqa: E402

SPACE = luthier.Space(
    {
        "lr": luthier.Float(1e-3, 1e-1, scale="log"),
        "weight_decay": luthier.Float(0.0, 0.1),
        "momentum": luthier.Float(0.0, 0.9),
    }
)
GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(48, 6, generator=GENERATOR)
y = (X[:, 0] * X[:, 1] > 0).long()
cross_entropy = torch.nn.functional.cross_entropy


def build(trial):
    seed_all(trial)
    return torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))


def create(**settings):
    return luthier.create_study(space=SPACE, sampler="random", seed=0, **settings)


def alone(make_optimizer, n_steps=6):
    def objective(trial):
        network = build(trial)
        optimizer = make_optimizer(network.parameters(), trial.params)
        for step in range(n_steps):
            rows = slice(16 * (step % 3), 16 * (step % 3) + 16)
            optimizer.zero_grad()
            cross_entropy(network(X[rows]), y[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            return cross_entropy(network(X), y)

    return objective


def together(optimizer, names, pack=None, n_steps=6):
    def objective(trials):
        networks = Networks(trials, build, cross_entropy, optimizer=optimizer, pack=pack)
        for step in range(n_steps):
            rows = slice(16 * (step % 3), 16 * (step % 3) + 16)
            networks.train(X[rows], y[rows], **{name: trials.params[name] for name in names})
        return networks.evaluate(X, y)

    return objective


def adam(weights, params):
    return torch.optim.AdamW(weights, lr=params["lr"], weight_decay=params["weight_decay"])


def sgd(weights, params):
    return torch.optim.SGD(weights, **params)


@pytest.mark.parametrize(
    ("optimizer", "single", "names"),
    [
        ("adam", adam, ("lr", "weight_decay")),
        ("sgd", sgd, ("lr", "momentum", "weight_decay")),
    ],
    ids=["adam", "sgd"],
)
@pytest.mark.parametrize("pack", [None, 3, "auto"])
def test_each_row_comes_to_what_it_comes_to_alone(optimizer, single, names, pack):
    expected, found = create(), create()
    found.optimize(together(optimizer, names, pack), n_trials=8, batch=8)
    for row in found.trials:
        expected.enqueue(row.params)
    expected.optimize(alone(single), n_trials=8)
    np.testing.assert_allclose(
        [row.values[0] for row in found.trials],
        [row.values[0] for row in expected.trials],
        rtol=2e-5,
    )


def test_stopped_rows_are_left_as_they_are_and_refilled_ones_begin_anew():
    study = create(scheduler=ASHA(min_resource=1, max_resource=4, mode="stopping"))
    checked = []

    def objective(trials):
        networks = Networks(trials, build, cross_entropy, pack=2)
        while trials.running.any():
            over = ~trials.running
            before = networks.weights["0.weight"].clone()
            networks.train(X, y, lr=trials.params["lr"])
            losses = networks.evaluate(X, y)
            assert torch.equal(networks.weights["0.weight"][over], before[over])
            checked.append(over.sum())
            trials.report(losses, trials.step + 1, checkpoint=networks.checkpoint())
            trials.should_stop()
            trials.finish(losses, trials.step == 4)
            networks.renew(trials.refill())

    study.optimize(objective, n_trials=10, batch=4)
    assert max(checked) > 0
    alone = create()
    for row in study.trials:
        alone.enqueue(row.params)

    def single(trial):
        network = build(trial)
        optimizer = torch.optim.AdamW(network.parameters(), trial.params["lr"], weight_decay=0.0)
        for step in range(1, 5):
            optimizer.zero_grad()
            cross_entropy(network(X), y).backward()
            optimizer.step()
            with torch.no_grad():
                trial.report(cross_entropy(network(X), y), step)
        return 0.0

    alone.optimize(single, n_trials=10)
    for row, other in zip(study.trials, alone.trials, strict=True):
        np.testing.assert_allclose(
            row.reports, other.reports[: len(row.reports)], rtol=2e-5, err_msg=str(row.number)
        )


def test_a_paused_row_goes_on_with_its_weights_and_its_optimizer():
    study = create(scheduler=ASHA(min_resource=1, max_resource=4))

    def objective(trials):
        networks = Networks(trials, build, cross_entropy)
        while trials.running.any():
            networks.train(X, y, lr=trials.params["lr"])
            losses = networks.evaluate(X, y)
            trials.report(losses, trials.step + 1, checkpoint=networks.checkpoint())
            trials.should_stop()
            trials.finish(losses, trials.step == 4)
            networks.renew(trials.refill())

    study.optimize(objective, n_trials=9, batch=3)
    resumed = [r for r in study.trials if r.turns and r.state == luthier.State.COMPLETE]
    assert resumed
    straight = create()
    straight.enqueue(resumed[0].params)

    def objective_without_pause(trials):
        trials[0].rng
        networks = Networks(
            trials, lambda trial: build(Renumbered(trial, resumed[0].number)), cross_entropy
        )
        for _ in range(4):
            networks.train(X, y, lr=trials.params["lr"])
        return networks.evaluate(X, y)

    straight.optimize(objective_without_pause, n_trials=1, batch=1)
    np.testing.assert_allclose(straight.trials[0].values, resumed[0].values, rtol=2e-5)


class Renumbered:
    """A trial whose random numbers are those of another."""

    def __init__(self, trial, number):
        self.rng = np.random.default_rng([trial.ticket.seed, number, 1])


@pytest.mark.parametrize(
    "convert",
    [
        lambda t: t,
        lambda t: t.clone().requires_grad_(),
        lambda t: t.half(),
        lambda t: (10 * t).long(),
    ],
    ids=["float32", "with_grad", "half", "int64"],
)
def test_values_may_be_tensors(convert):
    study = create()
    study.optimize(
        lambda trials: convert(torch.tensor(trials.params["lr"], dtype=torch.float32)),
        n_trials=3,
        batch=3,
    )
    assert [row.state.name for row in study.trials] == ["COMPLETE"] * 3


def test_networks_of_several_shapes_are_refused():
    def wider(trial):
        return torch.nn.Linear(6, 2 + trial.number)

    study = create()
    with pytest.raises(EstimatorError, match="all need the same layers"):
        study.optimize(lambda trials: Networks(trials, wider, cross_entropy), n_trials=2, batch=2)


def test_running_statistics_are_refused():
    study = create()
    with pytest.raises(EstimatorError, match="track_running_stats=False"):
        study.optimize(
            lambda trials: Networks(trials, lambda _: torch.nn.BatchNorm1d(6), cross_entropy),
            n_trials=2,
            batch=2,
        )


def test_settings_are_numbers_or_columns():
    study = create()

    def objective(trials):
        Networks(trials, build, cross_entropy).train(X, y, lr=[0.1, 0.2, 0.3])

    with pytest.raises(ValueError, match="lr must be a number or have one for each of 2 rows"):
        study.optimize(objective, n_trials=2, batch=2)

    def misnamed(trials):
        Networks(trials, build, cross_entropy).train(X, y, learning_rate=0.1)

    with pytest.raises(TypeError, match="settings lr, weight_decay of the optimizer, and needs lr"):
        create().optimize(misnamed, n_trials=2, batch=2)


def test_too_little_memory_halves_the_packs_and_the_rows_stay_right(monkeypatch):
    def objective(trials):
        networks = Networks(trials, build, cross_entropy, pack="auto")
        differentiate = networks._differentiate

        def limited(weights, *args):
            if len(weights["0.weight"]) > 2:
                torch.empty(2**46)  # a real error of the allocator
            return differentiate(weights, *args)

        monkeypatch.setattr(networks, "_differentiate", limited)
        for step in range(6):
            rows = slice(16 * (step % 3), 16 * (step % 3) + 16)
            networks.train(X[rows], y[rows], lr=trials.params["lr"])
        assert max(size for size, rate in networks.packs.rates.items() if rate) <= 2
        return networks.evaluate(X, y)

    limited, free = create(), create()
    limited.optimize(objective, n_trials=8, batch=8)
    free.optimize(together("adam", ("lr",)), n_trials=8, batch=8)
    np.testing.assert_allclose(
        [row.values[0] for row in limited.trials],
        [row.values[0] for row in free.trials],
        rtol=2e-5,
    )
