"""What the folds of a trial came to: kept while it runs, and noted in short when it ends."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import EvaluationError
from ..typing import Array, Index

_N_KEPT = 5_000  # rows whose losses are kept with a trial


class FoldResults:
    """Results of the first folds of a plan.

    Args:
        plan: Hash of the plan.
        n: Number of rows of the data.
        metrics: Names of the metrics, the first of them the one whose rows are kept.

    Attributes:
        plan: As given.
        metrics: As given.
        scores: A list of the values of each metric (m,), one entry for each fold.
        fit_s: Seconds that training took, for each fold.
        predict_s: Seconds that predictions took, for each fold.
        n_steps: Steps of training in each fold, None where not known.
        sums: (n,) sum of what the first metric gave each row.
        counts: (n,) how often each row was tested.
    """

    def __init__(self, plan: str, n: int, metrics: tuple[str, ...]) -> None:
        self.plan = plan
        self.metrics = metrics
        self.scores: list[list[float]] = []
        self.fit_s: list[float] = []
        self.predict_s: list[float] = []
        self.n_steps: list[int | None] = []
        self.sums = np.zeros(n)
        self.counts = np.zeros(n, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.scores)

    def add_rows(self, rows: Index, told: Array) -> None:
        """Add what the first metric gave to the rows of one fold."""
        self.sums[rows] += told
        self.counts[rows] += 1

    def mean(self, metric: str) -> float:
        """Return the mean of a metric over the folds so far."""
        at = self.metrics.index(metric)
        return float(np.mean([score[at] for score in self.scores]))

    @property
    def rows(self) -> Array:
        """(n,) mean of the first metric for each row; NaN for rows that were not tested."""
        return np.where(self.counts > 0, self.sums / np.maximum(self.counts, 1), np.nan)

    def to_checkpoint(self) -> dict[str, Any]:
        """Return all of it as arrays, numbers and lists."""
        return {
            "plan": self.plan,
            "metrics": list(self.metrics),
            "scores": [list(score) for score in self.scores],
            "fit_s": list(self.fit_s),
            "predict_s": list(self.predict_s),
            "n_steps": list(self.n_steps),
            "sums": self.sums,
            "counts": self.counts.astype(np.uint16),
        }

    @classmethod
    def from_checkpoint(cls, saved: Mapping[str, Any]) -> FoldResults:
        """Return what was saved by `to_checkpoint`."""
        results = cls(saved["plan"], len(saved["sums"]), tuple(saved["metrics"]))
        results.scores = [list(score) for score in saved["scores"]]
        results.fit_s = list(saved["fit_s"])
        results.predict_s = list(saved["predict_s"])
        results.n_steps = list(saved["n_steps"])
        results.sums = np.asarray(saved["sums"], dtype=np.float64)
        results.counts = np.asarray(saved["counts"], dtype=np.int64)
        return results

    def to_tag(self, whole: bool) -> dict[str, Any]:
        """Return what is noted with a trial, in JSON's types.

        Args:
            whole: Whether these are all folds. Only then the rows are noted, those that were
                tested of `kept_rows`.
        """
        scores = np.array(self.scores).T
        told: dict[str, Any] = {
            "plan": self.plan,
            "scores": {name: row.tolist() for name, row in zip(self.metrics, scores, strict=True)},
            "fit_s": [round(s, 6) for s in self.fit_s],
            "predict_s": [round(s, 6) for s in self.predict_s],
        }
        if any(n is not None for n in self.n_steps):
            told["n_steps"] = self.n_steps
        if whole and self.counts.any():
            kept = kept_rows(len(self.sums))
            told["rows"] = pack_rows(self.rows[kept][self.counts[kept] > 0])
        return told


def kept_rows(n: int) -> Index:
    """Return which of n rows have their results kept: all, or 5,000 that depend on n alone."""
    if n <= _N_KEPT:
        return np.arange(n)
    return np.sort(np.random.default_rng(n).choice(n, _N_KEPT, replace=False))


def pack_rows(rows: Array) -> str:
    """Pack numbers of rows (n,) as text: one bit each where all are 0 or 1, else 16 bits.

    16 bits hold three digits, which is enough to compare means of rows.
    """
    if np.isin(rows, (0.0, 1.0)).all():
        kind, raw = "b", np.packbits(rows.astype(bool)).tobytes()
    else:
        most = float(np.finfo(np.float16).max)
        kind, raw = "h", np.clip(rows, -most, most).astype("<f2").tobytes()
    return f"{kind}{len(rows)}:" + base64.b64encode(zlib.compress(raw, 9)).decode("ascii")


def unpack_rows(text: str) -> Array:
    """Return what `pack_rows` packed, (n,).

    Raises:
        EvaluationError: It is something else.
    """
    try:
        head, _, packed = text.partition(":")
        n = int(head[1:])
        raw = zlib.decompress(base64.b64decode(packed, validate=True))
        if head[0] == "b":
            found = np.unpackbits(np.frombuffer(raw, dtype=np.uint8), count=n)
        else:
            found = np.frombuffer(raw, dtype="<f2")
        if head[0] not in "bh" or len(found) != n:
            raise ValueError(head)
    except (ValueError, IndexError, zlib.error) as e:
        raise EvaluationError(f"expected packed results of rows, got {text!r:.60}") from e
    return found.astype(np.float64)
