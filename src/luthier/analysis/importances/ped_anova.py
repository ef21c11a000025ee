"""PED-ANOVA: which parameters separate the good trials from the others, and whether by chance.

Notation: n trials, k of them good; p and q (c,) are the densities of all and of the good trials
over the c cells of a parameter.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ...numerics.pareto import fronts
from ...typing import Array, Index, Mask

_N_CELLS = 50
_N_PERMUTATIONS = 200
_N_BLOCKS = 10
_LEAST_GOOD = 5
_MOST_TRIALS = 5_000  # that are looked at; of more, as many at random
_LEAST_WIDTH = 0.5 / 1.64  # of a kernel, in cells
_WIDTH_STEP = 1.02  # widths are rounded to powers of it
_MOST_GOOD = 0.5  # share of the trials from which on nothing separates the good ones
_FEW = 200  # trials below which a quarter counts as good, else a tenth


class PedAnova(NamedTuple):
    """Separation of the good trials from all, for each parameter.

    Attributes:
        value: (d,) separation beyond what chance gives: less the median of permutations, at least
            0.
        p_value: (d,) share of permutations that separate as well. Labels are exchanged among
            trials that followed one another, as later trials of a search are better and nearer.
    """

    value: Array
    p_value: Array


def pick_trials(n: int, rng: np.random.Generator) -> Index:
    """Return which of n trials are looked at, ascending: all, or of very many some at random."""
    return np.sort(rng.permutation(n)[:_MOST_TRIALS])


def find_good(losses: Array, share: float | None = None) -> Mask:
    """Return which trials (n,) are good.

    With several objectives they are taken front by front. All that are as good as the last one
    count, so that there may be more.

    Args:
        losses: (n, m).
        share: How many are; None for a quarter of fewer than 200, else a tenth. At least five.
    """
    n, m = losses.shape
    share = share or (0.25 if n < _FEW else 0.1)
    k = min(n, max(_LEAST_GOOD, math.ceil(share * n)))
    rank = losses[:, 0] if m == 1 else fronts(losses).astype(float)
    return np.asarray(rank <= np.sort(rank)[k - 1]) if n else np.zeros(0, dtype=bool)


def explain_ties(good: Mask, n_objectives: int) -> str:
    """Return why nothing separates the good trials (n,) from the others; "" where it may."""
    n, n_good = len(good), int(good.sum())
    if n_good <= _MOST_GOOD * n:
        return ""
    which = "lie on the front" if n_objectives > 1 else "have the best value"
    return (
        f"not enough to say: {n_good:,} of {n:,} trials {which}, so there are too few others to "
        "tell them from"
    )


def ped_anova(X: Array, n_choices: Index, good: Mask, rng: np.random.Generator) -> PedAnova:
    """Return how well each parameter separates the good trials from all.

    Args:
        X: (n, d) unit columns in the order in which trials began, NaN where inactive.
        n_choices: (d,) number of choices, 0 for a number.
        good: (n,) which trials are good.
        rng: Source of the permutations.

    Source: Watanabe 2023, eq. 9, and for parameters that are not always active arXiv 2601.20800.
    """
    sets = np.concatenate([np.flatnonzero(good)[None], _permute(good, rng)])
    value = np.zeros(X.shape[1])
    p_value = np.ones(X.shape[1])
    for j, x in enumerate(X.T):
        active = ~np.isnan(x)
        if active.sum() < 2 or np.ptp(x[active]) == 0:
            continue
        separation = _separate(x, int(n_choices[j]), sets)
        value[j] = max(0.0, separation[0] - float(np.median(separation[1:])))
        p_value[j] = (1 + (separation[1:] >= separation[0]).sum()) / (1 + _N_PERMUTATIONS)
    return PedAnova(value, p_value)


def separation(X: Array, n_choices: Index, good: Mask) -> Array:
    """Return how well each parameter (d,) separates the good trials from all, chance included.

    Args:
        X: (n, d) unit columns, NaN where inactive.
        n_choices: (d,) number of choices, 0 for a number.
        good: (n,) which trials are good.
    """
    found = np.zeros(X.shape[1])
    for j, x in enumerate(X.T):
        active = ~np.isnan(x)
        if (good & active).any() and np.ptp(x[active]) > 0:
            found[j] = _separate(x, int(n_choices[j]), np.flatnonzero(good)[None])[0]
    return found


def _permute(good: Mask, rng: np.random.Generator) -> Index:
    """Return which trials (permutations, k) get the labels, exchanged within blocks of trials."""
    labels = np.tile(good, (_N_PERMUTATIONS, 1))
    for block in np.array_split(np.arange(len(good)), min(_N_BLOCKS, max(1, len(good) // 5))):
        labels[:, block] = rng.permuted(labels[:, block], axis=1)
    return np.asarray(np.nonzero(labels)[1].reshape(_N_PERMUTATIONS, -1))


def _separate(x: Array, m: int, sets: Index) -> Array:
    """Return the separation (r,) of sets of good trials (r, k) by their values x (n,).

    m is the number of choices, 0 for a number.
    """
    c = m or _N_CELLS
    inactive = np.isnan(x)
    cell = np.minimum(np.nan_to_num(x) if m else np.nan_to_num(x) * c, c - 1).astype(np.int64)
    cell[inactive] = c
    r, k = sets.shape
    each = np.arange(r)[:, None] * (c + 1)
    counts = np.bincount((each + cell[sets]).ravel(), minlength=r * (c + 1))
    of_good = counts.reshape(r, c + 1)[:, :c].astype(float)
    of_all = np.bincount(cell, minlength=c + 1)[None, :c].astype(float)

    q = _densities(of_good, numeric=not m)
    p = _densities(of_all, numeric=not m)
    alpha = of_good.sum(axis=1) / k  # share of the good that are active
    beta = float(of_all.sum()) / len(x)
    return np.asarray((p * (q / p - 1) ** 2).sum(axis=1) * alpha**2 / beta)


def _densities(counts: Array, numeric: bool) -> Array:
    """Return densities (r, c) from the numbers (r, c) of trials in each cell.

    Source: the Parzen estimators of Optuna's PED-ANOVA. A category gets one more trial, spread over
    all; a number Gaussian kernels, and one as wide as the grid in its middle.
    """
    n = counts.sum(axis=1, keepdims=True)
    c = counts.shape[1]
    if not numeric:
        return np.asarray((counts + 1 / c) / (n + 1))
    at = np.arange(c)
    share = counts / np.maximum(n, 1)
    mean = share @ at
    sd = np.sqrt(np.maximum(share @ at**2 - mean**2, 0.0))
    below = np.cumsum(share, axis=1)
    spread = (below < 0.75).sum(axis=1) - (below < 0.25).sum(axis=1)
    width = 1.059 * np.minimum(spread / 1.34, sd) * np.maximum(n[:, 0], 1) ** -0.2
    width = np.maximum(width, _LEAST_WIDTH)

    steps = np.round(np.log(width / _LEAST_WIDTH) / math.log(_WIDTH_STEP))
    width = _LEAST_WIDTH * _WIDTH_STEP**steps
    smooth = np.empty_like(counts)
    for w in np.unique(width):  # rows of one width have the same kernels
        kernels = np.exp(-0.5 * ((at[:, None] - at) / w) ** 2)
        kernels /= kernels.sum(axis=1, keepdims=True)
        rows = width == w
        smooth[rows] = counts[rows] @ kernels
    prior = np.exp(-0.5 * ((at - (c - 1) / 2) / c) ** 2)
    return np.asarray((smooth + prior / prior.sum()) / (n + 1) + 1e-12)
