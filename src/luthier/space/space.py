"""Space: ordered names -> distributions, with conditions and hard constraints.

It translates between params, as people write them, and unit columns, as samplers compute with them.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from .._lazy import load_above
from ..errors import (
    ConditionError,
    ConstraintError,
    InfeasibleSpaceError,
    SpaceError,
    UnknownParameterError,
    find_closest,
)
from ..typing import Array, Mask
from ..validation import MAX_SPACE_BYTES, check_parameter_name, show
from .conditions import Condition, explain_inactive, find_depths
from .constraints import Expression, Predicate, Rule, read_rules
from .decoding import decode_points, find_written
from .descriptions import read_params, require_choices, to_html
from .design_check import Remark, check_design, measure_design
from .distributions import KINDS, Categorical, Distribution
from .enumeration import MAX_ENUMERATED, MAX_NUMBERS, list_points
from .feasible_draws import draw_feasible, walk
from .first_rows import FirstPoints, Row, place_rows, read_rows
from .keys import find_fine, make_keys
from .prior_terms import prior_terms
from .reach import Reach, draw_within
from .shrinking import narrow_by

_N_TESTED = 256  # points by which constraints are ordered


class Space:
    """The set of all params a trial may have. Immutable; a changed space is a new object.

    Args:
        params: Names to distributions, in order. A list or tuple stands for `Categorical`.
        constraints: Hard constraints, which no proposal may break, one or several: text such as
            "warmup < steps", or functions of the params that return true for what is allowed.
            Functions are not stored: pass the space again when the study is loaded.
        first: Rows of params that a search tries first, in their order; names that a row lacks have
            their default. A row that a range or a constraint does not allow is left out, which
            `first_points` and the log say.

    Attributes:
        params: Name -> distribution, in order.
        names: The names of the d parameters.
        dists: Their distributions.
        d: Number of parameters.
        column: Name -> column of the parameter.
        finite: Whether there are finitely many points.
        unordered: Columns whose values are choices without an order; they hold indices.
        constraints: The hard constraints.
        example: (1, d) a point that satisfies them; None where there are none.
        first: The first rows, as they were given.
        notes: What `shrink` has cut off, and why.

    Raises:
        SpaceError: A name is not a string, or a value not a distribution.
        ConditionError: A condition names a parent or value that does not exist, or runs in a
            circle.
        InfeasibleSpaceError: No point satisfies the constraints.
    """

    def __init__(
        self,
        params: Mapping[str, Distribution | Sequence[Any]] | None = None,
        constraints: Rule | Iterable[Rule] | None = (),
        first: Iterable[Row] = (),
    ) -> None:
        self.params: dict[str, Distribution] = {}
        if params is not None and not isinstance(params, Mapping):
            raise SpaceError(
                "a space is a dict of names and their distributions, such as "
                f"{{'x': Float(0, 1)}}, got {show(params)} ({type(params).__name__})"
            )
        for name, dist in (params or {}).items():
            name = check_parameter_name(name, SpaceError)
            if isinstance(dist, tuple):
                require_choices(name, dist)
            if isinstance(dist, list | tuple):
                dist = Categorical(tuple(dist))
            if not isinstance(dist, KINDS) or type(dist) not in KINDS:
                raise SpaceError(
                    f"expected Float, Int, Categorical, Normal or a list of choices for {name!r}, "
                    f"got {show(dist)} ({type(dist).__name__})"
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
        self._fine = find_fine(self.dists)
        self.finite = all(p.n_values is not None for p in self.dists)
        self._with_prior = [
            j for j, p in enumerate(self.dists) if p.prior is not None and p.n_values != 1
        ]
        self._conditions = self._resolve_conditions()
        self._grid: Array | None = None
        self.constraints: list[Expression | Predicate] = []
        self._checks: list[Expression | Predicate] = []  # in the order in which points meet them
        self.constraints.extend(read_rules(constraints, self.names))

        self.first = read_rows(first, self)
        self.notes: tuple[str, ...] = ()
        self.reach: Reach | None = None
        self.example: Array | None = None
        if self.constraints:  # fails here, and not in the first proposal, where nothing satisfies
            self._order_constraints()
            self.example = self.sample(np.random.default_rng(0), 1)

    def _resolve_conditions(self) -> list[Condition]:
        """Return the conditions by columns, those of parents before those of children."""
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

        depth = find_depths({j: [p for p, _ in parents] for j, parents in rules.items()})
        if circle := [self.names[j] for j in rules if j not in depth]:
            raise ConditionError(f"the conditions of {circle!r:.500} run in a circle")
        return [Condition(j, rules[j]) for j in sorted(rules, key=lambda j: depth[j])]

    def _order_constraints(self) -> None:
        """Choose the order in which points meet the constraints.

        Those that forbid most come first, as a forbidden point meets no other. Functions come
        last: they take longest.
        """
        X = self.place(np.random.default_rng(0).random((_N_TESTED, self.d)))
        raw = self.raw(X)
        expressions = [c for c in self.constraints if isinstance(c, Expression)]
        kept = {id(c): int(self.keeps(c, X, raw).sum()) for c in expressions}
        self._checks = [
            *sorted(expressions, key=lambda c: kept[id(c)]),
            *(c for c in self.constraints if isinstance(c, Predicate)),
        ]

    @property
    def conditional(self) -> bool:
        """Whether any parameter is only sometimes active."""
        return bool(self._conditions)

    def encode(self, params: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Array:
        """Return params as unit columns.

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
                X[i, self.column[name]] = (dist := self.named(name)).to_unit(dist.raw(value))
        return X

    def decode(self, X: Array, short: bool = False) -> list[dict[str, Any]]:
        """Return unit columns (n, d) as params, inactive ones left out.

        Numbers that were given to the space, as a default or in a first row, come back exactly.

        Args:
            X: The unit columns.
            short: Whether a number that is a decimal of up to twelve digits, but for rounding,
                comes back as that: for points that somebody may have written.
        """
        return decode_points(X, self.params, self._written, short)

    @cached_property
    def _written(self) -> list[dict[float, float]]:
        return find_written(self.params, self.first)

    def raw(self, X: Array) -> Array:
        """Return the values (n, d) of unit columns: numbers, or the index of a choice.

        NaN where inactive.
        """
        out = np.empty_like(X)
        for j, p in enumerate(self.dists):
            out[:, j] = p.from_unit(X[:, j])
        return out

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return params that a user wrote in the types of the space.

        Raises:
            UnknownParameterError: The space does not have a name or a value, or a parameter is not
                active.
            ConstraintError: The params break a hard constraint.
        """
        out = {}
        for name, value in params.items():
            dist = self.named(name)
            raw = dist.raw(value)
            if not dist.contains(raw):
                raise UnknownParameterError(f"{name} = {value!r} is not a value of {dist!r}")
            out[name] = dist.value(raw)
        X = self.encode(out)
        inactive = [
            n for n, on in zip(self.names, self.active(X)[0], strict=True) if n in out and not on
        ]
        if inactive:
            raise UnknownParameterError(explain_inactive(inactive[0], out, self.params))
        if not self.feasible(X)[0]:
            raise ConstraintError(f"{out!r} breaks one of {[c.text for c in self.constraints]}")
        return out

    def named(self, name: str) -> Distribution:
        """Return the distribution of a parameter.

        Raises:
            UnknownParameterError: The space does not have it.
        """
        if isinstance(name, str) and name in self.params:
            return self.params[name]
        near = find_closest(check_parameter_name(name, UnknownParameterError), self.names)
        hint = (
            f"; did you mean {near!r:.200}?"
            if near
            else f"; the space has {list(self.names)!r:.500}"
        )
        raise UnknownParameterError(f"no parameter {name!r:.200}{hint}")

    def active(self, X: Array) -> Mask:
        """Return which parameters are active (n, d), by the values of their parents."""
        on = np.ones(X.shape, dtype=bool)
        for condition in self._conditions:
            on[:, condition.column] = self._allows(condition, X)
            for parent, _ in condition.parents:
                on[:, condition.column] &= on[:, parent]
        return on

    def _allows(self, condition: Condition, X: Array) -> Mask:
        """Return for which rows (n,) of X a condition holds, if all of its parents are active."""
        holds = np.ones(len(X), dtype=bool)
        for parent, allowed in condition.parents:
            holds &= np.isin(self.dists[parent].from_unit(X[:, parent]), allowed)
        return holds

    def place(self, U: Array) -> Array:
        """Return the unit columns (n, d) that points of the unit cube (n, d) stand for.

        Each choice owns an equal part of [0, 1]; then see `settle`.
        """
        X = np.minimum(U, 1.0)
        for j in self.unordered:
            k = self.dists[j].n_values or 1
            X[:, j] = np.minimum(np.floor(U[:, j] * k), k - 1)
        return self.settle(X)

    def settle(self, X: Array) -> Array:
        """Move discrete numbers to their values, and make inactive ones NaN, in X itself.

        Returns:
            X.
        """
        for j in self._discrete:
            p = self.dists[j]
            X[:, j] = p.to_unit(p.from_unit(X[:, j]))
        if self._conditions:
            X[~self.active(X)] = np.nan
        return X

    def feasible(self, X: Array) -> Mask:
        """Return which rows of unit columns (n, d) break no hard constraint, and can be had (n,).

        A constraint on an inactive parameter is not broken.
        """
        ok = self._keeps_constraints(X)
        if self.reach is not None:
            ok[ok] = self.reach(X[ok])
        return ok

    def _keeps_constraints(self, X: Array) -> Mask:
        ok = np.ones(len(X), dtype=bool)
        if not self.constraints:
            return ok
        raw = self.raw(X)
        for rule in self._checks:
            left = np.flatnonzero(ok)
            if not len(left):
                break
            ok[left] = self.keeps(rule, X[left], raw[left])
        return ok

    def keeps(self, rule: Expression | Predicate, X: Array, raw: Array | None = None) -> Mask:
        """Return which rows of unit columns (n, d) keep one hard constraint (n,).

        A constraint on an inactive parameter is kept. `raw` (n, d) are their values, if known.
        """
        if isinstance(rule, Predicate):
            return np.array([rule(params) for params in self.decode(X)], dtype=bool)
        raw = self.raw(X) if raw is None else raw
        used = {name: self.column[name] for name in rule.names}
        full = ~np.isnan(raw[:, list(used.values())]).any(axis=1)
        keeps = np.ones(len(raw), dtype=bool)
        keeps[full] = rule({name: self._values(j, raw[full, j]) for name, j in used.items()})
        return keeps

    def _values(self, j: int, raw: Array) -> NDArray[Any]:
        """Return raw values of a column as constraints see them: numbers, or the choices."""
        dist = self.dists[j]
        return dist.choice_array[raw.astype(int)] if isinstance(dist, Categorical) else raw

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Return n uniform draws (n, d) that satisfy the constraints, by rejection.

        Raises:
            InfeasibleSpaceError: Thousands of draws satisfied no constraint, when the space is
                made.
        """
        return self._draw(lambda m: rng.random((m, self.d)), rng, n)

    def from_prior(self, rng: np.random.Generator, n: int) -> Array:
        """Return n draws (n, d) that satisfy the constraints, from the priors.

        Parameters without a prior are uniform.
        """

        def draw(m: int) -> Array:
            U = rng.random((m, self.d))
            for j in self._with_prior:
                U[:, j] = self.dists[j].from_prior(rng, m)
            return U

        return self._draw(draw, rng, n)

    def _draw(self, draw: Callable[[int], Array], rng: np.random.Generator, n: int) -> Array:
        """Return n points (n, d) that satisfy the constraints, and can be had if such are found.

        Args:
            draw: Returns m points of the unit cube (m, d).
            rng: Source of such points.
            n: How many points.
        """
        if self.reach is not None:
            return draw_within(self.reach, lambda m: self._draw_allowed(draw, rng, m), n)
        return self._draw_allowed(draw, rng, n)

    def _draw_allowed(
        self, draw: Callable[[int], Array], rng: np.random.Generator, n: int
    ) -> Array:
        """Return n points (n, d) that satisfy the constraints."""
        if not self.constraints:
            return self.place(draw(n))
        n_parts = sum(c.n_parts for c in self.constraints if isinstance(c, Expression))
        found, n_drawn = draw_feasible(
            lambda m: self.place(draw(m)), self._keeps_constraints, n, n_parts
        )
        if len(found) == n:
            return found
        if self.can_list:
            return self.grid()[rng.integers(len(self.grid()), size=n)]

        known = found if self.example is None else np.concatenate([found, self.example])
        if not len(known):
            raise InfeasibleSpaceError(
                f"{n_drawn:,} draws found no point that satisfies "
                f"{[c.text for c in self.constraints]!r:.1000}; "
                "loosen a constraint, or narrow the ranges to where it holds"
            )
        starts = known[np.arange(n - len(found)) % len(known)]
        walked = walk(self.to_cube(starts, rng), self.place, self._keeps_constraints, n_parts, rng)
        return np.concatenate(
            [found, np.where(self._keeps_constraints(walked)[:, None], walked, starts)]
        )

    def check_design(self, n_trials: int | None = None) -> list[Remark]:
        """Return what about the space is likely to waste trials, the worst first; before a run.

        Args:
            n_trials: How many trials there are to be; None where that is not known.

        Raises:
            ValueError: n_trials is no whole number above 0.
        """
        return check_design(measure_design(self, n_trials))

    def to_cube(self, X: Array, rng: np.random.Generator | Array) -> Array:
        """Return unit columns (n, d) as points of the unit cube, which `place` turns back.

        Args:
            X: The unit columns.
            rng: Source of inactive parameters, or points (n, d) of the cube that have them.
        """
        U = X.copy()
        for j in self.unordered:
            U[:, j] = (U[:, j] + 0.5) / (self.dists[j].n_values or 1)
        inactive = np.isnan(U)
        n = int(inactive.sum())
        U[inactive] = rng.random(n) if isinstance(rng, np.random.Generator) else rng[inactive]
        return U

    @property
    def has_prior(self) -> bool:
        """Whether any parameter of more than one value has a prior."""
        return bool(self._with_prior)

    def log_prior(self, X: Array) -> Array:
        """Return the log density of the priors (n,), relative to uniform.

        Over the active parameters that have a prior.
        """
        return np.asarray(self.log_priors(X).sum(axis=1))

    def log_priors(self, X: Array) -> Array:
        """Return the terms of `log_prior` (n, d), one for each parameter; 0 without a prior."""
        return prior_terms(self.dists, self._with_prior, X)

    def _bound(self) -> float:
        """Return an upper bound on the number of points."""
        return math.prod(float(p.n_values or math.inf) for p in self.dists)

    def grid(self) -> Array:
        """Return every feasible point of a finite space (n, d), the last parameter fastest.

        Raises:
            SpaceError: A parameter is continuous, there are more than a million points, or so many
                parameters that all points have more than twenty million values.
        """
        if self._grid is None:
            if endless := [n for n, p in self.params.items() if p.n_values is None]:
                raise SpaceError(
                    f"{endless} have no finite set of values; give them a step, or choices"
                )
            X = list_points(self.dists, self._conditions, self._allows)
            self._grid = X[self._keeps_constraints(X)]
            self._grid.flags.writeable = False
        if not len(self._grid):
            raise InfeasibleSpaceError(f"no point satisfies {[c.text for c in self.constraints]}")
        return self._grid

    @property
    def can_list(self) -> bool:
        """Whether the space is finite, and so small that all of its points can be listed."""
        n = self._bound()
        return n <= MAX_ENUMERATED and 2 * n * self.d <= MAX_NUMBERS

    @property
    def n_points(self) -> float:
        """Number of different points.

        Infinity for a continuous space, an upper bound for a very large finite one.
        """
        return len(self.grid()) if self.can_list else self._bound()

    def keys(self, X: Array) -> list[bytes]:
        """Return one hashable key for each row; see `make_keys`."""
        return make_keys(X, self._fine)

    def centre(self) -> Array | None:
        """Return the point (1, d) where a search starts; None where it breaks a constraint.

        Each parameter has its default, else the likeliest value of its prior, else its middle or
        its first choice.
        """
        X = self.settle(self.start())
        return X if self._keeps_constraints(X)[0] else None

    def start(self) -> Array:
        """Return what `centre` is made of (1, d): inactive parameters and constraints included."""
        X = np.full((1, self.d), 0.5)
        for j, p in enumerate(self.dists):
            if p.likeliest is not None:
                X[0, j] = p.to_unit(p.raw(p.likeliest))
            elif j in self.unordered:
                X[0, j] = 0.0
        return X

    @cached_property
    def first_points(self) -> FirstPoints:
        """The first rows as points (k, d), and why others are left out."""
        return place_rows(self)

    def within(self, reach: Reach) -> Space:
        """Return this space with the knowledge of which of its points can be had.

        Draws and `feasible` heed it; what lists all points does not, since it may err.
        """
        space = copy.copy(self)
        space.reach = reach
        return space

    def with_params(
        self, params: Mapping[str, Distribution], constraints: Iterable[Rule] = ()
    ) -> Space:
        """Return a space with these parameters added, or replaced, and these hard constraints."""
        return Space({**self.params, **params}, [*self._rules(), *constraints], self.first)

    def _rules(self) -> list[Rule]:
        return [c.text if isinstance(c, Expression) else c.function for c in self.constraints]

    def without(self, *names: str) -> Space:
        """Return the space without some of its parameters, which its first rows lose as well.

        Raises:
            UnknownParameterError: The space does not have one of them.
            SpaceError: A condition or a constraint needs one of them.
        """
        for name in names:
            self.named(name)
        rest, *rows = (
            {n: v for n, v in row.items() if n not in names} for row in (self.params, *self.first)
        )
        return Space(rest, self._rules(), rows)

    def shrink(self, study: Any) -> Space:
        """Return the space without the ends of ranges and the choices where nothing good was found.

        What is cut off has so many trials of the study, none of them among its best quarter, that
        this is no chance: see `luthier.space.shrinking.narrow`. So the best trial stays in, and a
        study with few trials changes nothing. `notes` of the new space say what was cut off and
        why.

        Args:
            study: A study of one objective, in this space or one that has its parameters.

        Raises:
            SpaceError: It is no study of one objective.
        """
        narrowed = narrow_by(study, self.params, self.encode)
        space = self.with_params(narrowed.params)
        space.notes = tuple(narrowed.notes)
        return space

    def made_of(self, known: Space) -> Space:
        """Return this space with the very distributions of another one, where those are equal.

        What was found out by their identity, or fitted to the other space, still holds then. Where
        all of it is equal, it is the other one.
        """
        has_same_rules = [c.text for c in self.constraints] == [c.text for c in known.constraints]
        has_same_rules &= self.first == known.first
        if has_same_rules and list(self.params.items()) == list(known.params.items()):
            return known
        same = {n: p for n, p in known.params.items() if p == self.params.get(n)}
        return self.with_params(same)

    def to_json(self) -> dict[str, Any]:
        """Return the space in JSON's types; of constraints that are functions only the names.

        Raises:
            SpaceError: It is too large to be stored.
        """
        encoded = msgspec.json.encode((self.params, self.first))
        if len(encoded) > MAX_SPACE_BYTES:
            raise SpaceError(
                f"a space has at most {MAX_SPACE_BYTES:,} bytes as JSON, got {len(encoded):,}; "
                "give long choices short names, and look them up in the objective"
            )
        params, first = msgspec.json.decode(encoded)
        return {
            "params": params,
            "constraints": [c.text for c in self.constraints if isinstance(c, Expression)],
            "functions": [c.text for c in self.constraints if isinstance(c, Predicate)],
            **({"first": first} if first else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Space:
        """Return the space of what `to_json` returned, or of a space file in YAML, TOML or JSON.

        A parameter may leave out `type` where its other keys imply it, or be a plain list of
        choices.

        Raises:
            SpaceError: It is not such a description.
        """
        # Where the parameters stand beside it, `first` is one of them.
        rows = data.get("first") or () if "params" in data else ()
        return cls(read_params(data), data.get("constraints") or (), rows)

    @classmethod
    def from_configspace(cls, configuration_space: Any) -> Space:
        """Return a `ConfigSpace.ConfigurationSpace` as a space.

        Conditions become `when`, forbidden clauses hard constraints, and normal hyperparameters
        priors. A parameter under an OR of several parents is always active here, which a warning
        says.

        Raises:
            MissingDependencyError: ConfigSpace is not installed.
            SpaceError: A hyperparameter, condition or clause cannot be read.
        """
        read = load_above("space.configspace", "read_space", "configspace")
        return cast("Space", read(configuration_space))

    def to_configspace(self, seed: int | None = None) -> Any:
        """Return the space as a `ConfigSpace.ConfigurationSpace`.

        Args:
            seed: Of the configuration space's own draws.

        Raises:
            MissingDependencyError: ConfigSpace is not installed.
            SpaceError: It has constraints, or a parameter that ConfigSpace cannot have.
        """
        return load_above("space.configspace", "write_space", "configspace")(self, seed)

    def __repr__(self) -> str:
        lines = [
            *(f"  {name}: {dist!r}" for name, dist in self.params.items()),
            *(f"  subject to {c.text}" for c in self.constraints),
        ]
        return "Space(\n" + "\n".join(lines) + "\n)" if lines else "Space()"

    def _repr_html_(self) -> str:
        return to_html(self.params, [c.text for c in self.constraints])
