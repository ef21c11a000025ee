"""Tables: luthier beside a peer for the terminal, and Markdown for the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Comparison:
    """One figure of luthier and of a peer.

    Attributes:
        name: The row.
        luthier: luthier's figure.
        peer: The other's figure.
        unit: Of both.
        at_least: How many times better luthier must be, or None where nothing is promised.
        peer_name: The other library.
        more_is_better: True for rates, False for times.
    """

    name: str
    luthier: float
    peer: float
    unit: str
    at_least: float | None = None
    peer_name: str = "optuna"
    more_is_better: bool = False

    @property
    def ratio(self) -> float:
        """How many times better luthier is; below 1 it is worse."""
        return self.luthier / self.peer if self.more_is_better else self.peer / self.luthier

    def as_dict(self) -> dict[str, Any]:
        """The row of a results file."""
        return {
            "luthier": self.luthier,
            self.peer_name: self.peer,
            "unit": self.unit,
            "ratio": self.ratio,
            "at least": self.at_least,
        }

    def __str__(self) -> str:
        figures = f"{self.luthier:10.3f} {self.peer:10.3f} {self.ratio:8.1f}"
        bound = "-" if self.at_least is None else f"{self.at_least:g}"
        return f"{self.name:48s} {figures} {bound:>9s}  {self.unit}"


def comparison_head(peer_name: str = "optuna") -> str:
    """The line above printed comparisons."""
    return f"{'':48s} {'luthier':>10s} {peer_name:>10s} {'ratio':>8s} {'at least':>9s}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table: the first column to the left, the others to the right."""
    rule = "|" + "|".join(["---", *["---:"] * (len(head) - 1)]) + "|"
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], rule, *lines[1:]])


def percent(share: float) -> str:
    """A share as whole per cent, rounded down: what is not all is not 100 %."""
    return "< 1 %" if share < 0.01 else f"{int(100 * share)} %"


def figure(x: float) -> str:
    """A number with three digits, or with thousands separators from 100 on."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def rounded(tree: Any, digits: int = 4) -> Any:
    """The same dicts and lists with every float rounded to so many significant digits."""
    if isinstance(tree, dict):
        return {key: rounded(value, digits) for key, value in tree.items()}
    if isinstance(tree, list):
        return [rounded(value, digits) for value in tree]
    return float(f"{tree:.{digits}g}") if type(tree) is float else tree
