"""One finding: what may be wrong, how sure that is, and what to do."""

from __future__ import annotations

from typing import Literal

import msgspec

from ...terminal import escape_lines
from .action import Action

Severity = Literal["note", "advice", "warning"]
SEVERITIES: tuple[Severity, ...] = ("warning", "advice", "note")
"""Severities, the worst first."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a diagnosis found.

    Attributes:
        name: Its name in the catalogue, such as "optimum-at-bound".
        severity: "warning": results are wrong or lost; "advice": a change would gain much; "note":
            good to know.
        title: What is the matter, in one sentence with numbers.
        advice: What to do, in one sentence.
        subject: The parameter that it is about; "" for the study.
        evidence: The numbers on which it rests, name to number.
        p: The p-value, corrected for all tests of one diagnosis; None where nothing is left to
            chance, as with counts.
        remedy: The line of code to write; "" where there is none.
        doubt: What would show that the finding is wrong.
        figure: The figure that shows it, for `Study.plot`.
        action: The remedy as data, for `Study.apply`; None where luthier cannot apply it.
        dismissed: Whether somebody dismissed it; see `Study.dismiss`.
        reason: Why, in their words.
    """

    name: str
    severity: Severity
    title: str
    advice: str
    subject: str = ""
    evidence: dict[str, float] = {}
    p: float | None = None
    remedy: str = ""
    doubt: str = ""
    figure: str = ""
    action: Action | None = None
    dismissed: bool = False
    reason: str = ""

    @property
    def confidence(self) -> float:
        """How sure it is, from 0 to 1: 1 - p, and 1 for counts."""
        return 1.0 if self.p is None else 1.0 - self.p

    def __str__(self) -> str:
        if self.dismissed:
            because = f"\n  because: {self.reason}" if self.reason else ""
            return escape_lines(f"dismissed: {self.title}{because}")
        sure = "" if self.p is None else f" (p = {self.p:.2g})"
        lines = [f"{self.severity}: {self.title}{sure}", f"  {self.advice}"]
        if self.remedy:
            lines.append(f"  write: {self.remedy}")
        return escape_lines("\n".join(lines))
