"""PED-ANOVA: which parameters separate the good trials from the others, and whether by chance.

Notation: n trials, k of them good; p and q (c,) are the densities of all and of the good trials
over the c cells of a parameter.
"""

from __future__ import annotations

import functools
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
_LEAST_DENSITY = 1e-12
_EQUAL = 1e-9  # relative difference up to which separations are equal, but for rounding

_CELLS = np.arange(_N_CELLS)
_PRIOR = np.exp(-0.5 * ((_CELLS - (_N_CELLS - 1) / 2) / _N_CELLS) ** 2)
_PRIOR /= _PRIOR.sum()


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
        as_well = separation[1:] >= separation[0] * (1 - _EQUAL)
        p_value[j] = (1 + as_well.sum()) / (1 + _N_PERMUTATIONS)
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
    return np.asarray((np.flatnonzero(labels) % len(good)).reshape(_N_PERMUTATIONS, -1))


def _separate(x: Array, m: int, sets: Index) -> Array:
    """Return the separation (r,) of sets of good trials (r, k) by their values x (n,).

    m is the number of choices, 0 for a number. Densities are Parzen estimators: of a category with
    one more trial, spread over all; of a number with Gaussian kernels, and one as wide as the grid
    in its middle.

    Source: Watanabe 2023, eq. 9, with the estimators of Optuna's PED-ANOVA.
    """
    active = ~np.isnan(x)
    if m:  # choices that no trial has are alike, and count as one cell
        tried, cell_of_active = np.unique(x[active], return_inverse=True)
        prior = np.append(np.full(len(tried), 1 / m), 1 - len(tried) / m)
    else:
        cell_of_active = np.minimum(x[active] * _N_CELLS, _N_CELLS - 1).astype(np.int64)
        prior = _PRIOR
    c = len(prior)
    cell = np.full(len(x), c)
    cell[active] = cell_of_active

    r, k = sets.shape
    each = np.arange(r)[:, None] * (c + 1)
    counts = np.bincount((each + cell[sets]).ravel(), minlength=r * (c + 1))
    of_good = counts.reshape(r, c + 1)[:, :c].astype(float)
    of_all = np.bincount(cell, minlength=c + 1)[None, :c].astype(float)
    n_good, n_all = of_good.sum(axis=1), of_all.sum(axis=1)
    if not m:
        of_good, of_all = _smooth(of_good, n_good), _smooth(of_all, n_all)

    q = (of_good + prior) / (n_good + 1)[:, None] + _LEAST_DENSITY
    p = (of_all + prior) / (n_all + 1)[:, None] + _LEAST_DENSITY
    alpha = n_good / k  # share of the good that are active
    beta = float(n_all[0]) / len(x)
    return np.asarray((p * (q / p - 1) ** 2).sum(axis=1) * alpha**2 / beta)


def _smooth(counts: Array, n: Array) -> Array:
    """Spread the numbers (r, c) of trials in each cell, n (r,) in all, by Gaussian kernels."""
    share = counts / np.maximum(n, 1)[:, None]
    mean = share @ _CELLS
    sd = np.sqrt(np.maximum(share @ _CELLS**2 - mean**2, 0.0))
    below = np.cumsum(share, axis=1)
    spread = (below < 0.75).sum(axis=1) - (below < 0.25).sum(axis=1)
    width = 1.059 * np.minimum(spread / 1.34, sd) * np.maximum(n, 1) ** -0.2
    width = np.maximum(width, _LEAST_WIDTH)

    steps = np.round(np.log(width / _LEAST_WIDTH) / math.log(_WIDTH_STEP)).astype(np.int64)
    smooth = np.empty_like(counts)
    for step in np.unique(steps).tolist():
        rows = steps == step
        smooth[rows] = counts[rows] @ _kernels(step)
    return smooth


@functools.lru_cache(maxsize=256)
def _kernels(step: int) -> Array:
    """Gaussian kernels (c, c) over the cells of a number, one around each, by their width."""
    width = _LEAST_WIDTH * _WIDTH_STEP**step
    kernels = np.exp(-0.5 * ((_CELLS[:, None] - _CELLS) / width) ** 2)
    return np.asarray(kernels / kernels.sum(axis=1, keepdims=True))
