"""Points: what trials were given, as unit columns of the present space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..space.distributions import Categorical, Int, choice_key
from ..space.space import Space
from ..trial.record import TrialRow
from ..typing import Array, Mask
from ..validation import is_number
from .report_columns import grown


class Points:
    """Growable columns of params, raw as they were told and encoded under the present space.

    Attributes:
        space: Which parameters the columns of X are.
        X: (n or more, d) unit columns; NaN where inactive, unknown, or outside the present range.
        n: Number of trials.
        fits: (n or more,) whether all of a trial's params are values of the present space.
    """

    def __init__(self, space: Space) -> None:
        self.n = 0
        self._size = 16
        self._raw: dict[
            str, Array
        ] = {}  # numbers as they are, categories as an index into _choices[name]
        self._choices: dict[str, dict[str, int]] = {}
        self.set_space(space)

    def set_space(self, space: Space) -> None:
        """Reads the trials anew under a changed space; those that still fit are used."""
        self.space = space
        self.X = np.full((self._size, space.d), np.nan)
        self.fits = np.ones(self._size, dtype=bool)
        for j, name in enumerate(space.names):
            if name in self._raw:
                self._encode(j, name, slice(0, self.n))
        self._seen = set[bytes]()
        self._unkeyed = list(range(self.n)) if space.finite else []
        self._plan()

    def _plan(self) -> None:
        """Which parameters a single trial may be written with directly.

        Numbers of the space that have a column.
        """
        self._plain = {
            name: (j, dist)
            for j, (name, dist) in enumerate(self.space.params.items())
            if name in self._raw and name not in self._choices and not isinstance(dist, Categorical)
        }

    def _reach(self, n: int) -> None:
        self.n = max(self.n, n)
        if n <= self._size:
            return
        self._size = max(2 * self._size, n)
        self._raw = {name: grown(a, self._size) for name, a in self._raw.items()}
        self.X = grown(self.X, self._size)
        self.fits = grown(self.fits, self._size)

    def params(self, number: int) -> dict[str, Any]:
        """`History.params`."""
        [params] = self.space.decode(self.X[[number]])
        for name, dist in self.space.params.items():
            if name in params and not isinstance(dist, Categorical):
                raw = float(self._raw[name][number])
                params[name] = int(raw) if isinstance(dist, Int) else raw
        return params

    def seen(self, X: Array) -> Mask:
        """`History.seen`."""
        if self._unkeyed:
            self._seen.update(self.space.keys(self.X[self._unkeyed]))
            self._unkeyed = []
        return np.fromiter((k in self._seen for k in self.space.keys(X)), dtype=bool, count=len(X))

    @property
    def n_seen(self) -> int:
        """`History.n_seen`."""
        self.seen(self.X[:0])
        return len(self._seen)

    def put_one(self, row: TrialRow) -> None:
        """`put` for a single trial, without the detour over arrays."""
        i = row.number
        self._reach(i + 1)
        if not self._plain or len(row.params) != len(self._raw):
            self.put([row], [i])
            return
        fits = True
        X = self.X[i]
        raw = self._raw
        for name, value in row.params.items():
            place = self._plain.get(name)
            if place is None or (type(value) is not float and type(value) is not int):
                self.put([row], [i])
                return
            j, dist = place
            raw[name][i] = value
            if dist.contains(value):
                X[j] = dist.to_unit(float(value))
            else:
                X[j], fits = np.nan, False
        self.fits[i] = fits
        if self.space.finite:
            self._unkeyed.append(i)

    def put(self, rows: Sequence[TrialRow], at: slice | list[int]) -> None:
        """Notes the params of trials, whose numbers are `at`."""
        self._reach(max(r.number for r in rows) + 1)
        new = dict.fromkeys(name for r in rows for name in r.params if name not in self._raw)
        for name in new:
            self._raw[name] = np.full(self._size, np.nan)
        self.fits[at] = True
        for name, column in self._raw.items():
            dist = self.space.params.get(name)
            got = [r.params.get(name, _ABSENT) for r in rows]
            if isinstance(dist, Categorical) or name in self._choices:
                index = self._choices.setdefault(name, {})
                raw = [
                    np.nan if v is _ABSENT else index.setdefault(choice_key(v), len(index))
                    for v in got
                ]
            elif dist is None and any(v is not _ABSENT and not is_number(v) for v in got):
                index = self._choices.setdefault(name, {})
                old = column[: self.n]
                for v in np.unique(
                    old[~np.isnan(old)]
                ):  # what was taken for a number so far is a choice
                    index[choice_key(int(v) if v == int(v) else float(v))] = len(index)
                    old[old == v] = index[choice_key(int(v) if v == int(v) else float(v))]
                raw = [
                    np.nan if v is _ABSENT else index.setdefault(choice_key(v), len(index))
                    for v in got
                ]
            else:
                if not all(
                    issubclass(k, float | int) and k is not bool for k in set(map(type, got))
                ):
                    odd = [not is_number(v) for v in got]  # of another kind than the space has it
                    self.fits[at] &= ~np.array(odd)
                    got = [np.nan if o else v for o, v in zip(odd, got, strict=True)]
                raw = got
            column[at] = raw
            if name in self.space.column:
                self._encode(self.space.column[name], name, at)
        if new:
            self._plan()
        if self.space.finite:
            self._unkeyed.extend(r.number for r in rows if r.params)

    def _encode(self, j: int, name: str, at: slice | list[int]) -> None:
        """One column of X from raw values.

        What does not fit the present distribution is NaN and noted in `fits`.
        """
        dist, raw = self.space.dists[j], self._raw[name][at]
        there = ~np.isnan(raw)
        if isinstance(dist, Categorical):
            now = {choice_key(c): i for i, c in enumerate(dist.choices)}
            known = np.array([now.get(k, -1) for k in self._choices.get(name, {})] + [-1.0])
            raw = np.where(there, known[np.where(there, raw, -1).astype(np.int64)], np.nan)
        good = there & dist.contains(raw)
        self.X[at, j] = (
            dist.to_unit(np.where(good, raw, np.nan)) if not good.all() else dist.to_unit(raw)
        )
        self.fits[at] &= good | ~there


_ABSENT = float("nan")  # no parameter is NaN
