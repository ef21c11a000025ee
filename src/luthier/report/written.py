"""A report as an object: it shows itself in a notebook, and saves itself."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from html import escape
from pathlib import Path

from ..history.history import History
from ..plots.backends.endings import check_ending
from ..trial.record import TrialRow
from .blocks import Page
from .contents import describe_study
from .evidence import Origin, gather
from .html import write_html
from .markdown import write_markdown

ENDINGS = (".html", ".md")


class Report:
    """A page that saves itself.

    Attributes:
        page: What it says, as plain data.
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def html(self) -> str:
        """The report as one page of HTML that loads nothing."""
        return write_html(self.page)

    @property
    def markdown(self) -> str:
        """The report as Markdown, with figures in words."""
        return write_markdown(self.page)

    def save(self, path: str | Path) -> None:
        """Write it into a file, as its ending says: .html or .md.

        Raises:
            ValueError: The ending is neither.
            OSError: The file cannot be written.
        """
        text = self.html if check_path(path) == ".html" else self.markdown
        Path(path).write_text(text, encoding="utf-8", newline="\n")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.page.title!r}; .save('report.html'))"


class StudyReport(Report):
    """The report of a study, which shows itself in a notebook.

    Attributes:
        page: What it says, as plain data.
    """

    def _repr_html_(self) -> str:
        """The page in a frame of its own, so that its style is not that of the notebook."""
        return (
            f'<iframe title="{escape(self.page.title)}" sandbox="" width="100%" height="640" '
            f'srcdoc="{escape(self.html)}"></iframe>'
        )


def check_path(path: str | Path) -> str:
    """Return the ending of a file that a report can be written into.

    Raises:
        ValueError: It is neither .html nor .md.
        FileNotFoundError: Its folder is not there.
    """
    ending = check_ending(Path(path), ENDINGS)
    folder = Path(path).parent
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(folder))
    return ending


def make_report(history: History, rows: Sequence[TrialRow], origin: Origin) -> StudyReport:
    """Make the report of a study.

    Args:
        history: The trials as columns.
        rows: The same trials as records.
        origin: Where the study comes from.
    """
    return StudyReport(describe_study(gather(history, rows, origin)))
