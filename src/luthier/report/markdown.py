"""A page as Markdown, for pull requests and model cards."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .blocks import Block, Code, Items, Notice, Page, Pairs, Paragraph, Picture, Table
from .plain import plain, plain_lines

_SPECIAL = re.compile(r"[\\`*\[\]|~$]|(?<!\w)_|_(?!\w)")
_START = re.compile(r"^(\d*)([-+#.)=]+)(?=\s|$)")  # of a heading or a list
_LINKS = re.compile(r"(?<=:)(?=//)|(?<=@)|(?<=www)(?=\.)|(?<=#)(?=\w)", re.IGNORECASE)
_NOTHING = "<!-- -->"  # parts what GitHub would make a link or a mention of


def write_markdown(page: Page) -> str:
    """Return a page as Markdown, as GitHub reads it; figures are told in words.

    Nothing in the names and errors of a study makes a link, a mention or a heading of it.
    """
    lines = [f"# {_text(page.title)}", "", _text(page.lead)]
    for section in page.sections:
        lines += ["", f"## {_text(section.title)}"]
        for block in section.blocks:
            lines += ["", *_write_block(block)]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Text of which Markdown makes nothing."""
    text = plain(text).strip()
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _SPECIAL.sub(r"\\\g<0>", text)
    return _LINKS.sub(_NOTHING, _START.sub(r"\1\\\2", text))


def _write_block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield _text(block.text)
    elif isinstance(block, Items):
        yield from (f"- {_text(text)}" for text in block.texts)
    elif isinstance(block, Pairs):
        yield from (f"- {_text(name)}: {_text(text)}" for name, text in block.pairs)
    elif isinstance(block, Table):
        yield from _write_table(block)
    elif isinstance(block, Picture):
        yield _text(block.words)
    elif isinstance(block, Code):
        yield from _write_code(block.text)
    else:
        yield from _write_notice(block)


def _write_notice(notice: Notice) -> Iterator[str]:
    yield f"- **{notice.severity}**: {_text(notice.title)}"
    yield from (f"  {_text(text)}" for text in notice.texts)
    if notice.remedy:
        yield ""
        yield from (f"  {line}" for line in _write_code(notice.remedy))


def _write_code(text: str) -> Iterator[str]:
    text = plain_lines(text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}python"
    yield from text.split("\n")
    yield fence


def _write_table(table: Table) -> Iterator[str]:
    yield _text(table.caption)
    yield ""
    yield f"| {' | '.join(map(_text, table.headers))} |"
    yield f"|{'---|' * len(table.headers)}"
    yield from (f"| {' | '.join(map(_text, row))} |" for row in table.rows)
