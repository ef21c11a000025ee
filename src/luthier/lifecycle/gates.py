"""Gates: what a version must pass before it may be promoted.

Each gate answers pass, fail or inconclusive, with its figures. The worst of them is the verdict,
and stands in the registry; a version whose verdict is not "pass" cannot be promoted.
"""

from __future__ import annotations

import math
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from ..errors import LifecycleError
from ..numerics.stats import paired_bootstrap_interval
from ..registry.log import Draft
from ..registry.registry import CHAMPION, Registry, gates_of
from ..registry.version import Version
from ..typing import Array, Mask

Verdict = Literal["pass", "fail", "inconclusive"]
Predict = Callable[[Any], Any]

_LEVEL = 0.95
_SMALLEST_SLICE = 100
_ORDER: tuple[Verdict, ...] = ("pass", "inconclusive", "fail")  # the worst last


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """What one gate found.

    Attributes:
        name: Its name.
        verdict: "pass", "fail" or "inconclusive".
        because: The reason, in words.
        figures: By name.
    """

    name: str
    verdict: Verdict
    because: str
    figures: dict[str, float] = {}


def check_quality(challenger: Array, champion: Array, margin: float, name: str = "quality") -> Gate:
    """Whether the challenger is not worse than the champion by more than a margin.

    Args:
        challenger: (n,) loss of each row of a hold-out, smaller is better.
        champion: (n,) of the same rows.
        margin: By how much the mean loss may be larger.
        name: Of the gate.

    Source: non-inferiority by a bootstrap interval of the paired difference.
    """
    challenger, champion = _same_rows(challenger, champion)
    _check_number("margin", margin, 0.0)
    low, high = _bound_difference(challenger, champion, _LEVEL)
    mean = float((challenger - champion).mean())
    figures = {"difference": mean, "low": low, "high": high, "margin": margin}
    said = f"the loss differs by {mean:+.4g} ({low:+.4g} to {high:+.4g}), {margin:.4g} is allowed"
    if high <= margin:
        return Gate(name=name, verdict="pass", because=said, figures=figures)
    verdict: Verdict = "fail" if low > margin else "inconclusive"
    return Gate(name=name, verdict=verdict, because=said, figures=figures)


def check_slices(
    challenger: Array, champion: Array, slices: Mapping[str, Mask], margin: float
) -> Gate:
    """Whether no part of the rows is surely worse by more than twice the margin.

    Args:
        challenger: (n,) loss of each row, smaller is better.
        champion: (n,) of the same rows.
        slices: (n,) rows of each part, by name; parts of fewer than 100 rows are left out.
        margin: As for `check_quality`.
    """
    challenger, champion = _same_rows(challenger, champion)
    _check_number("margin", margin, 0.0)
    for name, mask in slices.items():
        if np.shape(mask) != challenger.shape:
            raise LifecycleError(
                f"expected slice {name!r} to say of each of {len(challenger)} rows whether it is "
                f"in it, got the shape {np.shape(mask)}"
            )
    large = {n: m for n, m in slices.items() if np.count_nonzero(m) >= _SMALLEST_SLICE}
    if not large:
        return Gate(name="slices", verdict="inconclusive", because="no slice has 100 rows")
    level = 1 - (1 - _LEVEL) / len(large)  # Bonferroni
    lows = {
        name: _bound_difference(challenger[mask], champion[mask], level)[0]
        for name, mask in large.items()
    }
    worst = max(lows, key=lambda name: lows[name])
    figures = {f"low of {name}": low for name, low in lows.items()}
    if lows[worst] > 2 * margin:
        because = f"{worst} is worse by at least {lows[worst]:.4g}"
        return Gate(name="slices", verdict="fail", because=because, figures=figures)
    because = f"none of {len(large)} slices is surely worse"
    return Gate(name="slices", verdict="pass", because=because, figures=figures)


def check_repeats(scores: Sequence[float], champion: float, margin: float) -> Gate:
    """Whether the model is as good when it is trained again with other seeds.

    Args:
        scores: Loss of each training, smaller is better; 5 to 10 of them.
        champion: Loss of the champion.
        margin: As for `check_quality`.
    """
    _check_number("champion", champion)
    _check_number("margin", margin, 0.0)
    x = np.asarray(scores, dtype=np.float64)
    if len(x) < 3 or not np.isfinite(x).all():
        because = f"expected at least 3 finite losses, got {len(x)}"
        return Gate(name="repeats", verdict="inconclusive", because=because)
    worst, mean, std = float(x.max()), float(x.mean()), float(x.std(ddof=1))
    figures = {"mean": mean, "worst": worst, "std": std, "champion": champion}
    because = f"{len(x)} trainings: mean {mean:.4g}, worst {worst:.4g}, champion {champion:.4g}"
    if mean > champion + margin:
        return Gate(name="repeats", verdict="fail", because=because, figures=figures)
    verdict: Verdict = "pass" if worst <= champion + 2 * margin else "inconclusive"
    return Gate(name="repeats", verdict=verdict, because=because, figures=figures)


