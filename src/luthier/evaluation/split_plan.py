"""Split plan: which rows a model is trained on and tested on, fold by fold, frozen once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..errors import SplitError
from ..typing import Index
from ..validation import check_whole

# From the seed of a redraw to the folds.
Draw = Callable[[int], "list[Fold]"]


class Fold(NamedTuple):
    """One fold.

    Attributes:
        train: Rows that a model is trained on.
        test: Rows that it is tested on.
    """

    train: Index
    test: Index


class SplitPlan:
    """The folds of an evaluation, the same for every trial, in the same order.

    A sequence of pairs (train, test). `luthier.evaluation` makes plans by `plan_folds`,
    `plan_holdout`, `plan_time_folds`, `choose_plan` and `freeze_splits`.

    Args:
        kind: What kind of plan it is, in a few words: "5-fold, stratified".
        n: Number of rows of the data.
        folds: Pairs of row numbers.
        n_repeats: How often the data is split anew; the folds of one repeat follow each other.
        draw: Gives folds of this kind for a seed; None where there are no others.
        seed: The one that the folds were drawn with.
        reshuffled: Whether each trial gets folds of its own.
        ordered: Whether the folds are in order of time: then they differ from each other. None
            takes them to be so where each of several trains before it tests.
        groups: (n,) the group of each row, which no fold splits; None without groups.
        reason: Why this plan was chosen.

    Attributes:
        kind: As given.
        n: As given.
        folds: As given, as tuples of read-only arrays.
        n_repeats: As given.
        seed: As given.
        reshuffled: As given.
        ordered: As given, or as seen.
        groups: As given.
        reason: As given.

    Raises:
        SplitError: The folds do not fit the rows: none at all, an empty part, a row that does not
            exist, that stands twice in one part, or in both.
    """

    def __init__(
        self,
        kind: str,
        n: int,
        folds: Iterable[tuple[ArrayLike, ArrayLike]],
        *,
        n_repeats: int = 1,
        draw: Draw | None = None,
        seed: int | None = None,
        reshuffled: bool = False,
        ordered: bool | None = False,
        groups: Index | None = None,
        reason: str = "",
    ) -> None:
        self.kind = kind
        self.n = n
        self.folds = check_folds(folds, n)
        self.n_repeats = n_repeats
        self.seed = seed
        self.reshuffled = reshuffled
        self.ordered = _is_in_order(self.folds) if ordered is None else ordered
        self.groups = groups
        self.reason = reason
        self._draw = draw

    def __len__(self) -> int:
        return len(self.folds)

    def __iter__(self) -> Iterator[Fold]:
        return iter(self.folds)

    def __getitem__(self, i: int) -> Fold:
        return self.folds[i]

    @property
    def ratio(self) -> float:
        """Mean of n_test / n_train, which the corrected t test needs."""
        return float(np.mean([len(test) / len(train) for train, test in self.folds]))

    @cached_property
    def hash(self) -> str:
        """A text that is the same where the folds are, on any machine: 32 hexadecimal digits."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(f"{self.n} {len(self)} {self.reshuffled}".encode())
        for fold in self.folds:
            for rows in fold:
                digest.update(len(rows).to_bytes(8, "little"))
                digest.update(rows.astype("<i8").tobytes())
        return digest.hexdigest()

    def for_trial(self, number: int) -> SplitPlan:
        """Return the folds of a trial: these, or where they are reshuffled folds of its own."""
        if not self.reshuffled:
            return self
        assert self._draw is not None
        return self._with(np.random.SeedSequence([self.seed or 0, number]).generate_state(1)[0])

    def redraw(self, seed: int) -> SplitPlan:
        """Return a plan of the same kind with fresh folds, for a comparison that is not biased.

        Raises:
            SplitError: There are no other folds of this kind: those of time, and those that were
                frozen.
        """
        if self._draw is None:
            raise SplitError(
                f"a plan of kind {self.kind!r} has no other folds than these; make another plan, "
                "or compare on a hold-out"
            )
        return self._with(check_whole("seed", seed, 0))

    def _with(self, seed: Any) -> SplitPlan:
        assert self._draw is not None
        return SplitPlan(
            self.kind,
            self.n,
            self._draw(int(seed)),
            n_repeats=self.n_repeats,
            draw=self._draw,
            seed=int(seed),
            groups=self.groups,
            reason=self.reason,
        )

    def __repr__(self) -> str:
        return f"SplitPlan({self.kind!r}, {self.n} rows, {len(self)} folds, hash {self.hash[:8]})"

    def __str__(self) -> str:
        sizes = sorted({len(test) for _, test in self.folds})
        test = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
        said = f"{self.kind}: {len(self)} folds of {test} test rows, of {self.n}"
        return f"{said} ({self.reason})" if self.reason else said


def _is_in_order(folds: Sequence[Fold]) -> bool:
    return len(folds) > 1 and all(train.max() < test.min() for train, test in folds)


def check_folds(folds: Iterable[tuple[ArrayLike, ArrayLike]], n: int) -> tuple[Fold, ...]:
    """Return folds as read-only arrays of row numbers.

    Raises:
        SplitError: As for `SplitPlan`.
    """
    checked = []
    for i, pair in enumerate(folds):
        try:
            train, test = pair
        except (TypeError, ValueError):
            raise SplitError(
                f"fold {i}: expected a pair of row numbers (train, test), got {pair!r:.100}"
            ) from None
        fold = Fold(_check_rows(train, n, i, "train"), _check_rows(test, n, i, "test"))
        both = np.intersect1d(*fold)
        if len(both):
            raise SplitError(
                f"fold {i}: row {both[0]} is in the train rows and in the test rows"
                + (f", and {len(both) - 1} more" if len(both) > 1 else "")
            )
        checked.append(fold)
    if not checked:
        raise SplitError("expected at least one fold, got none; was an iterator used up before?")
    return tuple(checked)


def _check_rows(rows: ArrayLike, n: int, fold: int, part: str) -> Index:
    """Return the rows of one part of a fold; a mask counts as the rows where it is true."""
    found = np.asarray(rows)
    if found.dtype == bool and found.shape == (n,):
        found = np.flatnonzero(found)
    if found.ndim != 1 or not len(found) or not np.issubdtype(found.dtype, np.integer):
        raise SplitError(
            f"fold {fold}: expected the {part} rows as at least one whole number, got an array of "
            f"{found.dtype} of shape {found.shape}"
        )
    if found.min() < 0 or found.max() >= n:
        raise SplitError(
            f"fold {fold}: {part} rows must lie between 0 and {n - 1}, got {found.min()} to "
            f"{found.max()}"
        )
    values, counts = np.unique(found, return_counts=True)
    if len(values) < len(found):
        raise SplitError(
            f"fold {fold}: row {values[counts > 1][0]} is twice in the {part} rows; weigh rows by "
            "sample_weight instead"
        )
    frozen = found.astype(np.int64)
    frozen.flags.writeable = False
    return frozen
