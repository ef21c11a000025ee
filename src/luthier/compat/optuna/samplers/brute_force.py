"""Every combination of a finite space, conditional parameters included."""

from __future__ import annotations

import decimal
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    equal_choices,
)
from ..marks import experimental_class
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState
from .base import ParamByParam

if TYPE_CHECKING:
    from ..study.shape import StudyLike


def list_values(distribution: BaseDistribution) -> list[float]:
    """The stored values of a distribution, in order.

    Raises:
        ValueError: It is continuous.
    """
    if isinstance(distribution, CategoricalDistribution):
        return list(range(len(distribution.choices)))
    if isinstance(distribution, IntDistribution):
        return list(range(distribution.low, distribution.high + 1, distribution.step))
    assert isinstance(distribution, FloatDistribution)
    if distribution.step is None:
        raise ValueError(
            "FloatDistribution.step must be given for BruteForceSampler"
            " (otherwise, the search space will be infinite)."
        )
    low, high, step = (
        decimal.Decimal(str(v)) for v in (distribution.low, distribution.high, distribution.step)
    )
    return [float(low + i * step) for i in range(int((high - low) // step) + 1)]


class _Node:
    """What trials have done from some params on.

    Attributes:
        name: The parameter that they asked for next; None for none, or nothing known.
        below: What they have done from each of its values on.
        is_over: Whether a trial has ended here.
        is_running: Whether one runs here.
    """

    def __init__(self) -> None:
        self.name: str | None = None
        self.below: dict[float, _Node | None] | None = None
        self.is_over = False
        self.is_running = False

    def open(self, name: str | None, values: Sequence[float]) -> None:
        """Note that trials ask for a parameter here.

        Raises:
            ValueError: Others asked for something else.
        """
        if self.below is None and not self.is_over:
            self.name = name
            self.below = dict.fromkeys(values)
        elif self.name != name:
            raise ValueError(f"param_name mismatch: {self.name} != {name}")
        elif list(self.below or ()) != list(values):
            raise ValueError(f"search_space mismatch: {list(self.below or ())} != {list(values)}")

    def add(self, path: Sequence[tuple[str, Sequence[float], float]], is_over: bool) -> None:
        """Note a trial."""
        node = self
        for name, values, value in path:
            node.open(name, values)
            assert node.below is not None
            if value not in node.below:
                return
            child = node.below[value]
            if child is None:
                child = node.below[value] = _Node()
            node = child
        if not is_over:
            node.is_running = True
        elif node.below:
            raise ValueError(f"param_name mismatch: {node.name} != None")
        else:
            node.is_over = True

    def count(self, exclude_running: bool) -> int:
        """How many ways on nobody has gone, as far as known."""
        if self.is_over:
            return 0
        if self.below is None:
            return 0 if exclude_running and self.is_running else 1
        return sum(1 if c is None else c.count(exclude_running) for c in self.below.values())


@experimental_class("3.1.0")
class BruteForceSampler(ParamByParam):
    """Tries every combination of a finite space once, and stops the study.

    Args:
        seed: Of the order.
        avoid_premature_stop: Whether trials that run count as not tried, for when they fail.

    Raises:
        ValueError: A parameter is continuous.
    """

    def __init__(self, seed: int | None = None, avoid_premature_stop: bool = False) -> None:
        self._rng = np.random.default_rng(seed)
        self._exclude_running = not avoid_premature_stop

    def reseed_rng(self) -> None:
        self._rng = np.random.default_rng()

    def sample_independent(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        values = list_values(param_distribution)
        tree = _Node()
        tree.open(param_name, values)
        others = [t for t in _begun(study) if t.number != trial.number]
        _fill(tree, others, trial.params)
        counts = np.array(
            [
                1 if c is None else c.count(self._exclude_running)
                for c in (tree.below or {}).values()
            ],
            dtype=float,
        )
        if not counts.sum():
            counts[:] = 1.0
        weights = counts / counts.sum() + (counts > 0) / (counts > 0).sum()
        free = np.array([c is None or not c.is_running for c in (tree.below or {}).values()])
        if (weights[free] > 0).any():
            weights[~free] = 0.0
        chosen = values[int(self._rng.choice(len(values), p=weights / weights.sum()))]
        return param_distribution.to_external_repr(chosen)

    def after_trial(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        tree = _Node()
        for other in _begun(study):
            is_this = other.number == trial.number
            record = study.storage.get_trial(other.trial_id) if is_this else other
            tree.add(_path(record, {}), is_this or other.state.is_finished())
        if not tree.count(self._exclude_running):
            study.stop()


def _begun(study: StudyLike) -> list[FrozenTrial]:
    trials = study.storage.get_all_trials(study.study_id, deepcopy=False)
    return [t for t in trials if t.state is not TrialState.WAITING]


def _path(trial: FrozenTrial, known: Mapping[str, Any]) -> list[tuple[str, Sequence[float], float]]:
    return [
        (name, list_values(d), d.to_internal_repr(trial.params[name]))
        for name, d in trial.distributions.items()
        if name not in known
    ]


def _fill(tree: _Node, trials: Sequence[FrozenTrial], params: Mapping[str, Any]) -> None:
    """Note the trials that have some params."""
    for trial in trials:
        own = trial.params
        if all(name in own and equal_choices(own[name], v) for name, v in params.items()):
            tree.add(_path(trial, params), trial.state.is_finished())
