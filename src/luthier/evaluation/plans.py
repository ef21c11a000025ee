"""Plans for rows whose order says nothing: k-fold, stratified, grouped, repeated, hold-out."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..errors import SplitError
from ..typing import Index
from ..validation import check_real, check_whole
from .row_folds import deal_classes, deal_groups, deal_rows
from .row_labels import number_labels
from .split_plan import Fold, SplitPlan


def plan_folds(
    n: int,
    n_folds: int = 5,
    *,
    stratify: Any = None,
    groups: Any = None,
    n_repeats: int = 1,
    shuffle: bool = True,
    seed: int = 0,
) -> SplitPlan:
    """Make a plan of k folds: every row is tested once in each repeat.

    Args:
        n: Number of rows.
        n_folds: Number of folds in a repeat, 2 to n.
        stratify: (n,) classes that each fold gets its share of, such as y; None to ignore them.
        groups: (n,) groups whose rows stay together, such as patients; None if rows are
            independent.
        n_repeats: How often the rows are split anew; the plan has n_folds * n_repeats folds.
        shuffle: Whether rows are dealt at random; False keeps neighbours together, or the order of
            a class.
        seed: Of the random numbers.

    Raises:
        SplitError: There are fewer rows, groups, or rows of a class, than folds; labels are
            missing; or repeats that do not shuffle.
        ValueError: A number is out of its range.
    """
    n = check_whole("n", n)
    n_folds = check_whole("n_folds", n_folds, 2)
    n_repeats = check_whole("n_repeats", n_repeats)
    seed = check_whole("seed", seed, 0)
    classes = None if stratify is None else number_labels("stratify", stratify, n)
    members = None if groups is None else number_labels("groups", groups, n)
    if n_folds > n:
        raise SplitError(f"expected at most as many folds as rows, got {n_folds} folds of {n} rows")
    if n_repeats > 1 and not shuffle:
        raise SplitError(
            "repeats of folds that are not shuffled are all the same; set shuffle=True"
        )
    if members is not None and int(members.max()) + 1 < n_folds:
        raise SplitError(
            f"expected at most as many folds as groups, got {n_folds} folds of "
            f"{int(members.max()) + 1} groups"
        )
    if classes is not None:
        _check_classes(stratify, classes, members, n_folds)

    words = [f"{n_folds}-fold"] + [f"{n_repeats} times"] * (n_repeats > 1)
    words += ["stratified"] * (classes is not None) + ["grouped"] * (members is not None)
    draw = partial(_draw_folds, n, n_folds, classes, members, n_repeats, shuffle)
    return SplitPlan(
        ", ".join(words),
        n,
        draw(seed),
        n_repeats=n_repeats,
        draw=draw if shuffle else None,
        seed=seed,
        groups=members,
    )


def _check_classes(labels: Any, classes: Index, members: Index | None, n_folds: int) -> None:
    """Refuse classes that cannot be in every fold."""
    names = np.asarray(labels).tolist()
    counts = np.bincount(classes)
    if len(counts) < 2:
        raise SplitError(
            f"stratify has one class only, {names[0]!r}: there is nothing to stratify by"
        )
    kind = "rows"
    if members is not None:
        pairs = np.unique(np.stack([classes, members]), axis=1)
        counts = np.bincount(pairs[0])
        kind = "groups"
    fewest = int(counts.argmin())
    if counts[fewest] < n_folds:
        name = names[np.flatnonzero(classes == fewest)[0]]
        raise SplitError(
            f"class {name!r} has {counts[fewest]} {kind}, fewer than the {n_folds} folds that each "
            "need one; use fewer folds, or join rare classes"
        )


def _draw_folds(
    n: int,
    n_folds: int,
    classes: Index | None,
    members: Index | None,
    n_repeats: int,
    shuffle: bool,
    seed: int,
) -> list[Fold]:
    folds = []
    for repeat in range(n_repeats):
        rng = np.random.default_rng([seed, repeat]) if shuffle else None
        if members is not None:
            fold_of_row = deal_groups(members, classes, n_folds, rng)
        elif classes is not None:
            fold_of_row = deal_classes(classes, n_folds, rng)
        else:
            fold_of_row = deal_rows(n, n_folds, rng)
        for fold in range(n_folds):
            is_test = fold_of_row == fold
            folds.append(Fold(np.flatnonzero(~is_test), np.flatnonzero(is_test)))
    return folds


def plan_holdout(
    n: int,
    test: float = 0.25,
    *,
    stratify: Any = None,
    groups: Any = None,
    reshuffled: bool = False,
    seed: int = 0,
) -> SplitPlan:
    """Make a plan of one fold: some rows are tested, the others trained on.

    Args:
        n: Number of rows.
        test: Share of the rows that are tested, between 0 and 1.
        stratify: (n,) classes that both parts get their share of; None to ignore them.
        groups: (n,) groups whose rows stay together; None if rows are independent. The share is
            then met as well as whole groups allow.
        reshuffled: Whether each trial gets a split of its own. Then the luck of one split cannot be
            searched for, and the best trial is better on new data (Nagler 2024: of a hold-out, not
            of 5-fold cross-validation). Values of trials are no longer comparable pair by pair:
            choose by `Study.recommend`, or confirm the leaders.
        seed: Of the random numbers.

    Raises:
        SplitError: A part would be empty, or without a class; labels are missing.
        ValueError: A number is out of its range.
    """
    n = check_whole("n", n, 2)
    test = check_real("test", test, 0, above=True)
    if test >= 1:
        raise ValueError(f"test is a share between 0 and 1, got {test!r}")
    seed = check_whole("seed", seed, 0)
    classes = None if stratify is None else number_labels("stratify", stratify, n)
    members = None if groups is None else number_labels("groups", groups, n)
    if members is not None and members.max() == 0:
        raise SplitError("there is one group only, which cannot be on both sides of a hold-out")
    if classes is not None:
        _check_classes(stratify, classes, members, 2)

    words = ["hold-out"] + ["stratified"] * (classes is not None)
    words += ["grouped"] * (members is not None) + ["reshuffled"] * reshuffled
    draw = partial(_draw_holdout, n, test, classes, members)
    return SplitPlan(
        ", ".join(words),
        n,
        draw(seed),
        draw=draw,
        seed=seed,
        reshuffled=reshuffled,
        groups=members,
    )


def _draw_holdout(
    n: int, test: float, classes: Index | None, members: Index | None, seed: int
) -> list[Fold]:
    rng = np.random.default_rng([seed, 1])
    if members is not None:
        is_test = _hold_groups_out(members, test, rng)
    elif classes is not None:
        is_test = np.zeros(n, dtype=bool)
        for rows in np.split(*_sort_classes(classes, rng)):
            is_test[rows[: _count_test(len(rows), test)]] = True
    else:
        is_test = rng.permutation(n) < _count_test(n, test)
    return [Fold(np.flatnonzero(~is_test), np.flatnonzero(is_test))]


def _count_test(n: int, test: float) -> int:
    """Return how many of n rows are tested: at least one, and not all."""
    return min(max(round(test * n), 1), n - 1)


def _sort_classes(classes: Index, rng: np.random.Generator) -> tuple[Index, Index]:
    """Return the rows by class, at random within one, and where each class but the first begins."""
    order = np.lexsort((rng.permutation(len(classes)), classes))
    return order, np.cumsum(np.bincount(classes))[:-1]


def _hold_groups_out(members: Index, test: float, rng: np.random.Generator) -> np.ndarray:
    """Return which rows (n,) are tested: groups in random order while they bring it nearer."""
    sizes = np.bincount(members)
    wanted = test * len(members)
    order = rng.permutation(len(sizes))
    total = np.cumsum(sizes[order])
    n_groups = int(np.argmin(np.abs(total[:-1] - wanted))) + 1
    return np.isin(members, order[:n_groups])
