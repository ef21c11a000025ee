"""The figure that is drawn without any library."""

from __future__ import annotations

from html import escape
from pathlib import Path

from .. import backends
from ..figure import Figure
from ..look import Theme
from .endings import check_ending
from .svg import write_svg

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # what the page may load: nothing


class SVGFigure:
    """A drawn figure, which shows itself in a notebook.

    Attributes:
        figure: Its description.
        svg: Its text.
    """

    def __init__(self, figure: Figure, theme: Theme | None = None) -> None:
        self.figure = figure
        self.theme = theme
        self.svg = write_svg(figure, theme)

    def save(self, path: str | Path) -> None:
        """Write it into a file, as its ending says: .svg, .html, .png or .pdf.

        Raises:
            ValueError: The ending is none of these.
            MissingDependencyError: An image or a PDF needs matplotlib.
        """
        path = Path(path)
        ending = check_ending(path, (".svg", ".html", ".png", ".pdf"))
        if ending in (".png", ".pdf"):
            backends.draw_matplotlib(self.figure, self.theme).save(path)
        elif ending == ".html":
            path.write_text(write_page(self.figure.title, self.svg), encoding="utf-8")
        else:
            path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{self.svg}\n', "utf-8")

    def _repr_html_(self) -> str:
        return self.svg

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"SVGFigure({self.figure.title!r}, {len(self.svg):,} bytes; .save('figure.svg'))"


def draw_svg(figure: Figure, theme: Theme | None = None) -> SVGFigure:
    """Draw a figure as SVG.

    Args:
        figure: What is drawn.
        theme: "light" or "dark"; None for what the reader's system shows.
    """
    return SVGFigure(figure, theme)


def write_page(title: str, body: str) -> str:
    """Return a page of HTML that loads nothing.

    Args:
        title: Text, in the bar of the browser.
        body: HTML.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n"
        "<style>:root{color-scheme:light dark}body{margin:16px}svg{max-width:100%;height:auto}"
        f"</style>\n</head>\n<body>\n<main>{body}</main>\n</body>\n</html>\n"
    )
