"""Numbers that are known of an architecture before it is trained, as features of a model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from ..errors import SamplerError
from ..space.space import Space
from ..typing import Array
from ..validation import show, to_number
from .limit import Measure

_N_EVEN = 128  # architectures by which a proxy is standardised
_MAX_KEPT = 100_000


class Proxies:
    """T proxies of architectures, standardised over an even sample; each is asked once.

    Args:
        space: The space of the params.
        names: The parameters of the architecture.
        measures: Name -> what tells the number from the params of an architecture.
    """

    def __init__(
        self, space: Space, names: Collection[str], measures: Mapping[str, Measure]
    ) -> None:
        self._space = space
        self._names = names
        self._columns = [space.column[name] for name in names]
        self._measures = measures
        self._kept: dict[bytes, list[float]] = {}
        self._scale: tuple[Array, Array] | None = None

    def measure(self, X: Array) -> Array:
        """Return (n, T) features of unit columns (n, d); an even sample has mean 0 and sd 1.

        Raises:
            SamplerError: A proxy told no finite number.
        """
        if self._scale is None:
            F = self._ask(self._space.sample(np.random.default_rng(0), _N_EVEN))
            self._scale = (F.mean(axis=0), np.maximum(F.std(axis=0), 1e-12))
        return np.asarray((self._ask(X) - self._scale[0]) / self._scale[1])

    def _ask(self, X: Array) -> Array:
        if len(self._kept) > _MAX_KEPT:
            self._kept.clear()
        keys = [row.tobytes() for row in X[:, self._columns]]
        new = [i for i, key in enumerate(keys) if key not in self._kept]
        for i, params in zip(new, self._space.decode(X[new]), strict=True):
            if keys[i] not in self._kept:
                own = {name: params[name] for name in self._names if name in params}
                self._kept[keys[i]] = [
                    _read(name, measure(own), own) for name, measure in self._measures.items()
                ]
        return np.array([self._kept[key] for key in keys]).reshape(len(X), len(self._measures))


def _read(name: str, value: Any, params: Mapping[str, Any]) -> float:
    number = to_number(value)
    if number is None or not np.isfinite(float(number)):
        raise SamplerError(
            f"the proxy {name!r} told {show(value)} of {show(dict(params))}; it must tell a finite "
            "number of every architecture"
        )
    return float(number)
