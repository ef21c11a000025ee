"""Diagnosis of a study: its findings, worst first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from ..history.history import History
from ..numerics.count_tests import holm
from ..trial.record import TrialRow
from ..validation import check_flag, show
from .arguments import read_rows, takes_history
from .findings.case import Case
from .findings.catalogue import CATALOGUE, Detector
from .findings.finding import SEVERITIES, Finding

LEVEL = 0.05
"""Probability that one diagnosis of a healthy study reports anything by chance."""


@takes_history
def diagnose(
    history: History,
    rows: Iterable[TrialRow] = (),
    n_widened: Mapping[str, int] | None = None,
    is_scheduled: bool = False,
    quick: bool = False,
    dismissed: Mapping[tuple[str, str], str] | None = None,
) -> list[Finding]:
    """Return what may be wrong with a study, the worst first.

    The p-values of all tests of one diagnosis are corrected together by Holm's method, and findings
    above 0.05 are left out. A finding that is the cause of others hides them.

    Args:
        history: The trials as columns.
        rows: The trials as records: errors, and curves noted in the tag "curves", are read from
            them. Without them, findings that need these are not looked for.
        n_widened: Parameter to how often its range has been widened already. No range is advised to
            be widened a third time.
        is_scheduled: Whether a scheduler may stop trials.
        quick: Leaves out what needs a model of the results.
        dismissed: Name and parameter ("" for all) of findings that somebody dismissed, to the
            reason. They come last, are marked, and hide no others.

    Raises:
        UnknownParameterError: `n_widened` names a parameter that the space does not have.
        TypeError: An argument is of another type.
    """
    check_flag("is_scheduled", is_scheduled)
    check_flag("quick", quick)
    for name, value in (("n_widened", n_widened), ("dismissed", dismissed)):
        if value is not None and not isinstance(value, Mapping):
            raise TypeError(f"{name} is a dict, got {show(value)}")
    for name in n_widened or ():
        history.space.named(name)
    case = Case(history, read_rows(rows), n_widened, is_scheduled)
    found: list[tuple[Detector, Finding]] = []
    n_tests = 0
    for detector in CATALOGUE:
        if quick and detector.is_slow:
            continue
        for finding in detector.find(case):
            n_tests += finding is None or finding.p is not None
            if finding is not None:
                found.append((detector, finding))
    kept = [
        (detector, _mark(finding, dismissed or {}))
        for detector, finding in _keep_significant(found, n_tests)
    ]
    return sorted(_keep_causes(kept), key=_rank)


def _mark(finding: Finding, dismissed: Mapping[tuple[str, str], str]) -> Finding:
    """Mark a finding as dismissed where it is."""
    for subject in (finding.subject, ""):
        if (finding.name, subject) in dismissed:
            reason = dismissed[finding.name, subject]
            return replace(finding, dismissed=True, reason=reason)
    return finding


def _keep_significant(
    found: list[tuple[Detector, Finding]], n_tests: int
) -> list[tuple[Detector, Finding]]:
    """Correct p-values, and leave out findings that may be chance."""
    p = [finding.p for _, finding in found if finding.p is not None]
    corrected = iter(holm(p, n_tests).tolist())
    kept = [
        (d, finding if finding.p is None else replace(finding, p=next(corrected)))
        for d, finding in found
    ]
    return [(d, finding) for d, finding in kept if finding.p is None or finding.p < LEVEL]


def _keep_causes(found: list[tuple[Detector, Finding]]) -> list[Finding]:
    """Leave out what another finding explains: of the same parameter, or of the whole study."""
    hidden = {
        (name, cause.subject)
        for detector, cause in found
        if not cause.dismissed
        for name in detector.hides
    }
    return [
        finding
        for _, finding in found
        if (finding.name, finding.subject) not in hidden and (finding.name, "") not in hidden
    ]


def _rank(finding: Finding) -> tuple[bool, int, float]:
    return finding.dismissed, SEVERITIES.index(finding.severity), finding.p or 0.0
