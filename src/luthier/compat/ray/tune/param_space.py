"""A `param_space` taken apart: what luthier samples, what is a grid, what functions compute."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ....space import Distribution, Space
from ...remarks import refuse_space
from .search.sample import Categorical, Domain, Function, Spec, children, has_domain, is_grid


class _Later:
    """Stands in a configuration for what a function is still to compute."""

    def __init__(self, function: Function) -> None:
        self.function = function


class ParamSpace:
    """A nested space of Ray's words, and the way from params to configurations.

    Args:
        config: The space: dicts and lists of domains, grids, functions and constants.

    Attributes:
        domains: Path, such as "optimizer/lr", to domain.
        space: What is sampled, by the same paths.
        grids: Path to the values of a grid.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.domains: dict[str, Domain] = {}
        self.grids: dict[str, list[Any]] = {}
        self._distributions: dict[str, Distribution] = {}
        self._walk(config, "", None)
        self.space = Space(self._distributions)
        self._combinations = list(itertools.product(*reversed(self.grids.values())))

    def _walk(self, value: Any, path: str, when: dict[str, Any] | None) -> None:
        if is_grid(value):
            self.grids[path] = list(value["grid_search"])
            for i, v in enumerate(self.grids[path]):
                self._walk(v, f"{path}#{i}", when)
        elif isinstance(value, Function):
            return
        elif isinstance(value, Domain):
            self.domains[path] = value
            self._distributions[path] = value.to_distribution(when)
            for i, v in enumerate(value.categories if isinstance(value, Categorical) else ()):
                if has_domain(v):
                    self._walk(v, f"{path}#{i}", {**(when or {}), path: i})
        else:
            refuse_space(value, "luthier.compat.ray")
            for name, part in children(value):
                self._walk(part, f"{path}/{name}" if path else name, when)

    @property
    def n_combinations(self) -> int:
        """How many combinations the grids have; 1 without any."""
        return len(self._combinations)

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw params at random, each from its own domain."""
        params: dict[str, Any] = {}
        for name, dist in self._distributions.items():
            wanted = dist.when or {}
            if all(params.get(p) in _as_tuple(v) for p, v in wanted.items() if p in self.domains):
                params[name] = dist.sample(rng)
        return params

    def build(self, params: Mapping[str, Any], combination: int = 0) -> dict[str, Any]:
        """Return the configuration of some params, and of a combination of the grids.

        Raises:
            Exception: What a function of `sample_from` raised.
        """
        chosen = dict(zip(reversed(self.grids), self._combinations[combination], strict=True))
        config: dict[str, Any] = self._build(self.config, "", params, chosen)
        waiting = _find_later(config)
        while waiting:
            failed: list[tuple[Any, Any]] = []
            error: Exception | None = None
            for holder, key in waiting:
                try:  # it may read what another function is to compute
                    holder[key] = holder[key].function.sample(Spec(config))
                except Exception as e:
                    error = error or e
                    failed.append((holder, key))
            if error is not None and len(failed) == len(waiting):
                raise error
            waiting = failed
        return config

    def _build(
        self, value: Any, path: str, params: Mapping[str, Any], chosen: Mapping[str, Any]
    ) -> Any:
        if path in self.grids:
            picked = chosen[path]
            at = next(i for i, v in enumerate(self.grids[path]) if v is picked)
            return self._build(picked, f"{path}#{at}", params, chosen)
        if isinstance(value, Function):
            return _Later(value)
        if isinstance(value, Domain):
            got = value.finish(params[path])
            return (
                self._build(got, f"{path}#{params[path]}", params, chosen)
                if (isinstance(value, Categorical) and value.by_position)
                else got
            )
        parts = {
            name: self._build(part, f"{path}/{name}" if path else name, params, chosen)
            for name, part in children(value)
        }
        if isinstance(value, Mapping):
            return dict(zip(value, parts.values(), strict=True))
        if type(value) in (list, tuple):
            return type(value)(parts.values())
        return value

    def to_params(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the params of a configuration; names that it leaves out are left out."""
        params: dict[str, Any] = {}
        flat = flatten(config)
        for path, domain in self.domains.items():
            value = flat.get(path, get_at(config, path))
            if value is None and path not in flat:
                continue
            if isinstance(domain, Categorical) and domain.by_position:
                value = next((i for i, c in enumerate(domain.categories) if c == value), None)
            params[path] = value
        return params


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)


def _find_later(value: Any) -> list[tuple[Any, Any]]:
    """Return where in a configuration functions are still to compute something."""
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in items:
        if isinstance(part, _Later):
            found.append((value, key))
        elif type(part) in (dict, list):
            found += _find_later(part)
    return found


def flatten(value: Mapping[str, Any], delimiter: str = "/") -> dict[str, Any]:
    """Return a nested dict as one of paths, such as "optimizer/lr"."""
    flat: dict[str, Any] = {}
    for key, part in value.items():
        if isinstance(part, Mapping) and part:
            nested = flatten(part, delimiter).items()
            flat |= {f"{key}{delimiter}{path}": v for path, v in nested}
        else:
            flat[str(key)] = part
    return flat


def unflatten(flat: Mapping[str, Any], delimiter: str = "/") -> dict[str, Any]:
    """Return a dict of paths as a nested one."""
    nested: dict[str, Any] = {}
    for path, value in flat.items():
        set_at(nested, path.replace(delimiter, "/"), value)
    return nested


def find_numbers(result: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the numbers of a report by their paths; True, False and text are none."""
    for path, value in flatten(result).items():
        if isinstance(value, str | bool) or not hasattr(value, "__float__"):
            continue
        with contextlib.suppress(TypeError, ValueError):
            yield path, float(value)


def get_at(config: Any, path: str) -> Any:
    """Return what stands at a path of a configuration; None where nothing does."""
    for name in path.split("/"):
        if isinstance(config, Mapping):
            config = config.get(name)
        elif isinstance(config, list | tuple) and name.isdigit() and int(name) < len(config):
            config = config[int(name)]
        else:
            return None
    return config


def set_at(config: dict[str, Any], path: str, value: Any) -> None:
    """Set what stands at a path of a configuration."""
    *before, last = path.split("/")
    place: Any = config
    for name in before:
        place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
    place[int(last) if isinstance(place, list) else last] = value
