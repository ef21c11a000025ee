"""A page as HTML: one file without script, which loads nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from html import escape

from ..plots.backends.svg import write_svg
from .blocks import Block, Code, Items, Notice, Page, Pairs, Paragraph, Picture, Section, Table
from .plain import plain, plain_figure, plain_lines
from .style import STYLE

_MAX_HOVERS = 150


def write_html(page: Page) -> str:
    """Return a page as HTML.

    It holds all that it shows. Its policy lets a browser run no script, load nothing, and take no
    style but its own, whatever stands in the names and errors of a study.
    """
    title = _text(page.title)
    links = "".join(f'<li><a href="#{s.name}">{_text(s.title)}</a></li>' for s in page.sections)
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(write_policy())}">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f'<link rel="icon" href="data:,">\n<title>{title}</title>\n<style>{STYLE}</style>',
            f"</head>\n<body>\n<header><h1>{title}</h1><p>{_text(page.lead)}</p></header>",
            f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n<main>',
            *(_write_section(section) for section in page.sections),
            "</main>\n</body>\n</html>\n",
        )
    )


def write_policy() -> str:
    """Return the policy of the page, for a browser."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _text(text: str) -> str:
    return escape(plain(text))


def _write_section(section: Section) -> str:
    name = section.name
    head = f'<section id="{name}" aria-labelledby="{name}-title">'
    title = f'<h2 id="{name}-title">{_text(section.title)}</h2>'
    body = "\n".join(line for block in section.blocks for line in _write_block(block))
    return f"{head}{title}\n{body}\n</section>"


def _write_block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield f"<p>{_text(block.text)}</p>"
    elif isinstance(block, Items):
        yield _write_items(block.texts)
    elif isinstance(block, Pairs):
        pairs = (f"<dt>{_text(name)}</dt><dd>{_text(text)}</dd>" for name, text in block.pairs)
        yield f"<dl>{''.join(pairs)}</dl>"
    elif isinstance(block, Table):
        yield _write_table(block)
    elif isinstance(block, Picture):
        svg = write_svg(plain_figure(block.figure, _MAX_HOVERS), style=False)
        yield f"<figure>{svg}<figcaption>{_text(block.words)}</figcaption></figure>"
    elif isinstance(block, Code):
        yield _write_code(block.text)
    else:
        yield _write_notice(block)


def _write_items(texts: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{_text(text)}</li>' for text in texts)}</ul>"


def _write_code(text: str) -> str:
    code = escape(plain_lines(text))
    return f'<pre class="pre" tabindex="0"><code>{code}</code></pre>'


def _write_notice(notice: Notice) -> str:
    title = f"<h3><span>{notice.severity}</span>{_text(notice.title)}</h3>"
    texts = "".join(f"<p>{_text(text)}</p>" for text in notice.texts)
    remedy = _write_code(notice.remedy) if notice.remedy else ""
    return f'<article class="{notice.severity}">{title}{texts}{remedy}</article>'


def _write_table(table: Table) -> str:
    numeric = [all(_is_number(row[j]) for row in table.rows) for j in range(len(table.headers))]
    kinds = [' class="n"' if is_number else "" for is_number in numeric]
    caption = _text(table.caption)
    heads = zip(kinds, table.headers, strict=True)
    head = "".join(f'<th scope="col"{kind}>{_text(name)}</th>' for kind, name in heads)
    rows = []
    for first, *others in table.rows:
        cells = zip(kinds[1:], others, strict=True)
        rest = "".join(f"<td{kind}>{_text(cell)}</td>" for kind, cell in cells)
        rows.append(f'<tr><th scope="row"{kinds[0]}>{_text(first)}</th>{rest}</tr>')
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{caption}"><table>'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _is_number(cell: str) -> bool:
    """Whether a cell is a number, a share or empty, so that it stands at the right."""
    try:
        float(cell.replace(",", "").removesuffix(" %") or 0)
    except ValueError:
        return False
    return True
