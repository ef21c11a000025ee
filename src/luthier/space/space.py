"""Space: ordered names -> distributions, with conditions and hard constraints.

Params <-> unit columns.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..errors import (
    ConditionError,
    ConstraintError,
    InfeasibleSpaceError,
    SpaceError,
    UnknownParameterError,
    find_closest,
)
from ..typing import Array, Mask
from ..validation import check_parameter_name
from .constraints import Expression, Predicate
from .distributions import Categorical, Distribution, Float, Int

MAX_ENUMERATED = 1_000_000  # finite spaces up to this many points can be listed
_PATIENCE = 200  # rounds of rejection sampling before a space counts as infeasible


class Space:
    """The set of all params a trial may have. Immutable; a changed space is a new object.

    Args:
        params: Names to distributions, in order. A list or tuple stands for `Categorical`.
        constraints: What no proposal may break: text such as "warmup < steps", or functions of the
            params that return true for what is allowed (functions are not stored: pass the space
            again when the study is loaded).

    Attributes:
        unordered: Columns whose values are choices without an order, kept as their index.

    Raises:
        SpaceError: A name is not a string, or a value not a distribution.
        ConditionError: A condition names a parent or value that does not exist, or runs in a
            circle.
        InfeasibleSpaceError: No point satisfies the constraints.
    """

    def __init__(
        self,
        params: Mapping[str, Distribution | Sequence[Any]] | None = None,
        constraints: Iterable[str | Callable[[dict[str, Any]], Any]] = (),
    ) -> None:
        self.params: dict[str, Distribution] = {}
        for name, dist in (params or {}).items():
            check_parameter_name(name, SpaceError)
            if isinstance(dist, list | tuple):
                dist = Categorical(tuple(dist))
            if not isinstance(dist, Float | Int | Categorical):
                raise SpaceError(
                    f"expected Float, Int, Categorical or a list of choices for {name!r}, got "
                    f"{dist!r}"
                )
            self.params[name] = dist
        self.names = tuple(self.params)
        self.dists = tuple(self.params.values())
        self.d = len(self.names)
        self.column = {name: j for j, name in enumerate(self.names)}
        self.unordered = [
            j for j, p in enumerate(self.dists) if isinstance(p, Categorical) and not p.ordered
        ]
        self._discrete = [
            j
            for j, p in enumerate(self.dists)
            if p.n_values is not None and j not in self.unordered
        ]
        self._prior = [
            j for j, p in enumerate(self.dists) if p.prior is not None and p.n_values != 1
        ]
        self._tree = self._conditions()
        self._grid: Array | None = None
        self.constraints: list[Expression | Predicate] = []
        for c in constraints:
            rule = Expression(c) if isinstance(c, str) else Predicate(c, set(self.names))
            if unknown := rule.names - set(self.names):
                raise ConstraintError(
                    f"constraint {rule.text!r} names {sorted(unknown)}, not among "
                    f"{list(self.names)}"
                )
            self.constraints.append(rule)
        if self.constraints:
            self.sample(np.random.default_rng(0), 1)

    def _conditions(self) -> list[tuple[int, list[tuple[int, Array]]]]:
        """(column, [(parent's column, allowed raw values)]) of the conditional parameters, parents before children."""
        rules: dict[int, list[tuple[int, Array]]] = {}
        for name, dist in self.params.items():
            for parent, allowed in (dist.when or {}).items():
                if parent not in self.column:
                    raise ConditionError(
                        f"{name!r} depends on {parent!r}, which the space does not have"
                    )
                above = self.params[parent]
                if above.n_values is None:
                    raise ConditionError(
                        f"{name!r} depends on {parent!r}, which is continuous; give it steps"
                    )
                try:
                    raw = np.array([above.raw(v) for v in allowed])
                except UnknownParameterError as e:
                    raise ConditionError(f"the condition of {name!r} on {parent!r}: {e}") from None
                if not above.contains(raw).all():
                    raise ConditionError(
                        f"{name!r} waits for {parent!r} in {allowed!r}, not all of them its values"
                    )
                rules.setdefault(self.column[name], []).append((self.column[parent], raw))
        order: list[int] = []
        while len(order) < len(rules):
            ready = [
                j
                for j in rules
                if j not in order and all(p not in rules or p in order for p, _ in rules[j])
            ]
            if not ready:
                circle = [self.names[j] for j in rules if j not in order]
                raise ConditionError(f"the conditions of {circle} run in a circle")
            order += ready
        return [(j, rules[j]) for j in order]

    @property
    def conditional(self) -> bool:
        """Whether any parameter is only sometimes active."""
        return bool(self._tree)

    @property
    def finite(self) -> bool:
        """Whether there are finitely many points."""
        return all(p.n_values is not None for p in self.dists)

    def encode(self, params: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Array:
        """Params as unit columns.

        Args:
            params: One mapping or several; a name that is missing is inactive.

        Returns:
            X (n, d): numbers in [0, 1], unordered categories as index, NaN where inactive.

        Raises:
            UnknownParameterError: A name or a choice that the space does not have.
        """
        rows = [params] if isinstance(params, Mapping) else params
        X = np.full((len(rows), self.d), np.nan)
        for i, row in enumerate(rows):
            for name, value in row.items():
                dist = self._named(name)
                X[i, self.column[name]] = dist.to_unit(dist.raw(value))
        return X

    def decode(self, X: Array) -> list[dict[str, Any]]:
        """Unit columns (n, d) as params, inactive ones left out."""
        rows = X.tolist() if len(X) < 4 else self.raw(X).tolist()
        if len(X) < 4:  # one by one is quicker for a few
            rows = [[p.from_unit(u) for p, u in zip(self.dists, row, strict=True)] for row in rows]
        return [
            {
                name: p.value(v)
                for name, p, v in zip(self.names, self.dists, row, strict=True)
                if v == v
            }
            for row in rows
        ]

    def raw(self, X: Array) -> Array:
        """Unit columns (n, d) -> values (numbers, or the index of a choice), NaN where inactive."""
        out = np.empty_like(X)
        for j, p in enumerate(self.dists):
            out[:, j] = p.from_unit(X[:, j])
        return out

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Params that a user wrote, as the space spells them.

        Raises:
            UnknownParameterError: A name or value that the space does not have, or a parameter its
                parent switches off.
            ConstraintError: They break a hard constraint.
        """
        out = {}
        for name, value in params.items():
            dist = self._named(name)
            raw = dist.raw(value)
            if not dist.contains(raw):
                raise UnknownParameterError(f"{name} = {value!r} is not a value of {dist!r}")
            out[name] = dist.value(raw)
        X = self.encode(out)
        inactive = [
            n for n, on in zip(self.names, self.active(X)[0], strict=True) if n in out and not on
        ]
        if inactive:
            raise UnknownParameterError(
                f"{inactive} are not active when the others are {out!r}; leave them out"
            )
        if not self.feasible(X)[0]:
            raise ConstraintError(f"{out!r} breaks one of {[c.text for c in self.constraints]}")
        return out

    def _named(self, name: str) -> Distribution:
        if name in self.params:
            return self.params[name]
        near = find_closest(name, self.names)
        hint = f"; did you mean {near!r}?" if near else f"; the space has {list(self.names)}"
        raise UnknownParameterError(f"no parameter {name!r}{hint}")

    def active(self, X: Array) -> Mask:
        """(n, d): which parameters are active, from the values of their parents."""
        on = np.ones(X.shape, dtype=bool)
        for j, rules in self._tree:
            for parent, allowed in rules:
                on[:, j] &= on[:, parent] & np.isin(
                    np.round(self.dists[parent].from_unit(X[:, parent]), 9), allowed
                )
        return on

    def place(self, U: Array) -> Array:
        """Points of the unit cube (n, d) -> the unit columns they stand for.

        Categories, cells, inactive parts.
        """
        X = np.minimum(U, 1.0)
        for j in self.unordered:
            k = self.dists[j].n_values or 1
            X[:, j] = np.minimum(np.floor(U[:, j] * k), k - 1)
        return self.settle(X)

    def settle(self, X: Array) -> Array:
        """Moves discrete numbers onto their values and blanks what is inactive.

        Writes into X and returns it.
        """
        for j in self._discrete:
            p = self.dists[j]
            X[:, j] = p.to_unit(p.from_unit(X[:, j]))
        if self._tree:
            X[~self.active(X)] = np.nan
        return X

    def feasible(self, X: Array) -> Mask:
        """(n,): which rows break no hard constraint.

        A constraint on an inactive parameter is not broken.
        """
        ok = np.ones(len(X), dtype=bool)
        if not self.constraints:
            return ok
        raw = self.raw(X)
        rows: list[dict[str, Any]] | None = None
        for rule in self.constraints:
            if isinstance(rule, Expression):
                used = [self.column[n] for n in rule.names]
                full = ~np.isnan(raw[:, used]).any(axis=1)
                columns = {
                    n: self._values(self.column[n], raw[full, self.column[n]]) for n in rule.names
                }
                ok[full] &= rule(columns)
            else:
                rows = self.decode(X) if rows is None else rows
                ok &= np.fromiter((rule(r) for r in rows), dtype=bool, count=len(rows))
        return ok

    def _values(self, j: int, raw: Array) -> NDArray[Any]:
        dist = self.dists[j]
        if not isinstance(dist, Categorical):
            return raw
        choices = np.empty(len(dist.choices), dtype=object)
        for i, c in enumerate(dist.choices):  # one by one: a tuple would be taken for a row
            choices[i] = c
        values: NDArray[Any] = choices[raw.astype(int)]
        return values

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """N uniform draws (n, d) that satisfy the constraints, by rejection.

        Raises:
            InfeasibleSpaceError: Thousands of draws satisfied no constraint.
        """
        return self._draws(lambda m: rng.random((m, self.d)), rng, n)

    def from_prior(self, rng: np.random.Generator, n: int) -> Array:
        """N draws (n, d) from what is believed, uniform where nothing is, that satisfy the constraints.

        Raises:
            InfeasibleSpaceError: Thousands of draws satisfied no constraint.
        """

        def believed(m: int) -> Array:
            U = rng.random((m, self.d))
            for j in self._prior:
                U[:, j] = self.dists[j].from_prior(rng, m)
            return U

        return self._draws(believed, rng, n)

    def _draws(self, cube: Callable[[int], Array], rng: np.random.Generator, n: int) -> Array:
        X = self.place(cube(n))
        if not self.constraints:
            return X
        kept = [X[self.feasible(X)]]
        for _ in range(_PATIENCE):
            if (have := sum(map(len, kept))) >= n:
                return np.concatenate(kept)[:n]
            X = self.place(cube(max(256, 2 * (n - have))))
            kept.append(X[self.feasible(X)])
        if n_points := (len(self.grid()) if self.finite and self._bound() <= MAX_ENUMERATED else 0):
            return self.grid()[rng.integers(n_points, size=n)]
        raise InfeasibleSpaceError(
            f"{_PATIENCE * 256} draws found no point that satisfies "
            f"{[c.text for c in self.constraints]}; "
            "loosen a constraint, or narrow the ranges to where it holds"
        )

    @property
    def believed(self) -> bool:
        """Whether any parameter of more than one value has a prior."""
        return bool(self._prior)

    def log_prior(self, X: Array) -> Array:
        """(n,) log-density of what is believed, relative to uniform, over the active parameters that have a prior."""
        total = np.zeros(len(X))
        for j in self._prior:
            on = ~np.isnan(X[:, j])
            total[on] += self.dists[j].log_prior(X[on, j])
        return total

    def _bound(self) -> float:
        """An upper bound on the number of points."""
        return math.prod(float(p.n_values or math.inf) for p in self.dists)

    def grid(self) -> Array:
        """Every feasible point of a finite space (n, d), the last parameter moving fastest.

        Raises:
            SpaceError: A parameter is continuous, or there are more than a million points.
        """
        if self._grid is None:
            if endless := [n for n, p in self.params.items() if p.n_values is None]:
                raise SpaceError(
                    f"{endless} have no finite set of values; give them a step, or choices"
                )
            X = np.full((1, self.d), np.nan)
            for j in [j for j in range(self.d) if j not in dict(self._tree)] + [
                j for j, _ in self._tree
            ]:
                p = self.dists[j]
                if len(X) * (p.n_values or 1) > MAX_ENUMERATED:
                    raise SpaceError(
                        f"the grid has more than {MAX_ENUMERATED:,} points; take wider steps"
                    )
                i = np.arange(p.n_values or 1, dtype=float)
                values = p.to_unit(
                    i if isinstance(p, Categorical) else p.low + i * (p.step or 0)
                ) + np.zeros(len(i))
                on = self.active(X)[:, j]
                full = np.repeat(X[on], len(values), axis=0)
                full[:, j] = np.tile(values, int(on.sum()))
                X = np.concatenate([full, X[~on]])
            X = X[np.lexsort(np.nan_to_num(X, nan=-1.0).T[::-1])] if self.d else X
            self._grid = X[self.feasible(X)]
            self._grid.flags.writeable = False
        if not len(self._grid):
            raise InfeasibleSpaceError(f"no point satisfies {[c.text for c in self.constraints]}")
        return self._grid

    @property
    def n_points(self) -> float:
        """How many different points there are.

        Infinity for a continuous space, a bound for a very large finite one.
        """
        if not self.finite:
            return math.inf
        return len(self.grid()) if self._bound() <= MAX_ENUMERATED else self._bound()

    @staticmethod
    def keys(X: Array) -> list[bytes]:
        """One hashable key a row: equal rows of a finite space have equal keys."""
        return [row.tobytes() for row in np.round(np.nan_to_num(X, nan=-1.0), 9)]

    def centre(self) -> Array | None:
        """(1, d) where to start.

        Declared defaults, else what is believed likeliest, else middles and first choices.

        None where that breaks a constraint.
        """
        X = np.full((1, self.d), 0.5)
        for j, p in enumerate(self.dists):
            if p.likeliest is not None:
                X[0, j] = p.to_unit(p.raw(p.likeliest))
            elif j in self.unordered:
                X[0, j] = 0.0
        X = self.settle(X)
        return X if self.feasible(X)[0] else None

    def changed(self, params: Mapping[str, Distribution]) -> Space:
        """A space with these parameters added, or replaced."""
        rules = [c.text if isinstance(c, Expression) else c.function for c in self.constraints]
        return Space({**self.params, **params}, rules)

    def to_json(self) -> dict[str, Any]:
        """JSON form; of constraints that are functions only the names."""
        return {
            "params": msgspec.json.decode(msgspec.json.encode(self.params)),
            "constraints": [c.text for c in self.constraints if isinstance(c, Expression)],
            "functions": [c.text for c in self.constraints if isinstance(c, Predicate)],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Space:
        """Inverse of `to_json`; also what a space file in YAML, TOML or JSON holds.

        A parameter may leave out `type` where its other keys tell it, or be a plain list of
        choices.

        Raises:
            SpaceError: It is not such a description.
        """
        described = data.get(
            "params", {k: v for k, v in data.items() if k not in ("constraints", "functions")}
        )
        if not isinstance(described, Mapping):
            raise SpaceError(f"expected names and their distributions, got {described!r}")
        return cls(
            {n: _distribution(n, p) for n, p in described.items()}, data.get("constraints") or ()
        )

    def __repr__(self) -> str:
        lines = [f"  {name}: {dist!r}" for name, dist in self.params.items()]
        lines += [f"  subject to {c.text}" for c in self.constraints]
        return "Space(\n" + "\n".join(lines) + "\n)" if lines else "Space()"

    def _repr_html_(self) -> str:
        cells = ((html.escape(n), html.escape(repr(p))) for n, p in self.params.items())
        rows = "".join(f"<tr><td>{n}</td><td>{p}</td></tr>" for n, p in cells)
        rules = "".join(f"<li>{html.escape(c.text)}</li>" for c in self.constraints)
        table = f"<table><tr><th>parameter</th><th>distribution</th></tr>{rows}</table>"
        return table + (f"<ul>{rules}</ul>" if rules else "")


def _distribution(name: str, described: Any) -> Distribution:
    """One parameter of a space file."""
    if isinstance(described, list):
        return Categorical(tuple(described))
    if not isinstance(described, Mapping):
        raise SpaceError(f"expected low and high, or choices, for {name!r}, got {described!r}")
    fields = dict(described)
    if "type" not in fields:
        whole = all(isinstance(fields.get(k, 1), int) for k in ("low", "high", "step"))
        fields["type"] = "categorical" if "choices" in fields else "int" if whole else "float"
    try:
        for k in ("low", "high", "step", "prior"):  # YAML reads 1e-5 as text
            if isinstance(fields.get(k), str):
                fields[k] = float(fields[k])
        if "choices" not in fields and isinstance(fields.get("prior"), list):
            fields["prior"] = [float(v) if isinstance(v, str) else v for v in fields["prior"]]
        kind: Any = {"float": Float, "int": Int, "categorical": Categorical}[fields.pop("type")]
        if "default" in fields and isinstance(fields["default"], list):
            fields["default"] = tuple(fields["default"])
        made: Distribution = kind(**fields)
        return made
    except (TypeError, KeyError, ValueError) as e:
        raise SpaceError(
            f"parameter {name!r} is not described well: {e}; got {described!r}"
        ) from None


def discover_conditions(space: Space, X: Array) -> Space:
    """A space whose conditions were not declared, with those that the trials show.

    A parameter that was absent from some trials is taken to depend on the first discrete parameter
    before it whose values tell exactly when it is there.

    Args:
        space: As the objective's suggest calls made it known.
        X: (n, d) finished trials, NaN where the objective did not ask for the parameter.
    """
    absent = np.isnan(X)
    found: dict[str, Distribution] = {}
    for j, dist in enumerate(space.dists):
        if dist.when or not absent[:, j].any() or absent[:, j].all():
            continue
        for p, above in enumerate(space.dists):
            if p == j or above.n_values is None or above.n_values > 64:
                continue
            there = ~absent[:, p]
            with_j = np.unique(X[there & ~absent[:, j], p])
            without_j = np.unique(X[there & absent[:, j], p])
            lonely = (~absent[:, j] & ~there).any()
            if (
                len(with_j)
                and not lonely
                and not np.isin(with_j, without_j).any()
                and (p < j or len(without_j))
            ):
                values = tuple(above.value(above.from_unit(v)) for v in with_j)
                found[space.names[j]] = msgspec.structs.replace(dist, when={space.names[p]: values})
                break
    try:
        return space.changed(found) if found else space
    except ConditionError:  # two parameters that explain each other
        return space