def check_cost(
    predict: Predict, rows: Any, *, seconds: float | None = None, n_bytes: float | None = None
) -> Gate:
    """Whether predictions are within a time and a memory.

    Args:
        predict: The model, called with one row at a time.
        rows: (n, d) rows to try.
        seconds: 99 of 100 calls take at most this long.
        n_bytes: Python objects and arrays that one call makes take at most this much.
    """
    _require_rows(rows)
    if seconds is None and n_bytes is None:
        raise LifecycleError("expected seconds=, n_bytes= or both: what a prediction may take")
    times, peak = [], 0
    for i in range(len(rows)):
        one = rows[i : i + 1]
        begin = time.perf_counter()
        predict(one)
        times.append(time.perf_counter() - begin)
    if n_bytes is not None:
        tracemalloc.start()
        try:
            predict(rows[:1])
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    slow = float(np.quantile(times, 0.99))
    figures = {"seconds of 99 %": slow, "bytes": float(peak)}
    because = f"99 % of the calls take at most {slow:.4g} s"
    if n_bytes is not None:
        because += f", one takes {peak:.4g} bytes"
    is_slow = seconds is not None and slow > seconds
    is_large = n_bytes is not None and peak > n_bytes
    verdict: Verdict = "fail" if is_slow or is_large else "pass"
    return Gate(name="cost", verdict=verdict, because=because, figures=figures)


def check_golden_rows(predict: Predict, rows: Any, expected: Any, tolerance: float = 1e-6) -> Gate:
    """Whether known rows have known answers, one by one as in a batch.

    Args:
        predict: The model.
        rows: (n, d) rows whose answers are known.
        expected: (n, ...) the answers.
        tolerance: Largest difference, relative and absolute.
    """
    _require_rows(rows)
    try:
        batch = np.asarray(predict(rows))
        single = np.concatenate([np.asarray(predict(rows[i : i + 1])) for i in range(len(rows))])
    except Exception as e:  # whatever the model raises
        because = f"the model raised {type(e).__name__}: {e}"
        return Gate(name="golden rows", verdict="fail", because=because)
    known = np.asarray(expected)
    if batch.shape != known.shape:
        because = f"expected answers of shape {known.shape}, got {batch.shape}"
        return Gate(name="golden rows", verdict="fail", because=because)
    for what, answers in (("known answers", known), ("answers one by one", single)):
        same = _are_close(batch, answers, tolerance)
        if not same.all():
            i = int(np.argmin(same))
            because = f"row {i}: {batch[i]!r} differs from the {what}, {answers[i]!r}"
            return Gate(name="golden rows", verdict="fail", because=because)
    because = f"{len(known)} rows have their answers, alone and in a batch"
    return Gate(name="golden rows", verdict="pass", because=because)


def check_schema(version: Version, columns: Mapping[str, str]) -> Gate:
    """Whether a version takes the columns that production sends, in their order and types.

    Args:
        version: The version, which was registered with a schema.
        columns: Name and type of each column, in order.
    """
    wanted = version.content.schema
    if not wanted:
        because = "the version was registered without a schema"
        return Gate(name="schema", verdict="inconclusive", because=because)
    if list(wanted.items()) == list(columns.items()):
        return Gate(name="schema", verdict="pass", because=f"{len(wanted)} columns fit")
    missing, extra = sorted(wanted.keys() - columns.keys()), sorted(columns.keys() - wanted.keys())
    changed = sorted(n for n in wanted.keys() & columns.keys() if wanted[n] != columns[n])
    because = f"missing {missing}, unknown {extra}, of another type {changed}"
    if not (missing or extra or changed):
        because = "the columns come in another order"
    return Gate(name="schema", verdict="fail", because=because)


