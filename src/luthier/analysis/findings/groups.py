"""Findings of one kind about several parameters, told together."""

from __future__ import annotations

from collections.abc import Sequence

from .finding import Finding

_FEWEST = 3


def group_alike(found: Sequence[Finding]) -> list[tuple[Finding, ...]]:
    """Return findings in groups: those of one name about at least three parameters are one.

    A group stands where its first finding stood; all others are groups of one. What was dismissed
    stays alone.
    """
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in found:
        if finding.subject and not finding.dismissed:
            alike.setdefault((finding.name, finding.severity), []).append(finding)
    groups: list[tuple[Finding, ...]] = []
    for finding in found:
        same = alike.get((finding.name, finding.severity), [])
        if finding.dismissed or len(same) < _FEWEST:
            groups.append((finding,))
        elif finding is same[0]:
            groups.append(tuple(same))
    return groups


def describe_group(group: Sequence[Finding]) -> str:
    """Return the headline of a group, such as "note: flat-parameter, of 3 parameters"."""
    first = group[0]
    return f"{first.severity}: {first.name}, of {len(group)} parameters"
