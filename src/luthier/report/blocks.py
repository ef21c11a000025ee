"""Description of a page that no format owns: sections of blocks, as plain data."""

from __future__ import annotations

from typing import NamedTuple

from ..analysis.findings.finding import Severity
from ..plots.figure import Figure


class Paragraph(NamedTuple):
    """A few sentences."""

    text: str


class Items(NamedTuple):
    """Short texts, one below the other."""

    texts: tuple[str, ...]


class Pairs(NamedTuple):
    """Names, and what each is."""

    pairs: tuple[tuple[str, str], ...]


class Table(NamedTuple):
    """A table; the first column names the rows.

    Attributes:
        caption: What it shows.
        headers: (k,) names of the columns.
        rows: Cells, k in a row.
    """

    caption: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Picture(NamedTuple):
    """A figure.

    Attributes:
        figure: What is drawn.
        words: What is to be seen in it, for those who do not see it.
    """

    figure: Figure
    words: str


class Code(NamedTuple):
    """Lines of Python."""

    text: str


class Notice(NamedTuple):
    """Something that the reader should act on.

    Attributes:
        severity: How bad it is.
        title: What is the matter.
        texts: The advice, the evidence and the doubt.
        remedy: The line of code to write; "" for none.
    """

    severity: Severity
    title: str
    texts: tuple[str, ...]
    remedy: str


Block = Paragraph | Items | Pairs | Table | Picture | Code | Notice


class Section(NamedTuple):
    """A part of a page.

    Attributes:
        name: Short name, for links.
        title: Its heading.
        blocks: What stands below.
    """

    name: str
    title: str
    blocks: tuple[Block, ...]


class Page(NamedTuple):
    """All that a page says.

    Attributes:
        title: Its heading.
        lead: One line below.
        sections: In the order of reading.
    """

    title: str
    lead: str
    sections: tuple[Section, ...]
