"""Narrower ranges by the evidence of a study: parts of a range where nothing good was found."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np

from ..errors import SpaceError
from ..typing import Array, Mask
from .distributions import Categorical, Distribution, Float, Int

GOOD = 0.25  # the share of the trials that are good
CHANCE = 0.05  # with which a part that is as good as the rest would be cut off, in any parameter
MARGIN = 0.05  # of a range, that is kept beyond the outermost good trial


class KnownTrials(Protocol):
    """The history of a study, as far as it is looked at."""

    @property
    def directions(self) -> Any:
        """One for each objective."""

    @property
    def losses(self) -> Array:
        """(n, m) values, signed so that smaller is better."""

    @property
    def eligible(self) -> Mask:
        """(n,) whether a trial can be the best."""

    def params(self, number: int) -> dict[str, Any]:
        """Return the params of a trial."""


class Narrowed(NamedTuple):
    """What became of the parameters.

    Attributes:
        params: The distributions that changed, by name.
        notes: What changed, and by which evidence, a sentence for each.
    """

    params: dict[str, Distribution]
    notes: list[str]


def narrow_by(
    study: Any,
    params: Mapping[str, Distribution],
    encode: Callable[[Sequence[Mapping[str, Any]]], Array],
) -> Narrowed:
    """Narrow a space by those trials of a study that it has; see `narrow`.

    Args:
        study: The study.
        params: The parameters of the space.
        encode: Returns params as unit columns.

    Raises:
        SpaceError: It is no study of one objective.
    """
    history: KnownTrials | None = getattr(study, "history", None)
    if history is None:
        raise SpaceError(f"shrink takes a study with its trials, got {type(study).__name__}")
    if len(history.directions) != 1:
        raise SpaceError(
            f"shrink takes a study of one objective, this one has {len(history.directions)}: what "
            "is good for one may be bad for another"
        )
    numbers = np.flatnonzero(history.eligible)
    if len(numbers) and not params.keys() & set().union(*map(history.params, numbers.tolist())):
        raise SpaceError(f"the study has none of the parameters {list(params)!r:.300}")
    rows, losses = [], []
    for number in numbers:
        row = history.params(int(number))
        loss = float(history.losses[number, 0])
        known = {n: v for n, v in row.items() if n in params}
        if math.isfinite(loss) and all(params[n].find(v) is not None for n, v in known.items()):
            rows.append(known)
            losses.append(loss)
    return narrow(params, encode(rows), np.array(losses))


def narrow(params: Mapping[str, Distribution], X: Array, losses: Array) -> Narrowed:
    """Cut off the ends of ranges, and the choices, where no trial is among the best quarter.

    If a part held good configurations at the same rate as the whole, m trials there would all miss
    them with a probability of (3/4)^m. A part is cut off where that is below 5 %, shared among all
    ends and choices of the space; so it takes some 15 to 25 trials there. The rest of an end begins
    5 % of the range beyond the outermost good trial. Parameters on which others depend stay as they
    are.

    Args:
        params: The parameters.
        X: (n, d) unit columns of trials.
        losses: (n,) their losses.
    """
    good = losses <= np.quantile(losses, GOOD) if len(losses) else np.zeros(0, dtype=bool)
    parents = {parent for dist in params.values() for parent in dist.when or ()}
    n_parts = sum(len(p.choices) if isinstance(p, Categorical) else 2 for p in params.values())
    n_needed = math.ceil(math.log(CHANCE / max(n_parts, 1)) / math.log(1 - GOOD))
    found = Narrowed({}, [])
    for j, (name, dist) in enumerate(params.items()):
        on = ~np.isnan(X[:, j])
        u, is_good = X[on, j], good[on]
        if name in parents or not is_good.any() or is_good.all():
            continue
        if isinstance(dist, Categorical):
            _narrow_choices(found, name, dist, u, is_good, n_needed)
        elif isinstance(dist, Float | Int) and dist.n_values != 1:
            _narrow_range(found, name, dist, u, is_good, n_needed)
    return found


def _narrow_range(
    found: Narrowed, name: str, dist: Float | Int, u: Array, good: Mask, n_needed: int
) -> None:
    ends = [max(0.0, u[good].min() - MARGIN), min(1.0, u[good].max() + MARGIN)]
    n_below, n_above = int((u < ends[0]).sum()), int((u > ends[1]).sum())
    low = dist.value(dist.from_unit(ends[0])) if n_below >= n_needed else dist.low
    high = dist.value(dist.from_unit(ends[1])) if n_above >= n_needed else dist.high
    if (low, high) == (dist.low, dist.high):
        return
    default = dist.default if dist.default is not None and low <= dist.default <= high else None
    narrow = msgspec.structs.replace(dist, low=low, high=high, default=default, prior=None)
    if dist.prior is not None:  # its deviation is a share of the range
        share = float(dist.to_unit(float(narrow.top)) - dist.to_unit(float(narrow.low)))
        middle = min(max(dist.prior[0], narrow.low), narrow.high)
        narrow = msgspec.structs.replace(narrow, prior=(middle, dist.prior[1] / max(share, 1e-9)))
    found.params[name] = narrow
    for n, where in ((n_below, f"below {low:.4g}"), (n_above, f"above {high:.4g}")):
        if n >= n_needed:
            found.notes.append(f"{name}: none of {n} trials {where} is among the best quarter")


def _narrow_choices(
    found: Narrowed, name: str, dist: Categorical, u: Array, good: Mask, n_needed: int
) -> None:
    at = dist.from_unit(u).astype(int)
    n_tried = np.bincount(at, minlength=len(dist.choices))
    n_good = np.bincount(at[good], minlength=len(dist.choices))
    cut = (n_tried >= n_needed) & (n_good == 0)
    if not cut.any():
        return
    kept = [i for i in range(len(dist.choices)) if not cut[i]]
    choices = tuple(dist.choices[i] for i in kept)
    default = dist.default if any(dist.find(dist.default) == i for i in kept) else None
    weights = [dist.prior[i] for i in kept] if dist.prior else []
    found.params[name] = msgspec.structs.replace(
        dist, choices=choices, default=default, prior=weights if any(weights) else None
    )
    found.notes.extend(
        f"{name}: none of {n_tried[i]} trials with {dist.choices[i]!r} is among the best quarter"
        for i in np.flatnonzero(cut)
    )
