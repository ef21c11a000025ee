"""Whether a search that goes on is the one that was begun: the same question of the same data."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from ..errors import StudyError
from ..trial.record import TrialRow
from ..validation import show
from .kept_fits import SEARCH, Metrics
from .param_space import Candidates

_N_ROWS = 200  # that are compared, evenly spaced
_N_VALUES = 1_000_000  # of these rows
_PLAIN = (str, bytes, int, float, bool, type(None))

_WORDS = {"estimator": "with the estimator", "scoring": "by the scoring", "X": "on the rows X"}


def describe_search(estimator: Any, scoring: Any, metrics: Metrics, X: Any) -> dict[str, str]:
    """Return short texts that tell a search from others; the same in each process.

    Values of fixed params are no part of it, since their text may name an address in memory.

    Args:
        estimator: As given to the search.
        scoring: Likewise.
        metrics: Which ones are optimised.
        X: The rows, of which some are looked at.
    """
    kind = type(estimator)
    names = ", ".join(sorted(estimator.get_params(deep=True)))
    return {
        "estimator": f"{kind.__name__} {_digest(names.encode())}",
        "scoring": " of ".join([*metrics[:1], _describe_scoring(scoring)])[:200],
        "X": _describe_rows(X),
    }


def require_same_search(
    rows: Sequence[TrialRow], mine: Mapping[str, str], candidates: Candidates, name: str
) -> None:
    """Refuse to go on with a search that asked something else.

    Args:
        rows: Its trials.
        mine: What `describe_search` says of this search.
        candidates: What is searched.
        name: The study's.

    Raises:
        StudyError: The estimator, the scoring or the rows were others, or a trial has a parameter,
            or a choice, that this space does not have.
    """
    for row in rows:
        theirs = row.tags.get(SEARCH)
        if row.state.finished and isinstance(theirs, Mapping):
            for part, words in _WORDS.items():
                if theirs.get(part, mine[part]) != mine[part]:
                    raise StudyError(
                        f"study {name!r} cannot go on: its trial {row.number} was measured "
                        f"{words} {theirs[part]}, and now it is {mine[part]}, so scores could not "
                        "be compared; take another study_name"
                    )
        if (strange := candidates.find_strange(row.params)) is not None:
            raise StudyError(
                f"study {name!r} cannot go on: its trial {row.number} has {strange} = "
                f"{show(row.params[strange])}, which this space does not have; take another "
                "study_name, or a space that has it too"
            )


def _describe_scoring(scoring: Any) -> str:
    if scoring is None:
        return "the estimator's own"
    if isinstance(scoring, str):
        return scoring
    if isinstance(scoring, Mapping):
        return ", ".join(f"{k}: {_describe_scoring(scoring[k])}" for k in sorted(scoring, key=str))
    if isinstance(scoring, Iterable):
        return ", ".join(sorted(map(str, scoring)))
    known = getattr(scoring, "__qualname__", None)
    return str(known or re.sub(r" at 0x[0-9a-fA-F]+", "", repr(scoring)))


def _describe_rows(X: Any) -> str:
    """Return the shape of X, and a digest of some of its rows."""
    n = _num_samples(X)
    shape = tuple(getattr(X, "shape", (n,)))
    width = int(np.prod(shape[1:], dtype=np.int64))
    n_rows = max(1, min(_N_ROWS, n, _N_VALUES // max(1, width)))
    at = np.unique(np.linspace(0, n - 1, n_rows).astype(np.int64))
    if hasattr(X, "tocsr"):
        part = X.tocsr()[at]
        content = np.asarray(part.indices, np.int64).tobytes() + part.data.tobytes()
    else:
        content = _to_bytes(_safe_indexing(X, at))
    return f"of shape {shape} {_digest(content)}"


def _to_bytes(part: Any) -> bytes:
    try:
        found = np.asarray(part)
    except (TypeError, ValueError):  # rows of several lengths, or a device's
        return b""
    if found.dtype.kind != "O":
        return np.ascontiguousarray(found).tobytes()
    texts = (str(v) if isinstance(v, _PLAIN) else type(v).__name__ for v in found.ravel())
    return "|".join(texts).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:8]
