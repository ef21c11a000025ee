"""Columns of params: as they were given, and as unit columns of the present space."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..numerics.float_errors import default_errstate
from ..space.choices import choice_key, find_choice
from ..space.distributions import Categorical, Distribution, Float, Int
from ..space.normal import Normal
from ..space.space import Space
from ..trial.params import Params
from ..trial.record import TrialRow
from ..typing import Array, Index, Mask
from ..validation import is_number
from .columns import Columns, grow

_ABSENT = float("nan")  # no parameter is NaN


class ParamColumns:
    """Growable columns of params, raw as they were given and encoded under the present space.

    What a trial had is kept whatever the space says of it, and before the space says anything. So
    a parameter may turn out to be something else, or become it, at any time.

    Attributes:
        space: The parameters of the columns of X.
        n: Number of trials.
    """

    def __init__(self, space: Space) -> None:
        self.n = 0
        self._raw: dict[str, Array] = {}  # numbers as they are; NaN for all else
        # Of what is no number, and of all values of a present Categorical: the index of the value
        # in _choices[name]; NaN for all else.
        self._codes: dict[str, Array] = {}
        self._choices: dict[str, dict[str, int]] = {}
        self._positions: dict[str, list[float]] = {}  # of these in the present distribution
        self._size = 16
        self.set_space(space)

    @property
    def X(self) -> Array:  # noqa: N802
        """(n, d) unit columns; NaN where inactive, unknown, or outside the present range."""
        return self._encoded.view("X", self.n)

    @property
    def fits(self) -> Mask:
        """(n,) whether all of a trial's params are values of the present space."""
        return self._encoded.view("fits", self.n)

    @property
    def absent(self) -> Mask:
        """(n, d) whether a trial does not have a parameter at all, whatever its range is now."""
        absent = np.ones((self.n, self.space.d), dtype=bool)
        for j, name in enumerate(self.space.names):
            if name in self._raw:
                absent[:, j] = ~self._present(name, slice(0, self.n))
        return absent

    @default_errstate()
    def set_space(self, space: Space) -> None:
        """Encode the trials again under a changed space; those that still fit are used."""
        self.space = space
        self._positions.clear()
        self._encoded = Columns(
            {"X": np.full((self._size, space.d), np.nan), "fits": np.ones(self._size, dtype=bool)}
        )
        for j, name in enumerate(space.names):
            if name in self._raw:
                if isinstance(space.dists[j], Categorical):
                    self._code_numbers(name)
                self._encode(j, name, slice(0, self.n))
        self._seen: set[bytes] = set()  # keys of the points of a finite space
        self._without_key = list(range(self.n)) if space.finite else []
        self._find_direct()

    def _find_direct(self) -> None:
        """Find the parameters that `put_one` writes directly: numbers that have a column."""
        self._direct: dict[str, tuple[int, Float | Int | Normal]] = {
            name: (j, dist)
            for j, (name, dist) in enumerate(self.space.params.items())
            if name in self._raw and name not in self._codes and not isinstance(dist, Categorical)
        }

    def _make_room(self, n: int) -> None:
        self.n = max(self.n, n)
        if n > self._size:
            self._size = max(2 * self._size, n)
            self._raw = {name: grow(column, self._size) for name, column in self._raw.items()}
            self._codes = {name: grow(column, self._size) for name, column in self._codes.items()}
            self._encoded.make_room(n)

    def params(self, number: int) -> dict[str, Any]:
        """Return a trial's params, as `History.params` describes."""
        [params] = self.space.decode(self.X[[number]])
        for name, dist in self.space.params.items():
            if name in params and not isinstance(dist, Categorical):
                raw = float(self._raw[name][number])
                params[name] = int(raw) if isinstance(dist, Int) else raw
        return Params(params, number, self.space, is_over=True)

    def first_trials(self) -> Index:
        """Return the first trial that has each parameter, as `History.first_trials` describes."""
        first = np.full(self.space.d, self.n)
        for j, name in enumerate(self.space.names):
            if name in self._raw:
                present = self._present(name, slice(0, self.n))
                first[j] = present.argmax() if present.any() else self.n
        return first

    def seen(self, X: Array) -> Mask:
        """Return which points some trial has, as `History.seen` describes."""
        if self._without_key:
            at = np.array(self._without_key)
            self._seen.update(self.space.keys(self.X[at[self.fits[at]]]))
            self._without_key = []
        return np.fromiter((k in self._seen for k in self.space.keys(X)), dtype=bool, count=len(X))

    @property
    def n_seen(self) -> int:
        """Number of different points of a finite space that trials have."""
        self.seen(self.X[:0])
        return len(self._seen)

    def put_one(self, row: TrialRow) -> None:
        """Store the params of one trial: `put` without the detour over arrays."""
        i = row.number
        self._make_room(i + 1)
        if not self._direct or len(row.params) != len(self._raw):
            self.put([row], [i])
            return

        fits = True
        X = self._encoded["X"][i]
        for name, value in row.params.items():
            direct = self._direct.get(name)
            if direct is None or (type(value) is not float and type(value) is not int):
                self.put([row], [i])
                return
            j, dist = direct
            self._raw[name][i] = value
            if dist.contains(value):
                X[j] = dist.to_unit(float(value))
            else:
                X[j] = np.nan
                fits = False
        self._encoded["fits"][i] = fits
        if self.space.finite:
            self._without_key.append(i)

    @default_errstate()
    def put(self, rows: Sequence[TrialRow], at: slice | list[int]) -> None:
        """Store the params of trials whose numbers are `at`."""
        self._make_room(max(r.number for r in rows) + 1)
        names = dict.fromkeys(itertools.chain.from_iterable(r.params for r in rows))
        new = [name for name in names if name not in self._raw]
        for name in new:
            self._raw[name] = np.full(self._size, np.nan)

        self._encoded["fits"][at] = True
        for name in self._raw:
            self._store(name, [r.params.get(name, _ABSENT) for r in rows], at)
            if name in self.space.column:
                self._encode(self.space.column[name], name, at)
        if new:
            self._find_direct()
        if self.space.finite:
            self._without_key.extend(r.number for r in rows if r.params)

    def _store(self, name: str, values: list[Any], at: slice | list[int]) -> None:
        """Store values of a parameter as they are; `_ABSENT` where a trial has none."""
        is_categorical = isinstance(self.space.params.get(name), Categorical)
        if not is_categorical and set(map(type, values)) <= {float, int}:
            self._raw[name][at] = values
            if name in self._codes:
                self._codes[name][at] = np.nan
            return

        index = self._index(name)
        self._raw[name][at] = [v if is_number(v) else np.nan for v in values]
        self._codes[name][at] = [
            index.setdefault(choice_key(v), len(index))
            if v is not _ABSENT and (is_categorical or not is_number(v))
            else np.nan
            for v in values
        ]
        self._direct.pop(name, None)

    def _index(self, name: str) -> dict[str, int]:
        """Return the index of the values of a name that have codes, which it has from now on."""
        if name not in self._codes:
            self._codes[name] = np.full(self._size, np.nan)
        return self._choices.setdefault(name, {})

    def _code_numbers(self, name: str) -> None:
        """Give codes to the numbers that were stored before the parameter was a Categorical."""
        index = self._index(name)
        raw = self._raw[name][: self.n]
        codes = self._codes[name][: self.n]
        without = ~np.isnan(raw) & np.isnan(codes)
        numbers, which = np.unique(raw[without], return_inverse=True)
        keys = (choice_key(int(v) if v.is_integer() else v) for v in numbers.tolist())
        new = [float(index.setdefault(key, len(index))) for key in keys]
        codes[without] = np.array(new)[which]

    def _positions_of(self, name: str, dist: Categorical) -> list[float]:
        """Return where the values with codes are in the present distribution; -1 for nowhere."""
        positions = self._positions.setdefault(name, [])
        new = itertools.islice(self._choices[name], len(positions), None)
        found = (find_choice(dist.index, key) for key in new)
        positions += [-1.0 if i is None else float(i) for i in found]
        return positions

    def _present(self, name: str, at: slice | list[int]) -> Mask:
        """Return which trials have a value of a parameter, whatever its kind."""
        present = ~np.isnan(self._raw[name][at])
        if name in self._codes:
            present |= ~np.isnan(self._codes[name][at])
        return present

    def _encode(self, j: int, name: str, at: slice | list[int]) -> None:
        """Encode one column of X from what trials had.

        A value that does not fit the present distribution is NaN there, and its trial does not fit.
        """
        dist: Distribution = self.space.dists[j]
        present = self._present(name, at)
        raw = self._raw[name][at]
        if isinstance(dist, Categorical):
            at_present = self._positions_of(name, dist)
            codes = self._codes[name][at]
            raw = np.array([at_present[int(v)] if v == v else np.nan for v in codes.tolist()])

        good = present & dist.contains(raw)
        fitting = raw if good.all() else np.where(good, raw, np.nan)
        self._encoded["X"][at, j] = dist.to_unit(fitting)
        self._encoded["fits"][at] &= good | ~present
