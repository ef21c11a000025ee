"""JAX: the state of one model a row of a batch, trained in one step of jax.vmap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import EstimatorError, explain_missing
from ..trial.batch import TrialBatch
from ..trial.handle import Trial
from ..typing import Array
from .packing import Pack, Packs

try:
    import jax
    import jax.numpy as jnp
except ImportError as e:
    raise explain_missing("luthier.integrations.jax", "JAX", "jax") from e


class Rows:
    """Models that are functions, one a row: a step of one of them trains all.

    Each row comes to what it would come to alone, up to the rounding of sums.

    Args:
        trials: The batch.
        begin: Makes the state of a trial: arrays in dicts, lists or tuples, of the same shapes for
            all trials. `trial.rng` gives random numbers of its own.
        step: Takes the state of one row, its settings by name, and what `train` is given; returns
            the state after a step, and a loss.
        pack: How many rows are trained together; "auto" finds how many fit in memory and pay, None
            trains all together. Each size is compiled once.

    Attributes:
        state: What `begin` returns, with a row for each trial in front.

    Raises:
        EstimatorError: States differ in shape.
        ValueError: `pack` is something else.
    """

    def __init__(
        self,
        trials: TrialBatch,
        begin: Callable[[Trial], Any],
        step: Callable[..., tuple[Any, Any]],
        *,
        pack: Pack = None,
    ) -> None:
        self.trials = trials
        self.packs = Packs(pack)
        self._begin = begin

        def step_of(state: Any, settings: Any, data: Any) -> tuple[Any, Any]:
            return step(state, settings, *data)

        self._step = jax.jit(jax.vmap(step_of, in_axes=(0, 0, None)))
        try:
            states = [begin(trial) for trial in trials]
            self.state = jax.tree.map(lambda *rows: jnp.stack(rows), *states)
        except (TypeError, ValueError) as e:
            raise EstimatorError(
                f"the states of a batch are stacked, so all need the same shapes: {e}"
            ) from None
        self._restore()

    def train(self, *data: Any, **settings: Any) -> Array:
        """Take one step with the same data for each row; rows that are over stay as they are.

        Args:
            *data: What `step` is given behind the state and the settings.
            **settings: Columns (n,), or one number for all.

        Returns:
            (n,) float64, the loss of each row; NaN for rows that are over.

        Raises:
            MemoryError: Or what else tells of it: one row does not fit in memory, or `pack` is a
                number.
        """
        n = len(self.trials)
        running = self.trials.running
        columns = {
            name: jnp.asarray(np.broadcast_to(np.asarray(value), n))
            for name, value in settings.items()
        }

        def call(begin: int, end: int) -> Any:
            rows, own = jax.tree.map(lambda column: column[begin:end], (self.state, columns))
            return jax.block_until_ready(self._step(rows, own, data))

        parts = self.packs.run(n, call)
        trained, losses = jax.tree.map(lambda *rows: jnp.concatenate(rows), *parts)
        self.state = jax.tree.map(
            lambda new, old: jnp.where(running.reshape(-1, *[1] * (new.ndim - 1)), new, old),
            trained,
            self.state,
        )
        return np.where(running, np.asarray(losses, dtype=np.float64), np.nan)

    def checkpoint(self) -> dict[str, Any]:
        """Return what rows go on from, for `trials.report(values, step, checkpoint=...)`."""
        return {str(i): np.array(leaf) for i, leaf in enumerate(jax.tree.leaves(self.state))}

    def renew(self, fresh: Array) -> None:
        """Make the states of rows that `trials.refill()` has given new trials.

        Args:
            fresh: (n,) bool, as it returned.
        """
        for i in map(int, np.flatnonzero(fresh)):
            own = self._begin(self.trials[i])
            self.state = jax.tree.map(lambda all_, row, i=i: all_.at[i].set(row), self.state, own)
        self._restore()

    def _restore(self) -> None:
        saved = self.trials.restore(self.checkpoint())
        leaves = [jnp.asarray(saved[str(i)]) for i in range(len(saved))]
        self.state = jax.tree.unflatten(jax.tree.structure(self.state), leaves)
