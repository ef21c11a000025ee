"""One earlier task: what a study found out, as columns that a later study can learn from."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from ..errors import SpaceError, TaskError
from ..space.space import Space
from ..typing import Array, Index, Mask
from ..validation import check_whole, show, to_number

CONTEXT = ("log_rows", "log_columns", "classes", "share_categorical", "share_missing")
"""The five numbers that say what data a task was about; classes is 0 for regression."""

FORMAT = 1
"""Version of the JSON form of a task."""

MAX_ROWS = 100
"""Rows of a task that a later study keeps."""

_MAX_JSON_ROWS = 1_000_000
_KINDS: dict[str, tuple[type, ...]] = {  # attributes of a task -> what they may be
    "objectives": (list, tuple),
    "directions": (list, tuple),
    "context": (Mapping,),
    "tags": (Mapping,),
    "family": (str,),
    "data_hash": (str,),
    "same": (bool,),
}
_COLUMNS = {"X": np.float64, "losses": np.float64, "penalised": np.bool_}
_N_BEST = 50  # of the rows that are kept; the others are spread over the rest


@dataclass(frozen=True, eq=False, kw_only=True)
class Task:
    """One earlier task: n rows of d parameters, and m losses each.

    Rows are complete trials, and those that were trained in part, with what they would have come
    to; those that failed or broke a constraint come after all others, half the range beyond the
    worst. Make one with `luthier.transfer.task_of_study` or `task_of_rows`.

    Attributes:
        name: What it is called, most often the name of its study.
        space: Its own space.
        X: (n, d) unit columns of that space; NaN where inactive. An array, or lists.
        losses: (n, m) finite; smaller is better. An array, or lists.
        penalised: (n,) whether a row failed, broke a constraint or was trained in part, so that its
            losses are made up; None where none did.
        objectives: (m,) names of the objectives.
        directions: (m,) "minimize" or "maximize", which the losses have been turned by.
        family: What was tuned, such as "xgboost"; "" where nobody said.
        context: Some of the five numbers of `CONTEXT`.
        tags: Free tags, in JSON's types.
        data_hash: Hash of the data; "" where nobody said.
        same: Whether it was the same data and the same algorithm: its results then count as
            results of the later study.

    Raises:
        TaskError: Columns do not fit together, or are no numbers.
    """

    name: str
    space: Space
    X: Array
    losses: Array
    penalised: Mask | None = None
    objectives: Sequence[str] = ("value",)
    directions: Sequence[str] = ("minimize",)
    family: str = ""
    context: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)
    data_hash: str = ""
    same: bool = False

    def __post_init__(self) -> None:
        self._check_types()
        n, d, m = len(np.atleast_1d(self.X)), self.space.d, len(self.objectives)
        if self.X.shape != (n, d) or self.losses.shape != (n, m) or len(self.directions) != m:
            raise TaskError(
                f"task {self.name!r:.100} has {d} parameters and {m} objectives, so X is (n, {d}) "
                f"and losses are (n, {m}), got {self.X.shape} and {self.losses.shape}"
            )
        if wrong_names := [name for name in self.objectives if not isinstance(name, str)]:
            raise TaskError(
                f"objectives of task {self.name!r:.100} are names, got {show(wrong_names[0])}"
            )
        if wrong := set(self.directions) - {"minimize", "maximize"}:
            raise TaskError(
                f"directions of task {self.name!r:.100} are 'minimize' or 'maximize', got "
                f"{show(min(wrong, key=str))}"
            )
        numbers = [to_number(value) for value in self.context.values()]
        if not all(v is not None and math.isfinite(v) for v in numbers):
            raise TaskError(
                f"the context of task {self.name!r:.100} has finite numbers, got "
                f"{show(dict(self.context))}"
            )
        if self.penalised is not None and self.penalised.shape != (n,):
            raise TaskError(f"penalised rows of task {self.name!r:.100} are a mask of {n} rows")
        if not np.isfinite(self.losses).all():
            raise TaskError(f"losses of task {self.name!r:.100} are finite numbers")
        ends = np.array([(p.n_values or 1) - 1 for p in self.space.dists], dtype=np.float64)
        ends[[j for j in range(d) if j not in self.space.unordered]] = 1.0
        if ((self.X < 0) | (ends < self.X) | np.isinf(self.X)).any():
            raise TaskError(
                f"rows of task {self.name!r:.100} are unit columns: numbers from 0 to 1, and the "
                "index of a choice"
            )

    def _check_types(self) -> None:
        """Make arrays of lists, and refuse what is of another type.

        Raises:
            TaskError: Something is.
        """
        if not isinstance(self.name, str) or not isinstance(self.space, Space):
            raise TaskError(
                "a task has a name and a luthier.Space, got "
                f"{show(self.name)} and {show(self.space)}"
            )
        for name, kinds in _KINDS.items():
            if not isinstance(value := getattr(self, name), kinds):
                words = " or ".join(kind.__name__.lower() for kind in kinds)
                raise TaskError(
                    f"{name} of task {self.name!r:.100} is a {words}, got {show(value)}"
                )
        for name, dtype in _COLUMNS.items():
            column = getattr(self, name)
            if column is None and name == "penalised":
                continue
            try:
                object.__setattr__(self, name, np.asarray(column, dtype=dtype))
            except (TypeError, ValueError):
                raise TaskError(
                    f"{name} of task {self.name!r:.100} is an array of numbers, got {show(column)}"
                ) from None

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.X)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of what was searched: parameters, objectives, directions and family.

        Two tasks with the same one had the same space.
        """
        params = self.space.to_json()["params"]
        searched = [
            [name, {k: v for k, v in dist.items() if k not in ("default", "prior")}]
            for name, dist in params.items()
        ]
        return _hash([searched, self.objectives, self.directions, self.family])

    @cached_property
    def content(self) -> str:
        """Hash of the rows as well: two tasks with the same one are the same task."""
        return _hash([self.fingerprint, _to_text(self.X), _to_text(self.losses)])

    @property
    def is_penalised(self) -> Mask:
        """(n,) whether the losses of a row are made up; none where `penalised` is None."""
        return np.zeros(self.n, dtype=np.bool_) if self.penalised is None else self.penalised

    @property
    def holds_ranks(self) -> bool:
        """Whether its losses are ranks alone, as in a file that others may have."""
        return np.array_equal(self.losses, rank_columns(self.losses))

    def rank(self) -> Index:
        """Return (n,) the rows, the best first, by their mean rank in all objectives."""
        places = np.argsort(np.argsort(self.losses, axis=0, kind="stable"), axis=0, kind="stable")
        return np.argsort(places.mean(axis=1), kind="stable").astype(np.int64)

    def keep(self, n: int = MAX_ROWS) -> Task:
        """Return the task with at most n rows: the best half, and an even choice of the rest.

        Raises:
            ValueError: n is no whole number above 0.
        """
        if self.n <= check_whole("n", n):
            return self
        order = self.rank()
        n_best = min(_N_BEST, n)
        rest = order[n_best:]
        spread = rest[np.linspace(0, len(rest) - 1, n - n_best).round().astype(np.int64)]
        return self.select(np.sort(np.concatenate([order[:n_best], spread])))

    def select(self, rows: Index) -> Task:
        """Return the task with some of its rows."""
        penalised = None if self.penalised is None else self.penalised[rows]
        return self.replace(X=self.X[rows], losses=self.losses[rows], penalised=penalised)

    def rename(
        self, names: Mapping[str, str], choices: Mapping[str, Mapping[Any, Any]] | None = None
    ) -> Task:
        """Return the task with other names of parameters, and of choices.

        Hard constraints of its space are left out: its rows keep them anyway.

        Args:
            names: Old name to new.
            choices: New name of a parameter to old choices and the new ones in their place.

        Raises:
            TaskError: It has no such parameter or choice, or two would have one name.
        """
        if not isinstance(names, Mapping):
            raise TaskError(f"names are a dict of old names and new ones, got {show(names)}")
        if unknown := names.keys() - self.space.params.keys():
            raise TaskError(
                f"task {self.name!r:.100} has no parameter {min(unknown)!r:.100}; it has "
                f"{list(self.space.names)!r:.500}"
            )
        for name, other in (choices or {}).items():
            known = self._choices_of(name, names)
            if unknown_choices := [old for old in other if old not in known]:
                raise TaskError(
                    f"task {self.name!r:.100} has no choice {show(unknown_choices[0])} of "
                    f"{name!r:.100}; it has {show(known)}"
                )
        params: dict[str, Any] = {}
        for name, dist in self.space.to_json()["params"].items():
            new = names.get(name, name)
            if new in params:
                raise TaskError(f"two parameters would have the name {new!r:.100}")
            other = (choices or {}).get(new, {})
            if "choices" in dist:
                dist["choices"] = [other.get(choice, choice) for choice in dist["choices"]]
            if "when" in dist:
                dist["when"] = {
                    names.get(parent, parent): [
                        (choices or {}).get(names.get(parent, parent), {}).get(v, v)
                        for v in (values if isinstance(values, list) else [values])
                    ]
                    for parent, values in dist["when"].items()
                }
            params[new] = {k: v for k, v in dist.items() if k not in ("default", "prior")}
        return self.replace(space=Space.from_json({"params": params}))

    def _choices_of(self, new: str, names: Mapping[str, str]) -> list[Any]:
        """Return the choices of the parameter that is to have a name; none of one without any."""
        dists = self.space.to_json()["params"]
        found = [dist for name, dist in dists.items() if names.get(name, name) == new]
        return list(found[0].get("choices", ())) if found else []

    def replace(self, **changed: Any) -> Task:
        """Return a copy with some attributes changed."""
        return Task(**{**{k: getattr(self, k) for k in self.__dataclass_fields__}, **changed})

    def to_json(self) -> dict[str, Any]:
        """Return the task in JSON's types; columns are base64 of little-endian float64."""
        return {
            "format": FORMAT,
            "name": self.name,
            "space": self.space.to_json(),
            "n": self.n,
            "X": _to_text(self.X),
            "losses": _to_text(self.losses),
            "penalised": [] if self.penalised is None else np.flatnonzero(self.penalised).tolist(),
            "objectives": list(self.objectives),
            "directions": list(self.directions),
            "family": self.family,
            "context": dict(self.context),
            "tags": dict(self.tags),
            "data_hash": self.data_hash,
            "same": self.same,
        }

    @classmethod
    def from_json(cls, data: Any) -> Task:
        """Return the task of what `to_json` returned.

        Raises:
            TaskError: It is none, or a newer luthier wrote it.
        """
        version = data.get("format") if isinstance(data, Mapping) else None
        if isinstance(version, int) and version > FORMAT:
            raise TaskError(
                f"this task has format {version}, and this luthier reads up to {FORMAT}: a newer "
                "one wrote it, so install that"
            )
        try:
            stored = msgspec.convert(data, _Stored)
            space = Space.from_json(stored.space)
            penalised = np.zeros(stored.n, dtype=np.bool_)
            penalised[stored.penalised] = True
            columns = {
                "X": _to_array(stored.X, stored.n, space.d),
                "losses": _to_array(stored.losses, stored.n, len(stored.objectives)),
                "penalised": penalised if penalised.any() else None,
            }
        except (msgspec.ValidationError, SpaceError, ValueError, IndexError) as e:
            raise TaskError(
                f"expected a task as Task.to_json gives it, got {show(data)}: {e}"
            ) from None
        fields = {k: getattr(stored, k) for k in stored.__struct_fields__}
        del fields["format"], fields["n"]
        return cls(**{**fields, **columns, "space": space})

    def __repr__(self) -> str:
        return f"Task({self.name!r:.100}, {self.n} rows, {self.space.d} parameters)"


