"""Figures of trials, by matplotlib."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from .base import STATUS_OK, Domain, Trials


def _ok_losses(trials: Trials) -> list[tuple[int, float]]:
    """Return the place and the loss of each trial that has one."""
    return [
        (i, float(r["loss"]))
        for i, r in enumerate(trials.results)
        if r.get("status") == STATUS_OK and r.get("loss") is not None
    ]


def main_plot_history(
    trials: Trials, do_show: bool = True, status_colors: Any = None, title: str = "Loss History"
) -> Any:
    """Plot the loss of each trial, and the lowest so far.

    Args:
        trials: The trials.
        do_show: Show the figure.
        status_colors: Colour of trials with the status "ok", as a dict.
        title: Above the figure.

    Returns:
        The axes.
    """
    _, axes = plt.subplots()
    found = _ok_losses(trials)
    number, loss = [i for i, _ in found], [v for _, v in found]
    axes.scatter(number, loss, s=12, color=(status_colors or {}).get("ok", "C0"))
    if loss:
        axes.step(number, np.minimum.accumulate(loss), where="post", color="C1")
    axes.set(title=title, xlabel="trial", ylabel="loss")
    return _end(axes, do_show)


def main_plot_histogram(trials: Trials, do_show: bool = True, title: str = "Loss Histogram") -> Any:
    """Plot how often losses occur.

    Args:
        trials: The trials.
        do_show: Show the figure.
        title: Above the figure.

    Returns:
        The axes.
    """
    _, axes = plt.subplots()
    axes.hist([v for _, v in _ok_losses(trials)], bins=30)
    axes.set(title=title, xlabel="loss", ylabel="trials")
    return _end(axes, do_show)


def main_plot_vars(
    trials: Trials,
    bandit: Domain | None = None,
    do_show: bool = True,
    fontsize: int = 10,
    colorize_best: int | None = None,
    columns: int = 5,
    arrange_by_loss: bool = False,
) -> Any:
    """Plot each parameter against the trial or the loss.

    Args:
        trials: The trials.
        bandit: The problem; without effect.
        do_show: Show the figure.
        fontsize: Of the names.
        colorize_best: How many of the best trials have another colour.
        columns: Figures in a row.
        arrange_by_loss: Against the loss, and not against the trial.

    Returns:
        The axes, one for each parameter.
    """
    del bandit
    losses = dict(_ok_losses(trials))
    best = set(sorted(losses, key=lambda i: losses[i])[: colorize_best or 0])
    labels = sorted(trials.vals)
    n_rows = -(-len(labels) // columns)
    figure, grid = plt.subplots(n_rows, columns, squeeze=False, layout="constrained")
    for k, axes in enumerate(grid.ravel()):
        if k >= len(labels):
            axes.set_axis_off()
            continue
        rows = [
            (losses[i] if arrange_by_loss else i, misc["vals"][labels[k]][0], i in best)
            for i, misc in enumerate(trials.miscs)
            if i in losses and misc["vals"].get(labels[k])
        ]
        colours = ["C1" if row[2] else "C0" for row in rows]
        axes.scatter([row[0] for row in rows], [row[1] for row in rows], s=8, c=colours or None)
        axes.set_title(labels[k], fontsize=fontsize)
    del figure
    return _end(grid, do_show)


def _end(made: Any, do_show: bool) -> Any:
    if do_show and plt.get_backend().lower() not in ("agg", "svg", "pdf", "ps"):
        plt.show()
    return made
