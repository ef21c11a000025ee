"""Hints for what people write in rules by habit, and what to write instead."""

from __future__ import annotations

import re

# What stands before the character that cannot be read, what stands from there on, and the hint.
_HINTS = tuple(
    (re.compile(before, re.IGNORECASE), re.compile(after, re.IGNORECASE), hint)
    for before, after, hint in (
        (r"=$", r">", "write >="),
        (r"=$", r"<", "write <="),
        (r"<$", r">", "write !="),
        (r"\b(max|maximi[sz]e|best|most|highest|greatest)$", r"[^\W\d]|`", "write largest"),
        (r"", r"(max|maximi[sz]e|best|most|greatest|descending|desc)\b", "write largest"),
        (r"\b(min|minimi[sz]e|least|lowest|fewest)$", r"[^\W\d]|`", "write smallest"),
        (r"", r"(min|minimi[sz]e|least|fewest|ascending|asc)\b", "write smallest"),
        (r"", r"subject\b", "conditions come first: accuracy > 0.5, then smallest latency_ms"),
        (r"(^|\W)not$", r"", "write != for not equal"),
        (r"(^|\W)!$|^$", r"!", "write != for not equal"),
        (r"", r"&", "write and"),
        (r"", r"\||or\b", "for either-or, choose by two rules and compare"),
        (r"\bin$", r"[\[({]", "for one of several values, choose by two rules and compare"),
        (r"", r"(not\s+)?in\b", "for one of several values, choose by two rules and compare"),
        (r"", r"between\b", "write 0.1 <= accuracy <= 0.5"),
        (r"", r"is\b", "write == for equal, != for not"),
        (r"[\d.]$", r"%", "write a share as a number, 0.9 for 90%"),
        (r"[\w)\]]$", r"[*/+^(-]", "a rule does not compute: note the result with trial.set_tag"),
        (r"\d\s*$", r"[^\W\d]", "numbers have no unit"),
        (r"", r"\d", "numbers have no unit"),
        (r"\d,\d+$", r"$", "numbers have a point, 0.5"),
        (r"", r"['\"`]", "it does not end"),
    )
)


def find_hint(text: str, at: int) -> str:
    """Return what to write instead of what stands at a character of a rule; "" if nobody knows.

    Args:
        text: The rule.
        at: The character at which it cannot be read.
    """
    before, after = text[:at].rstrip(), text[at:]
    for is_before, is_after, hint in _HINTS:
        if is_before.search(before) and is_after.match(after):
            return hint
    return ""