def rank_columns(losses: Array) -> Array:
    """Return the ranks (n, m) of losses (n, m) in each objective, from 0; equal ones share one."""
    ranks = [np.unique(column, return_inverse=True)[1] for column in losses.T]
    return np.stack(ranks, axis=1).reshape(losses.shape).astype(np.float64)


class _Stored(msgspec.Struct):
    """A task in JSON's types."""

    format: Literal[1]
    name: str
    space: dict[str, Any]
    n: Annotated[int, msgspec.Meta(ge=0, le=_MAX_JSON_ROWS)]
    X: str
    losses: str
    penalised: list[Annotated[int, msgspec.Meta(ge=0)]] = []
    objectives: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("value",)
    directions: tuple[Literal["minimize", "maximize"], ...] = ("minimize",)
    family: str = ""
    context: dict[str, float] = {}
    tags: dict[str, Any] = {}
    data_hash: str = ""
    same: bool = False


def _to_text(a: Array) -> str:
    return base64.b64encode(np.ascontiguousarray(a, dtype="<f8").tobytes()).decode()


def _to_array(text: str, n: int, d: int) -> Array:
    """Return (n, d) numbers.

    Raises:
        ValueError: The text holds others.
    """
    found = np.frombuffer(base64.b64decode(text, validate=True), dtype="<f8")
    return found.reshape(n, d).astype(np.float64)


def _hash(parts: Any) -> str:
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()
