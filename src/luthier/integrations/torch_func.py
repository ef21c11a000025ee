"""PyTorch: networks of one shape, one for each row of a batch, trained in one step."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ..errors import EstimatorError, explain_missing
from ..trial.batch import TrialBatch
from ..trial.handle import Trial
from ..typing import Array
from ..validation import check_name, show
from .packing import Pack, Packs

try:
    import torch
    from torch import nn
    from torch.func import functional_call, grad_and_value, stack_module_state, vmap
except ImportError as e:
    raise explain_missing("luthier.integrations.torch_func", "PyTorch", "torch") from e

Tensors = dict[str, "torch.Tensor"]
Update = Callable[..., None]

_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


class Networks:
    """One network a row: stacked, so that one step trains all that run.

    All have the same layers. What differs between rows are their weights, and what `train` is given
    as columns, such as the learning rate. Each row comes to what it would come to alone, up to the
    rounding of sums.

    Args:
        trials: The batch.
        build: Makes the network of a trial; `seed_all(trial)` before gives it weights of its own.
        loss: Takes what a network returns and the targets; returns a tensor with one number, as the
            functions of `torch.nn.functional` do.
        optimizer: "adam", with decoupled weight decay as in `torch.optim.AdamW`; or "sgd", as in
            `torch.optim.SGD`.
        pack: How many rows are trained together; "auto" finds how many fit in memory and pay, None
            trains all together.

    Attributes:
        weights: Name -> tensor (n, ...) of the parameters of the networks.

    Raises:
        EstimatorError: The networks differ in shape, or keep running statistics.
        ValueError: `optimizer` or `pack` is something else.
    """

    def __init__(
        self,
        trials: TrialBatch,
        build: Callable[[Trial], nn.Module],
        loss: Callable[[Any, Any], torch.Tensor],
        *,
        optimizer: Literal["adam", "sgd"] = "adam",
        pack: Pack = None,
    ) -> None:
        self.trials = trials
        self.packs = Packs(pack)
        self._build = build
        self._loss = loss
        self._update, parts = _OPTIMIZERS[check_name("optimizer", optimizer, _OPTIMIZERS)]

        self._known = list(inspect.signature(self._update).parameters)[4:]  # after the state

        networks = [_check(build(trial)) for trial in trials]
        try:
            weights, buffers = stack_module_state(networks)
        except RuntimeError as e:
            raise EstimatorError(
                "the networks of a batch are stacked, so all need the same layers: choose what "
                f"changes them in studies of their own, or by a mask ({e})"
            ) from None
        self.weights: Tensors = {name: w.detach() for name, w in weights.items()}
        self._buffers: Tensors = dict(buffers)
        self._base = copy.deepcopy(networks[0]).to("meta")
        self._state = {part: _zeros_like(self.weights) for part in parts}
        device = next(iter(self.weights.values())).device
        self._n_steps = torch.zeros(len(trials), dtype=torch.float64, device=device)
        trials.restore(self.checkpoint())

    def train(self, X: Any, y: Any, **settings: Any) -> Array:
        """Take one step with the same rows of data for each network that runs.

        Args:
            X: What the networks are given.
            y: The targets.
            **settings: Columns (n,), or one number for all: `lr`; `weight_decay`, 0 by default; and
                of "sgd" `momentum`, 0 by default.

        Returns:
            (n,) float64, the loss before the step; NaN for rows that are over.

        Raises:
            TypeError: A setting is missing or unknown.
            ValueError: A setting is neither a number nor a column of n.
            MemoryError: Or what else tells of it: one row does not fit in memory, or `pack` is a
                number.
        """
        running = np.flatnonzero(self.trials.running)
        columns = self._read_settings(settings)
        losses = np.full(len(self.trials), np.nan)

        def step(begin: int, end: int) -> None:
            rows = _find_rows(running, begin, end, len(self.trials))
            weights = _take(self.weights, rows)
            gradients, values = self._differentiate(weights, _take(self._buffers, rows), X, y)
            state = {part: _take(tensors, rows) for part, tensors in self._state.items()}
            own = {name: column[rows] for name, column in columns.items()}
            n_steps = self._n_steps[rows] + 1
            self._update(weights, gradients, state, n_steps, **own)  # needs no more memory
            if not isinstance(rows, slice):
                _put(self.weights, rows, weights)
                for part, tensors in state.items():
                    _put(self._state[part], rows, tensors)
            self._n_steps[rows] = n_steps
            losses[running[begin:end]] = values.detach().cpu().double().numpy()

        self.packs.run(len(running), step)
        return losses

    def predict(self, X: Any) -> torch.Tensor:
        """Return (n, k, ...) what each network says of k rows of data, without gradients."""
        forward = vmap(self._forward, in_dims=(0, 0, None), randomness="different")

        def call(begin: int, end: int) -> Any:
            rows = slice(begin, end)
            return forward(_take(self.weights, rows), _take(self._buffers, rows), X)

        self._base.eval()
        with torch.no_grad():
            answers = self.packs.run(len(self.trials), call)
        self._base.train()
        return torch.cat(answers)

    def evaluate(self, X: Any, y: Any) -> Array:
        """Return (n,) float64, the loss of each network on rows of data, without gradients."""
        losses = [self._loss(answer, y) for answer in self.predict(X)]
        columns: Array = torch.stack(losses).detach().cpu().double().numpy()
        return columns

    # -- rows that come and go ------------------------------------------------------------------

    def checkpoint(self) -> dict[str, Any]:
        """Return what rows go on from, for `trials.report(values, step, checkpoint=...)`."""
        return {
            "weights": self.weights,
            "buffers": self._buffers,
            "state": self._state,
            "n_steps": self._n_steps,
        }

    def renew(self, fresh: Array) -> None:
        """Make the networks of rows that `trials.refill()` has given new trials.

        Args:
            fresh: (n,) bool, as it returned.
        """
        for i in map(int, np.flatnonzero(fresh)):
            network = _check(self._build(self.trials[i]))
            for name, weight in network.named_parameters():
                self.weights[name][i] = weight.detach()
            for name, buffer in network.named_buffers():
                self._buffers[name][i] = buffer
            for tensors in self._state.values():
                for tensor in tensors.values():
                    tensor[i] = 0.0
            self._n_steps[i] = 0.0
        self.trials.restore(self.checkpoint())

    # -- one step -------------------------------------------------------------------------------

    def _forward(self, weights: Tensors, buffers: Tensors, X: Any) -> Any:
        return functional_call(self._base, (weights, buffers), (X,))

    def _find_loss(self, weights: Tensors, buffers: Tensors, X: Any, y: Any) -> Any:
        return self._loss(self._forward(weights, buffers, X), y)

    def _differentiate(
        self, weights: Tensors, buffers: Tensors, X: Any, y: Any
    ) -> tuple[Tensors, torch.Tensor]:
        """Return the gradient of each network, and its loss."""
        each = vmap(
            grad_and_value(self._find_loss), in_dims=(0, 0, None, None), randomness="different"
        )
        gradients, losses = each(weights, buffers, X, y)
        return gradients, losses

    def _read_settings(self, settings: dict[str, Any]) -> Tensors:
        """Return settings as columns.

        Raises:
            TypeError: One is missing or unknown.
            ValueError: One is neither a number nor a column of n.
        """
        if "lr" not in settings or not settings.keys() <= set(self._known):
            raise TypeError(
                f"train takes the settings {', '.join(self._known)} of the optimizer, and needs "
                f"lr; got {', '.join(settings) or 'none'}"
            )
        columns = {}
        for name, value in settings.items():
            column = np.asarray(value, dtype=np.float64)
            if column.shape not in ((), (len(self.trials),)):
                raise ValueError(
                    f"{name} must be a number or have one for each of {len(self.trials)} rows, got "
                    f"{show(value)}"
                )
            column = np.broadcast_to(column, len(self.trials)).copy()
            columns[name] = torch.from_numpy(column).to(self._n_steps.device)
        return columns


def _check(network: nn.Module) -> nn.Module:
    """Refuse a network that cannot be one of many.

    Raises:
        EstimatorError: It keeps running statistics, which no step without effects can change.
    """
    for name, buffer in network.named_buffers():
        if name.endswith("num_batches_tracked"):
            raise EstimatorError(
                f"a network of a batch keeps no running statistics, as {name} is "
                f"({tuple(buffer.shape)}): take track_running_stats=False, or another norm"
            )
    return network


def _find_rows(running: Any, begin: int, end: int, n: int) -> Any:
    """Return some of the running rows: a slice where all run, as that copies nothing."""
    return slice(begin, end) if len(running) == n else torch.from_numpy(running[begin:end])


def _take(tensors: Tensors, rows: Any) -> Tensors:
    return {name: tensor[rows] for name, tensor in tensors.items()}


def _put(tensors: Tensors, rows: Any, new: Tensors) -> None:
    for name, tensor in new.items():
        tensors[name][rows] = tensor


def _zeros_like(tensors: Tensors) -> Tensors:
    return {name: torch.zeros_like(tensor) for name, tensor in tensors.items()}


def _along(column: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """Return a column in the shape and type that multiplies the rows of a tensor."""
    return column.to(tensor.dtype).view(-1, *[1] * (tensor.dim() - 1))


def _adam(
    weights: Tensors,
    gradients: Tensors,
    state: dict[str, Tensors],
    n_steps: torch.Tensor,
    lr: torch.Tensor,
    weight_decay: torch.Tensor | None = None,
) -> None:
    """Take one step of Adam for each row, in place; gradients are used up.

    Source: Loshchilov 2019, algorithm 2, with a schedule of 1. Deviation: the decay is multiplied
    by the learning rate, as in PyTorch.
    """
    first, second = _BETAS
    size = lr / (1 - first**n_steps)
    scale = (1 - second**n_steps).rsqrt() / size
    for name, g in gradients.items():
        w, mean, square = weights[name], state["mean"][name], state["square"][name]
        mean.lerp_(g, 1 - first)
        square.mul_(second).addcmul_(g, g, value=1 - second)
        root = torch.sqrt(square, out=g)
        torch.addcmul(_along(_EPSILON / size, w), root, _along(scale, w), out=root)
        if weight_decay is not None:
            w.mul_(_along(1 - lr * weight_decay, w))
        w.addcdiv_(mean, root, value=-1.0)


def _sgd(
    weights: Tensors,
    gradients: Tensors,
    state: dict[str, Tensors],
    n_steps: torch.Tensor,
    lr: torch.Tensor,
    momentum: torch.Tensor | None = None,
    weight_decay: torch.Tensor | None = None,
) -> None:
    """Take one step of gradient descent with momentum for each row, as `torch.optim.SGD` does.

    In place; gradients are used up.
    """
    for name, g in gradients.items():
        w, velocity = weights[name], state["velocity"][name]
        if weight_decay is not None:
            g.addcmul_(w, _along(weight_decay, w))
        velocity.mul_(0.0 if momentum is None else _along(momentum, w)).add_(g)
        w.addcmul_(velocity, _along(lr, w), value=-1.0)


_OPTIMIZERS: dict[str, tuple[Update, tuple[str, ...]]] = {
    "adam": (_adam, ("mean", "square")),
    "sgd": (_sgd, ("velocity",)),
}
