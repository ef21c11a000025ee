"""Random nodes of expressions, and draws of whole expressions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Apply, Function, as_apply, clone, dfs, random_names, rec_eval, scope

Rng = np.random.Generator


def implicit_stochastic(f: Function) -> Function:
    """Mark a function of the scope as one that draws: it takes `rng`."""
    random_names.add(f.__name__)
    return f


@implicit_stochastic
@scope.define
def uniform(low: float, high: float, rng: Rng, size: Any = ()) -> Any:
    """Draw uniformly from [low, high)."""
    return rng.uniform(low, high, size=size)


@implicit_stochastic
@scope.define
def loguniform(low: float, high: float, rng: Rng, size: Any = ()) -> Any:
    """Draw exp of a uniform number."""
    return np.exp(rng.uniform(low, high, size=size))


@implicit_stochastic
@scope.define
def quniform(low: float, high: float, q: float, rng: Rng, size: Any = ()) -> Any:
    """Draw uniformly, rounded to a multiple of q."""
    return _round(rng.uniform(low, high, size=size), q)


@implicit_stochastic
@scope.define
def qloguniform(low: float, high: float, q: float, rng: Rng, size: Any = ()) -> Any:
    """Draw exp of a uniform number, rounded to a multiple of q."""
    return _round(np.exp(rng.uniform(low, high, size=size)), q)


@implicit_stochastic
@scope.define
def normal(mu: float, sigma: float, rng: Rng, size: Any = ()) -> Any:
    """Draw from a normal distribution."""
    return rng.normal(mu, sigma, size=size)


@implicit_stochastic
@scope.define
def qnormal(mu: float, sigma: float, q: float, rng: Rng, size: Any = ()) -> Any:
    """Draw from a normal distribution, rounded to a multiple of q."""
    return _round(rng.normal(mu, sigma, size=size), q)


@implicit_stochastic
@scope.define
def lognormal(mu: float, sigma: float, rng: Rng, size: Any = ()) -> Any:
    """Draw exp of a normal number."""
    return np.exp(rng.normal(mu, sigma, size=size))


@implicit_stochastic
@scope.define
def qlognormal(mu: float, sigma: float, q: float, rng: Rng, size: Any = ()) -> Any:
    """Draw exp of a normal number, rounded to a multiple of q."""
    return _round(np.exp(rng.normal(mu, sigma, size=size)), q)


@implicit_stochastic
@scope.define
def randint(low: int, high: int | None = None, rng: Rng | None = None, size: Any = ()) -> Any:
    """Draw a whole number from [low, high); from [0, low) without high."""
    return (np.random.default_rng() if rng is None else rng).integers(low, high, size)


@implicit_stochastic
@scope.define
def categorical(p: Any, rng: Rng, size: Any = ()) -> Any:
    """Draw an index with the probabilities p."""
    shares = np.asarray(p, dtype=float)
    return rng.choice(len(shares), size=size or None, p=shares / shares.sum())


def _round(drawn: Any, q: float) -> Any:
    return np.round(drawn / q) * q


def one_of(*args: Any) -> Apply:
    """Return an expression that is one of the arguments, at random."""
    return scope.switch(scope.randint(len(args)), *args)


def choice(args: Any) -> Apply:
    """Return an expression that is one of a list, at random."""
    return one_of(*args)


vars(scope).update(one_of=one_of, choice=choice)


@scope.define
def rng_from_seed(seed: int) -> Rng:
    """Return a generator."""
    return np.random.default_rng(seed)


def recursive_set_rng_kwarg(expr: Apply, rng: Any = None) -> Apply:
    """Give all random nodes of an expression the generator; the expression itself is changed."""
    given = as_apply(np.random.default_rng() if rng is None else rng)
    for node in dfs(expr):
        if node.name in random_names:
            node.set_kwarg("rng", given)
    return expr


def sample(expr: Any, rng: Rng | None = None, **kwargs: Any) -> Any:
    """Return one draw from an expression.

    Args:
        expr: A space, or any expression.
        rng: Source of randomness; None for a new one.
        **kwargs: See `rec_eval`.
    """
    given = np.random.default_rng() if rng is None else rng
    return rec_eval(recursive_set_rng_kwarg(clone(as_apply(expr)), given), **kwargs)
