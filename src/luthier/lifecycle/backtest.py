"""What a policy of refitting and retuning would have been worth on a stream of the past.

Rows come in time order, in blocks. In each block the present model is measured before it may learn
from it, so every loss is forward in time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, Protocol

import msgspec
import numpy as np

from ..errors import LifecycleError
from ..numerics.e_values import detect_harm, log_detector
from ..typing import Array, Index
from .reference import bound_risk

_MOST_ATTEMPTS = 4  # to be as good as before

Act = Literal["", "refit", "retune"]


class Learner(Protocol):
    """What is trained.

    `search` returns params, `fit` a model, and `losses` the loss (n,) of each row, in [0, 1].
    """

    def search(self, X: Array, y: Array) -> dict[str, Any]: ...

    def fit(self, X: Array, y: Array, params: dict[str, Any]) -> Any: ...

    def losses(self, model: Any, X: Array, y: Array) -> Array: ...


class Past(msgspec.Struct, frozen=True):
    """What a policy knows after a block.

    Attributes:
        block: Number of the block, 0, 1, 2, ...
        losses: (k,) losses of the present model since it was trained, in the order of the rows.
        worth: (r,) losses in the first block of the latest model that was as good as the one before
            it: what a model should be worth.
        since: How many blocks ago the present model was trained.
        attempts: How many trainings have not regained that worth since.
    """

    block: int
    losses: Array
    worth: Array
    since: int
    attempts: int


When = Callable[[Past], Act]
"""A policy: what to do after a block."""


class Run(msgspec.Struct, frozen=True):
    """One policy on one stream.

    Attributes:
        losses: (b,) mean loss of each block.
        refits: (r,) blocks after which the model was refitted.
        retunes: (s,) blocks after which it was retuned.
        cost: Fits in all, those of the searches among them.
    """

    losses: Array
    refits: Index
    retunes: Index
    cost: float

    @property
    def loss(self) -> float:
        """Mean loss of all blocks."""
        return float(self.losses.mean())


def never(past: Past) -> Act:
    """Train once."""
    return ""


def always(past: Past) -> Act:
    """Retune after every block."""
    return "retune"


def every(blocks: int) -> When:
    """Retune after so many blocks."""

    def when(past: Past) -> Act:
        return "retune" if past.since >= blocks else ""

    return when


def at(blocks: Collection[int]) -> When:
    """Retune after these blocks: an oracle, where they are those in which the world is new."""

    def when(past: Past) -> Act:
        return "retune" if past.block in blocks else ""

    return when


def on_harm(rows_a_false_alarm: float = 10_000.0) -> When:
    """Refit where losses are surely larger than they should be; retune where that did not help.

    The wait for the next attempt doubles, as a training right after a change has seen little of it.

    Args:
        rows_a_false_alarm: In so many rows there is one false alarm at most.
    """

    def when(past: Past) -> Act:
        if past.attempts and past.since < 2 ** (past.attempts - 1):
            return ""
        log_m = log_detector(detect_harm(past.losses, bound_risk(past.worth)))
        if log_m.max() < np.log(rows_a_false_alarm):
            return ""
        return "retune" if past.attempts % 2 else "refit"

    return when


def backtest(
    learner: Learner,
    X: Array,
    y: Array,
    policies: Mapping[str, When],
    *,
    block: int,
    first: int,
    window: int | None = None,
    n_trials: int = 20,
) -> dict[str, Run]:
    """Run policies over a stream of the past.

    Args:
        learner: What is trained.
        X: (n, d) rows in time order.
        y: (n,) targets.
        policies: By name; see `never`, `always`, `every`, `at` and `on_harm`.
        block: Rows of a block.
        first: Rows before the first block, on which the first model is searched.
        window: Rows that a training takes, the latest; None for all (an expanding window).
        n_trials: How many fits a search takes, for the cost.

    Returns:
        A run for each policy, by name.

    Raises:
        LifecycleError: There are too few rows for two blocks, or no policies.
    """
    n = len(X)
    if len(y) != n or block < 1 or first < 1 or n < first + 2 * block or not policies:
        raise LifecycleError(
            f"expected policies, and rows for the first model and two blocks: got {n} rows, "
            f"{len(y)} targets, first={first}, block={block}"
        )
    params = learner.search(X[:first], y[:first])
    return {
        name: _run(learner, X, y, when, params, block, first, window, n_trials)
        for name, when in policies.items()
    }


def _run(
    learner: Learner,
    X: Array,
    y: Array,
    when: When,
    params: dict[str, Any],
    block: int,
    first: int,
    window: int | None,
    n_trials: int,
) -> Run:
    model = learner.fit(X[:first], y[:first], params)
    cost = float(n_trials + 1)
    means: list[float] = []
    acts: list[Act] = []
    since: list[Array] = []
    worth: Array | None = None
    attempts = 0
    for b, begin in enumerate(range(first, len(X) - block + 1, block)):
        end = begin + block
        losses = np.asarray(learner.losses(model, X[begin:end], y[begin:end]), np.float64)
        means.append(float(losses.mean()))
        since.append(losses)
        if len(since) == 1 and _is_worth(losses, worth, attempts):
            worth, attempts = losses, 0
        assert worth is not None
        act = when(Past(b, np.concatenate(since), worth, len(since), attempts))
        acts.append(act)
        if not act:
            continue
        rows = slice(0 if window is None else max(0, end - window), end)
        if act == "retune":
            params = learner.search(X[rows], y[rows])
            cost += n_trials
        model = learner.fit(X[rows], y[rows], params)
        cost += 1
        since = []
        attempts += 1
    made = np.array(acts)
    return Run(
        np.array(means), np.flatnonzero(made == "refit"), np.flatnonzero(made == "retune"), cost
    )


def _is_worth(losses: Array, worth: Array | None, attempts: int) -> bool:
    """Whether a new model is what models should be worth: as good as before, or the best there is.

    After many attempts the world is taken to be harder than it was.
    """
    return worth is None or attempts > _MOST_ATTEMPTS or losses.mean() <= bound_risk(worth)
