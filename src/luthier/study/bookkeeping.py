"""Bookkeeping of trials that only the engine needs: tokens, leases, references to checkpoints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from ..trial.record import TrialRow

References = tuple[dict[str, Any], ...]
"""Checkpoints that a trial can go on from, as its row refers to them; the latest last."""


class Bookkeeping:
    """Tokens and leases of the trials that are not over, and the checkpoints of all trials.

    It is fed with the same rows as the history. Samplers and schedulers never see it.
    """

    def __init__(self) -> None:
        self._tokens: dict[int, int] = {}
        self._leases_s: dict[int, float] = {}
        self._checkpoints: dict[int, References] = {}
        self._n_uses: Counter[str] = Counter()

    def put(self, rows: Iterable[TrialRow]) -> None:
        """Note trials as they are stored, in place of what was noted of them before."""
        for row in rows:
            number = row.number
            if row.state.finished:
                self._tokens.pop(number, None)
                self._leases_s.pop(number, None)
            else:
                self._tokens[number] = row.token
                self._leases_s[number] = row.lease_s
            if row.checkpoints or number in self._checkpoints:
                self.set_checkpoints(number, row.checkpoints)

    # -- tokens and leases ----------------------------------------------------------------------

    def token(self, number: int) -> int:
        """Return how often a trial that is not over was handed out; 0 for any other."""
        return self._tokens.get(number, 0)

    def lease_s(self, number: int) -> float:
        """Return until when the worker of a trial may be silent, in seconds since 1970.

        As last read; 0 for a trial that is over.
        """
        return self._leases_s.get(number, 0.0)

    def set_lease(self, number: int, until_s: float) -> None:
        """Note until when the worker of a running trial may be silent."""
        self._leases_s[number] = until_s

    # -- checkpoints ----------------------------------------------------------------------------

    @property
    def checkpoints(self) -> Mapping[int, References]:
        """Number -> references, of the trials that have any; read-only."""
        return MappingProxyType(self._checkpoints)

    def set_checkpoints(self, number: int, references: References) -> None:
        """Note what a trial can go on from, in place of what was noted before."""
        before = self._checkpoints.pop(number, ())
        self._n_uses.subtract(_files(before))
        self._n_uses.update(_files(references))
        if references:
            self._checkpoints[number] = references

    def is_used(self, file: str) -> bool:
        """Whether some trial refers to a file of checkpoints."""
        return self._n_uses[file] > 0


def _files(references: References) -> list[str]:
    """Return the files of some references; a small checkpoint stands in its row and has none."""
    return [r["file"] for r in references if "file" in r]
