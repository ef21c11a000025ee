"""Architectures become modules of PyTorch, which can be measured and grow."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

import luthier  # noqa: E402
import luthier.nas.torch  # noqa: E402
from luthier import Int, nas  # noqa: E402
from luthier.errors import MissingParameterError, SpaceError  # noqa: E402
from luthier.nas import Cell, Chain  # noqa: E402
from luthier.schedulers import PBT  # noqa: E402

pytestmark = pytest.mark.external("torch")

CELL = Cell("cell", ["none", "skip", "conv1x1", "conv3x3", "avg_pool3x3"])
MLP = Chain("mlp", {"width": Int(2, 64), "activation": ["relu"]}, 1, 4)


def mlp(*widths: int) -> dict[str, Any]:
    params: dict[str, Any] = {"mlp_depth": len(widths)}
    for i, width in enumerate(widths, 1):
        params |= {f"mlp_{i}_width": width, f"mlp_{i}_activation": "relu"}
    return params


def build_mlp(*widths: int) -> Any:
    return nas.torch.build(mlp(*widths), MLP, inputs=8, outputs=3)


def test_every_cell_of_the_space_is_built_and_learns() -> None:
    space = CELL.space()
    images = torch.randn(4, 1, 8, 8)
    for params in space.decode(space.sample(np.random.default_rng(0), 20)):
        network = nas.torch.build(params, CELL, inputs=(1, 8, 8), outputs=5, width=4)
        answers = network(images)
        assert answers.shape == (4, 5)
        answers.sum().backward()
        assert all(weight.grad is not None for weight in network.parameters())


def test_weights_and_multiplications_are_those_of_a_dense_network() -> None:
    network = build_mlp(16, 4)
    assert nas.torch.count_weights(network) == (8 * 16 + 16) + (16 * 4 + 4) + (4 * 3 + 3)
    found = nas.torch.count_multiplications(network, torch.zeros(2, 8))
    assert found == 8 * 16 + 16 * 4 + 4 * 3
    assert network.training


def test_multiplications_of_a_convolution_count_every_pixel() -> None:
    params = dict.fromkeys(CELL.params, "none") | {"cell_0_3": "conv3x3"}
    network = nas.torch.build(params, CELL, inputs=(1, 6, 6), outputs=2, width=4)
    found = nas.torch.count_multiplications(network, torch.zeros(1, 1, 6, 6))
    assert found == 36 * 4 * 9 + 36 * 4 * 4 * 9 + 4 * 2


@pytest.mark.parametrize(
    ("small", "large"),
    [((8,), (20,)), ((8, 6), (8, 6, 6)), ((8, 6), (16, 10, 12, 12)), ((5,), (5,))],
    ids=["wider", "deeper", "both", "the same"],
)
def test_a_network_that_grew_answers_what_the_smaller_one_did(
    small: tuple[int, ...], large: tuple[int, ...]
) -> None:
    torch.manual_seed(0)
    before, after = build_mlp(*small), build_mlp(*large)
    nas.torch.inherit(after, before.state_dict())
    rows = torch.randn(50, 8)
    assert torch.allclose(before(rows), after(rows), atol=1e-5)
    after(rows).square().sum().backward()
    grown = after.operations[0][0].weight.grad
    assert grown.shape[0] == large[0]


def test_a_network_that_shrank_keeps_what_is_left() -> None:
    before, after = build_mlp(9, 6), build_mlp(4)
    nas.torch.inherit(after, before.state_dict())
    assert torch.equal(after.operations[0][0].weight, before.operations[0][0].weight[:4])


def test_a_population_grows_its_networks_and_keeps_what_they_learned() -> None:
    """Copies in a population go on from the weights of the best, in a larger network."""
    rows = torch.randn(64, 8, generator=torch.Generator().manual_seed(0))
    target = rows[:, :3].relu()
    inherited = []

    def objective(trial: luthier.Trial) -> float:
        torch.manual_seed(trial.number)
        network = nas.torch.build(trial.params, MLP, inputs=8, outputs=3)
        if trial.checkpoint is not None:
            nas.torch.inherit(network, trial.checkpoint)
            error = float((network(rows) - target).square().mean().detach())
            inherited.append((trial.params["mlp_1_width"], error))
        optimizer = torch.optim.Adam(network.parameters(), 0.01)
        for step in range(trial.step + 1, 9):
            for _ in range(10):
                optimizer.zero_grad()
                loss = (network(rows) - target).square().mean()
                loss.backward()
                optimizer.step()
            trial.report(float(loss.detach()), step, checkpoint=network.state_dict())
            if trial.should_stop():
                raise luthier.TrialPruned
        return float(loss.detach())

    scheduler = PBT(
        population_size=4,
        interval=2,
        max_resource=8,
        resample_probability=0,
        factors=[1.5],
        mutate=["mlp_depth", "mlp_1_width"],
    )
    space = Chain("mlp", {"width": Int(2, 64), "activation": ["relu"]}, 1, 4).space()
    study = luthier.create_study(space=space, sampler="random", scheduler=scheduler, seed=3)
    study.optimize(objective, n_trials=4, progress=False)
    assert study.best_value is not None
    assert len(inherited) >= 3
    untrained = float(target.square().mean())
    assert sum(error < 0.5 * untrained for _, error in inherited) > len(inherited) / 2
    first = {row.number: row.params["mlp_1_width"] for row in study.trials}
    assert max(width for width, _ in inherited) >= max(first.values())


def test_params_of_another_space_are_refused() -> None:
    with pytest.raises(MissingParameterError, match=r"needs 'mlp_depth'.*of another space\?"):
        nas.torch.build({"lr": 0.1}, MLP, inputs=8, outputs=3)


def test_a_cell_without_a_way_is_refused() -> None:
    params = dict.fromkeys(CELL.params, "none")
    with pytest.raises(SpaceError, match="no way leads from the input to the output"):
        nas.torch.build(params, CELL, inputs=(1, 8, 8), outputs=2)


def test_operations_that_nobody_knows_are_refused_and_can_be_given() -> None:
    cell = Cell("c", ["twice"], 2)
    with pytest.raises(SpaceError, match=r"no operation 'twice'; build knows .*'conv3x3'"):
        nas.torch.build({"c_0_1": "twice"}, cell, inputs=4, outputs=2)

    class Twice(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return 2 * x

    network = nas.torch.build(
        {"c_0_1": "twice"},
        cell,
        inputs=4,
        outputs=2,
        operations={"twice": lambda n_in, n_out, settings: Twice()},
    )
    x = torch.randn(3, 4)
    assert torch.equal(network(x), network.head(2 * x))


def test_results_of_different_width_are_not_added() -> None:
    cell = Cell("c", ["skip", "narrow"], 3)
    params = {"c_0_1": "narrow", "c_1_2": "skip", "c_0_2": "skip"}
    graph = cell.graph(params)
    wide = graph._replace(
        operations=tuple(
            o._replace(name="dense", settings=(("width", 3),)) if o.name == "narrow" else o
            for o in graph.operations
        )
    )
    with pytest.raises(SpaceError, match=r"the output adds results of the widths \[3, 8\]"):
        nas.torch.Network(wide, 8, 2, 4, nas.torch.OPERATIONS)


@pytest.mark.parametrize(
    "wrong", [{"inputs": 0}, {"inputs": (1, 8)}, {"outputs": 0}, {"width": -1}], ids=repr
)
def test_sizes_are_checked(wrong: dict[str, Any]) -> None:
    sizes = {"inputs": 8, "outputs": 3} | wrong
    with pytest.raises(ValueError, match=next(iter(wrong))):
        nas.torch.build(mlp(4), MLP, **sizes)


def test_an_unknown_activation_is_refused() -> None:
    chain = Chain("m", {"activation": ["swirl"]}, 1, 1)
    with pytest.raises(SpaceError, match="no activation 'swirl'; there are"):
        nas.torch.build({"m_depth": 1, "m_1_activation": "swirl"}, chain, inputs=4, outputs=2)
