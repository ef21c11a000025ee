"""Reports: what a study was and what it found, as one page for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = ["Origin", "Report", "StudyReport", "check_path", "make_report"]

if TYPE_CHECKING:
    from .evidence import Origin as Origin
    from .written import Report as Report
    from .written import StudyReport as StudyReport
    from .written import check_path as check_path
    from .written import make_report as make_report
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Origin": "evidence",
            "Report": "written",
            "StudyReport": "written",
            "check_path": "written",
            "make_report": "written",
        },
    )
