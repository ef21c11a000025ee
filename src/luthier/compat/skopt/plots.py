"""Figures of results, by matplotlib."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator
from scipy.optimize import OptimizeResult

from .acquisition import gaussian_acquisition
from .dependence import (
    choose_samples,
    find_minimum,
    map_categories,
    partial_dependence,
    partial_dependence_1D,
    partial_dependence_2D,
)
from .space.dimensions import Categorical

__all__ = [
    "partial_dependence",
    "partial_dependence_1D",
    "partial_dependence_2D",
    "plot_convergence",
    "plot_evaluations",
    "plot_gaussian_process",
    "plot_histogram",
    "plot_objective",
    "plot_objective_2D",
    "plot_regret",
]

_evaluate_min_params = find_minimum
_map_categories = map_categories


def _read_traces(args: Sequence[Any]) -> Iterator[tuple[str | None, list[Any]]]:
    """Yield the name and the results of each argument of a plot of traces."""
    for given in args:
        name = None
        if isinstance(given, tuple) and isinstance(given[0], str):
            name, given = given
        yield name, [given] if isinstance(given, OptimizeResult) else list(given)


def _plot_traces(
    args: Sequence[Any], ax: Any, trace: Any, title: str, ylabel: str, yscale: str | None
) -> Any:
    ax = plt.gca() if ax is None else ax
    ax.set(title=title, xlabel="Number of calls $n$", ylabel=ylabel)
    ax.grid()
    if yscale is not None:
        ax.set_yscale(yscale)
    for i, (name, results) in enumerate(_read_traces(args)):
        lines = [trace(result) for result in results]
        n = min(map(len, lines))
        colour = f"C{i}"
        if len(lines) > 1:
            for line in lines:
                ax.plot(range(1, 1 + len(line)), line, c=colour, alpha=0.2)
        mean = np.mean([line[:n] for line in lines], axis=0)
        ax.plot(range(1, 1 + n), mean, c=colour, marker=".", markersize=8, lw=2, label=name)
    if any(name for name, _ in _read_traces(args)):
        ax.legend(loc="best")
    return ax


def plot_convergence(
    *args: Any, true_minimum: float | None = None, yscale: str | None = None, ax: Any = None
) -> Any:
    """Plot the lowest value so far of results.

    Args:
        *args: Results, lists of results, or pairs of a name and these.
        true_minimum: A line for the lowest value there is.
        yscale: Scale of the values.
        ax: The axes; None for the current ones.

    Returns:
        The axes.
    """
    ax = _plot_traces(
        args,
        ax,
        lambda result: np.minimum.accumulate(result.func_vals),
        "Convergence plot",
        r"$\min f(x)$ after $n$ calls",
        yscale,
    )
    if true_minimum is not None:
        ax.axhline(true_minimum, ls="--", c="r", lw=1, label="True minimum")
    return ax


def plot_regret(
    *args: Any, ax: Any = None, true_minimum: float | None = None, yscale: str | None = None
) -> Any:
    """Plot by how much all values so far exceed the lowest, in sum; see `plot_convergence`."""
    lowest = true_minimum
    if lowest is None:
        lowest = min(float(r.fun) for _, results in _read_traces(args) for r in results)
    return _plot_traces(
        args,
        ax,
        lambda result: np.cumsum(result.func_vals - lowest),
        "Cumulative regret plot",
        r"$\sum_{i=0}^n(f(x_i) - optimum)$ after $n$ calls",
        yscale,
    )


def plot_gaussian_process(
    res: Any,
    ax: Any = None,
    n_calls: int = -1,
    objective: Any = None,
    n_points: int = 1000,
    noise_level: float = 0,
    show_legend: bool = True,
    show_title: bool = True,
    show_acq_func: bool = False,
    show_next_point: bool = False,
    show_observations: bool = True,
    show_mu: bool = True,
) -> Any:
    """Plot the model of a search in one dimension.

    Args:
        res: The result.
        ax: The axes; None for the current ones.
        n_calls: The model after so many calls; -1 for the last.
        objective: The function, for a line of its own.
        n_points: Points of lines.
        noise_level: Passed to the objective.
        show_legend: Show what is what.
        show_title: Show a title.
        show_acq_func: Plot what points promise, and not the model.
        show_next_point: Mark the most promising point.
        show_observations: Show what was evaluated.
        show_mu: Show the model's mean.

    Returns:
        The axes.

    Raises:
        ValueError: The space has more dimensions.
    """
    if res.space.n_dims != 1:
        raise ValueError("Space dimension must be 1")
    ax = plt.gca() if ax is None else ax
    low, high = res.space.dimensions[0].bounds
    x = np.linspace(low, high, n_points)[:, None]
    seen = res.space.transform(x.tolist())
    n_models = len(res.models)
    k = n_models - 1 if n_calls < 0 else min(n_calls, n_models - 1)
    n_seen = len(res.x_iters) - (n_models - 1 - k)
    model, name = res.models[k], (res.specs or {}).get("args", {}).get("acq_func", "EI")
    name = "EI" if name in ("gp_hedge", "MES", "PVRS", None) else name
    process = model.estimators_[0] if name.endswith("ps") else model
    if objective is not None:
        values = [float(np.ravel(objective(row))[0]) for row in x.tolist()]
        ax.plot(x, values, "r--", label="True (unknown)")
    if show_observations:
        ax.plot(
            [p[0] for p in res.x_iters[:n_seen]],
            res.func_vals[:n_seen],
            "r.",
            markersize=8,
            label="Observations",
        )
    if show_mu:
        mean, std = process.predict(seen, return_std=True)
        ax.plot(x, mean, "g--", label=r"$\mu(x)$")
        ax.fill_between(
            x[:, 0], mean - 1.96 * std, mean + 1.96 * std, alpha=0.2, fc="g", label="CI"
        )
    if show_acq_func or show_next_point:
        lowest = float(np.min(res.func_vals[:n_seen]))
        promise = -gaussian_acquisition(seen, model, lowest, acq_func=name)
        if show_acq_func:
            ax.plot(x, promise, "b", label=f"{name}(x)")
            ax.fill_between(x[:, 0], promise.min(), promise, alpha=0.3, color="blue")
        if show_next_point:
            best = int(np.argmax(promise))
            ax.plot(x[best], promise[best], "bo", markersize=6, label="Next query point")
    if show_title:
        ax.set_title(rf"x* = {res.x[0]:.4f}, f(x*) = {res.fun:.4f}")
    ax.grid()
    ax.set(xlabel="x", ylabel="f(x)")
    if show_legend:
        ax.legend(loc="best", prop={"size": 6}, numpoints=1)
    return ax


def _find_dims(result: Any, plot_dims: Any) -> list[tuple[int, Any]]:
    """Return the places and dimensions that are shown: those that vary, or that are named."""
    space = result.space
    if plot_dims is None:
        return [(i, one) for i, one in enumerate(space.dimensions) if not one.is_constant]
    return [space[name] for name in plot_dims]


def _make_grid(n: int, size: float) -> Any:
    _, axes = plt.subplots(n, n, figsize=(size * n, size * n), squeeze=False)
    return axes


def _label(ax: Any, shown: Any, names: Sequence[str] | None, k: int, direction: str) -> None:
    place, one = shown
    text = names[k] if names is not None else one.name or f"$X_{{{place}}}$"
    getattr(ax, f"set_{direction}label")(text)


def _scale(ax: Any, one: Any, direction: str) -> None:
    """Give an axis the scale and the names of a dimension."""
    if isinstance(one, Categorical):
        axis = getattr(ax, f"{direction}axis")
        axis.set_ticks(range(len(one.categories)), [str(c) for c in one.categories])
        return
    getattr(ax, f"set_{direction}lim")(*one.bounds)
    if one.prior == "log-uniform":
        getattr(ax, f"set_{direction}scale")("log")


def plot_evaluations(
    result: Any,
    bins: int = 20,
    dimensions: Sequence[str] | None = None,
    plot_dims: Any = None,
    size: float = 2,
    wspace: float = 0.35,
    hspace: float = 0.35,
    cmap: str = "viridis",
    ax: Any = None,
) -> Any:
    """Plot where a search has evaluated: histograms, and the order of points in each pair.

    Args:
        result: The result.
        bins: Of histograms.
        dimensions: Names that are shown.
        plot_dims: Which dimensions, by name or place; None for those that vary.
        size: Inches of a panel.
        wspace: Without effect.
        hspace: Without effect.
        cmap: Colours of the order.
        ax: Without effect.

    Returns:
        (n, n) axes.
    """
    del wspace, hspace, ax
    shown = _find_dims(result, plot_dims)
    points, minimum, _ = map_categories(result.space, result.x_iters, result.x)
    axes = _make_grid(len(shown), size)
    for r, (i, dim_i) in enumerate(shown):
        for c, (j, dim_j) in enumerate(shown):
            panel = axes[r, c]
            if c > r:
                panel.axis("off")
                continue
            if c == r:
                panel.hist(points[:, i], bins=bins)
            else:
                panel.scatter(points[:, j], points[:, i], c=range(len(points)), s=10, cmap=cmap)
                panel.scatter(minimum[j], minimum[i], c="r", s=20, marker="*")
                _scale(panel, dim_i, "y")
                _label(panel, (i, dim_i), dimensions, r, "y")
            _scale(panel, dim_j, "x")
            _label(panel, (j, dim_j), dimensions, c, "x")
    return axes


def plot_objective(
    result: Any,
    levels: int = 10,
    n_points: int = 40,
    n_samples: int = 250,
    size: float = 2,
    wspace: float = 0.35,
    hspace: float = 0.35,
    zscale: str = "linear",
    dimensions: Sequence[str] | None = None,
    sample_source: Any = "random",
    minimum: Any = "result",
    n_minimum_search: int | None = None,
    plot_dims: Any = None,
    show_points: bool = True,
    cmap: str = "viridis_r",
    ax: Any = None,
) -> Any:
    """Plot how each dimension, and each pair, changes what the last model predicts.

    Args:
        result: The result.
        levels: Of pairs.
        n_points: Values of a dimension.
        n_samples: Random points over which is averaged.
        size: Inches of a panel.
        wspace: Without effect.
        hspace: Without effect.
        zscale: "linear" or "log", of the levels.
        dimensions: Names that are shown.
        sample_source: "random"; or the point that the other dimensions keep, as `minimum`.
        minimum: What is marked: "result", "expected_minimum", "expected_minimum_random", a point.
        n_minimum_search: Starts of the search for it.
        plot_dims: Which dimensions, by name or place; None for those that vary.
        show_points: Show what was evaluated.
        cmap: Colours of the levels.
        ax: Without effect.

    Returns:
        (n, n) axes; one for one dimension.
    """
    del wspace, hspace, ax
    shown = _find_dims(result, plot_dims)
    marked = find_minimum(result, minimum, n_minimum_search)
    points, best, _ = map_categories(result.space, result.x_iters, marked)
    samples = choose_samples(result, sample_source, n_samples, n_minimum_search)
    axes = _make_grid(len(shown), size)
    model = result.models[-1]
    for r, (i, dim_i) in enumerate(shown):
        for c, (j, dim_j) in enumerate(shown):
            panel = axes[r, c]
            if c > r:
                panel.axis("off")
                continue
            if c == r:
                xi, yi = partial_dependence_1D(result.space, model, i, samples, n_points)
                panel.plot(xi, yi)
                panel.axvline(best[i], ls="--", color="r", lw=1)
            else:
                pair = partial_dependence_2D(result.space, model, i, j, samples, n_points)
                _fill(panel, pair, levels, zscale, cmap)
                if show_points:
                    panel.scatter(points[:, j], points[:, i], c="k", s=10, lw=0.0)
                panel.scatter(best[j], best[i], c="r", s=100, lw=0.0, marker="*")
                _scale(panel, dim_i, "y")
                _label(panel, (i, dim_i), dimensions, r, "y")
            _scale(panel, dim_j, "x")
            _label(panel, (j, dim_j), dimensions, c, "x")
    return axes if len(shown) > 1 else axes[0, 0]


def _fill(panel: Any, pair: Any, levels: int, zscale: str, cmap: str) -> Any:
    """Fill a panel with the levels of a pair."""
    xi, yi, zi = pair
    if zscale not in ("linear", "log"):
        raise ValueError(f"zscale is 'linear' or 'log', got {zscale!r}")
    if min(zi.shape) < 2:
        return panel.imshow(zi, aspect="auto", cmap=cmap, origin="lower")
    locator = LogLocator() if zscale == "log" else None
    return panel.contourf(xi, yi, zi, levels, locator=locator, cmap=cmap)


def plot_objective_2D(
    result: Any,
    dimension_identifier1: Any,
    dimension_identifier2: Any,
    n_points: int = 40,
    n_samples: int = 250,
    levels: int = 10,
    zscale: str = "linear",
    sample_source: Any = "random",
    minimum: Any = "result",
    n_minimum_search: int | None = None,
    ax: Any = None,
) -> Any:
    """Plot how a pair of dimensions changes what the last model predicts.

    The first dimension, by its name or place, lies across, the second one upward. The other
    arguments are those of `plot_objective`. Returns the axes.
    """
    ax = plt.gca() if ax is None else ax
    j, dim_j = result.space[dimension_identifier1]
    i, dim_i = result.space[dimension_identifier2]
    marked = find_minimum(result, minimum, n_minimum_search)
    points, best, _ = map_categories(result.space, result.x_iters, marked)
    samples = choose_samples(result, sample_source, n_samples, n_minimum_search)
    pair = partial_dependence_2D(result.space, result.models[-1], i, j, samples, n_points)
    filled = _fill(ax, pair, levels, zscale, "viridis_r")
    ax.figure.colorbar(filled, ax=ax)
    ax.scatter(points[:, j], points[:, i], c="black", s=20, linewidths=1)
    ax.scatter(best[j], best[i], c="red", s=200, linewidths=1, marker="*")
    _scale(ax, dim_j, "x")
    _scale(ax, dim_i, "y")
    _label(ax, (j, dim_j), None, 0, "x")
    _label(ax, (i, dim_i), None, 0, "y")
    return ax


def plot_histogram(
    result: Any,
    dimension_identifier: Any,
    bins: int = 20,
    rotate_labels: float = 0,
    ax: Any = None,
) -> Any:
    """Plot how often a search has taken values of a dimension.

    Args:
        result: The result.
        dimension_identifier: Its name or place.
        bins: Of numbers.
        rotate_labels: Degrees by which names of categories are turned.
        ax: The axes; None for the current ones.

    Returns:
        The axes.
    """
    ax = plt.gca() if ax is None else ax
    i, one = result.space[dimension_identifier]
    points, _, _ = map_categories(result.space, result.x_iters, result.x)
    if isinstance(one, Categorical):
        counts = np.bincount(points[:, i].astype(int), minlength=len(one.categories))
        ax.bar(range(len(counts)), counts)
        ax.set_xticks(range(len(counts)), [str(c) for c in one.categories], rotation=rotate_labels)
    else:
        ax.hist(points[:, i], bins=bins)
    _label(ax, (i, one), None, 0, "x")
    ax.set_ylabel("Sample Count")
    return ax