def check_calibration(
    probabilities: Array, labels: Array, champion: Array, n_bins: int = 10
) -> Gate:
    """Whether probabilities are as well calibrated as those of the champion.

    Args:
        probabilities: (n,) of the positive class.
        labels: (n,) 0 or 1.
        champion: (n,) probabilities of the champion, on the same rows.
        n_bins: Bins of equal count.

    Source: expected calibration error (Naeini 2015); the allowed rise is its sampling error.
    """
    p, q, labels = (
        np.asarray(x, dtype=np.float64).reshape(-1) for x in (probabilities, champion, labels)
    )
    if not len(p) == len(q) == len(labels) > 0:
        raise LifecycleError(
            "expected the probabilities of both models and the labels of the same rows, at least "
            f"one, got {len(p)}, {len(q)} and {len(labels)}"
        )
    if not all(((x >= 0) & (x <= 1)).all() for x in (p, q, labels)):
        raise LifecycleError("probabilities and labels must lie in [0, 1]")
    mine, theirs = (_calibration_error(x, labels, n_bins) for x in (p, q))
    allowed = theirs + math.sqrt(n_bins / len(labels)) / 2
    figures = {"error": mine, "champion": theirs, "allowed": allowed}
    because = f"expected calibration error {mine:.4g}, champion {theirs:.4g}"
    verdict: Verdict = "pass" if mine <= allowed else "fail"
    return Gate(name="calibration", verdict=verdict, because=because, figures=figures)


def check_champion(
    registry: Registry, model: str, load: Callable[[Any], Any] | None = None
) -> Gate:
    """Whether the champion is there to go back to.

    Args:
        registry: The registry.
        model: Name of the model.
        load: Opens the artifact of a version at a path; None to check its hash alone.
    """
    aliases = registry.aliases(model)
    if CHAMPION not in aliases:
        because = "there is no champion to go back to"
        return Gate(name="champion loads", verdict="inconclusive", because=because)
    version = registry.version(f"{model}@{CHAMPION}")
    if version.content.artifact is None:
        because = f"{version.name} has params only"
        return Gate(name="champion loads", verdict="pass", because=because)
    try:
        path = registry.fetch(version)
        if load is not None:
            load(path)
    except Exception as e:  # whatever the loader raises
        because = f"{version.name} cannot be loaded: {type(e).__name__}: {e}"
        return Gate(name="champion loads", verdict="fail", because=because)
    return Gate(name="champion loads", verdict="pass", because=f"{version.name} is whole")


def record_gates(registry: Registry, name: str, gates: Sequence[Gate]) -> Verdict:
    """Store what the gates found of a version, and return the verdict: that of the worst gate.

    Args:
        registry: The registry.
        name: The version, such as "churn:3".
        gates: At least one.

    Raises:
        LifecycleError: There are none, or two of one name.
        RegistryError: There is no such version.
    """
    names = [gate.name for gate in gates]
    if not gates or len(set(names)) < len(names):
        raise LifecycleError(f"expected at least one gate, and each name once, got {names}")
    version = registry.version(name)
    verdict = max((gate.verdict for gate in gates), key=_ORDER.index)
    bad = [gate.name for gate in gates if gate.verdict != "pass"]
    draft = Draft(
        action="tested",
        subject=gates_of(version),
        after={"verdict": verdict, "gates": list(gates)},
        reason=f"{verdict}: {', '.join(bad)}" if bad else f"all {len(gates)} gates passed",
    )
    registry.note(version.content.model, draft)
    return verdict


def _bound_difference(challenger: Array, champion: Array, level: float) -> tuple[float, float]:
    """Interval of the mean difference, the same at every call."""
    return paired_bootstrap_interval(challenger, champion, np.random.default_rng(0), level, 2000)


def _same_rows(challenger: Array, champion: Array) -> tuple[Array, Array]:
    a, b = (np.asarray(x, dtype=np.float64).reshape(-1) for x in (challenger, champion))
    if len(a) != len(b) or len(a) < 2:
        raise LifecycleError(
            f"expected the losses of both models on the same rows, at least two, got {len(a)} and "
            f"{len(b)}"
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise LifecycleError("losses must be finite")
    return a, b


def _require_rows(rows: Any) -> None:
    if not len(rows):
        raise LifecycleError("expected at least one row to try")


def _check_number(name: str, value: float, least: float = -math.inf) -> None:
    if not (math.isfinite(value) and value >= least):
        expected = "a finite number" if least == -math.inf else f"a number >= {least:g}"
        raise LifecycleError(f"{name} must be {expected}, got {value!r}")


def _are_close(a: Any, b: Any, tolerance: float) -> Mask:
    """(n,) whether the answers to each row are the same."""
    if a.dtype.kind in "fc":
        same = np.isclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)
    else:
        same = a == b
    return np.asarray(same.reshape(len(a), -1).all(axis=1))


def _calibration_error(p: Array, labels: Array, n_bins: int) -> float:
    parts = np.array_split(np.argsort(p, kind="stable"), n_bins)
    errors = [len(i) * abs(p[i].mean() - labels[i].mean()) for i in parts if len(i)]
    return float(sum(errors) / len(p))
