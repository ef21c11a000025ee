"""One page that tells what happened: words, figures, tables and the audit log. It loads nothing."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from model import MODEL

import luthier
from luthier import plots
from luthier.plots import Bars, Figure, Line, Panel, PanelAxis, Text
from luthier.registry import Registry

BLOCK = 100  # users over which a mean is taken

STYLE = """
:root { color-scheme: light dark; --ink: #24292f; --soft: #57606a; --line: #d0d7de; --paper: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9da7b1; --line: #3d444d; --paper: #0d1117 } }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: var(--ink);
  background: var(--paper); font: 16px/1.55 system-ui, sans-serif }
h2 { margin-top: 2.5rem } figure { margin: 1rem 0 } svg { max-width: 100%; height: auto }
p.lead { font-size: 1.15rem } .soft { color: var(--soft) }
table { border-collapse: collapse; font-size: .9rem } .wide { overflow-x: auto }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid var(--line) } code { overflow-wrap: anywhere }
"""


class Story:
    """What happened, in the order of the users."""

    def __init__(self) -> None:
        self.events: list[tuple[int, str]] = []
        self.turns: list[tuple[int, str]] = []
        self.errors: list[float] = []
        self.challenged: list[float] = []

    @property
    def n_users(self) -> int:
        """How many users were answered."""
        return len(self.errors)

    def tell(self, text: str, turn: str = "") -> None:
        """Note an event, and print it; a turn is named in the figures too."""
        self.events.append((self.n_users, text))
        if turn:
            self.turns.append((self.n_users, turn))
        print(f"after {self.n_users:6,} users: {text}")

    def note(self, is_challenger: bool, error: float) -> None:
        """Note who answered a user, and whether wrongly."""
        self.challenged.append(float(is_challenger))
        self.errors.append(error)


def write_page(
    path: Path,
    story: Story,
    registry: Registry,
    searches: Sequence[luthier.Study],
) -> Path:
    """Write the page, and return its path."""
    first, retuned = searches
    events = registry.history(MODEL)
    damage = registry.verify(MODEL)
    chain = "Every event fits its hash" if damage is None else f"Event {damage.number} is damaged"
    parts = [
        "<h1>A model that stays good</h1>",
        f'<p class="lead">A model that reads digits answered {story.n_users:,} users. A new '
        "scanner made it useless: that was noticed, a new model was searched for and rolled out, "
        "and a bad one after it was taken back. Nobody had to watch.</p>",
        "<h2>What the users saw</h2>",
        _draw(story, story.errors, "Share of wrong answers", "wrong answers"),
        _draw(story, story.challenged, "Share of the users whom a challenger answered", "share"),
        f'<p class="soft">Means of {BLOCK} users each.</p>',
        "<h2>What happened</h2>",
        _write_table(["after users", "what"], ((f"{n:,}", text) for n, text in story.events)),
        "<h2>What the new scanner cost, and what regained it</h2>",
        _draw_retuning(registry),
        "<h2>The searches</h2>",
        f"<p>{_count(first)} In two processes, each trial looked at more and more images, and bad "
        "ones ended early. No other trial beats those on the front in both error and size.</p>",
        f"<figure>{plots.pareto(first, backend='svg').svg}</figure>",
        f"<p>{_count(retuned)} It began with what the first search had found out.</p>",
        f"<figure>{plots.pareto(retuned, backend='svg').svg}</figure>",
        "<h2>The versions</h2>",
        _write_table(
            ["version", "params", "error on unseen images", "from", "why"],
            (
                (
                    v.name,
                    ", ".join(f"{name} {value:.3g}" for name, value in v.params.items()),
                    f"{v.content.metrics['error']:.1%}",
                    "by hand" if v.content.source is None else v.content.source.study,
                    v.why,
                )
                for v in registry.versions(MODEL)
            ),
        ),
        "<h2>The gates</h2>",
        _write_table(
            ["version", "gate", "verdict", "because"],
            (
                (e.subject.removeprefix("gates of "), g["name"], g["verdict"], g["because"])
                for e in events
                if e.action == "tested"
                for g in e.after["gates"]
            ),
        ),
        "<h2>The audit log</h2>",
        f"<p>{chain}. The last hash, to be kept elsewhere: <code>{events[-1].sha256}</code></p>",
        _write_table(
            ["event", "what", "of", "why"],
            ((e.number, e.action, e.subject, e.reason) for e in events),
        ),
    ]
    path.write_text(
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>A model that stays good</title>\n<style>{STYLE}</style>\n<main>\n"
        + "\n".join(parts)
        + "\n</main>\n</html>\n",
        encoding="utf-8",
    )
    return path


def _draw(story: Story, values: Sequence[float], title: str, label: str) -> str:
    """Draw means over the users, with a line at each turn of the story."""
    y = np.array([np.mean(values[i : i + BLOCK]) for i in range(0, len(values), BLOCK)])
    x = np.arange(len(y)) * float(BLOCK)
    layers: list[Any] = [Line(x=x, y=y, steps=True)]
    for i, (n, turn) in enumerate(story.turns):
        layers.append(Line(x=np.array([n, n]), y=np.array([0.0, 1.0]), colour="grey", dashed=True))
        layers.append(Text(x=float(n), y=0.95 - 0.08 * (i % 4), text=f" {turn}", align="left"))
    panel = Panel(
        layers=tuple(layers),
        x=PanelAxis(label="users", low=0.0),
        y=PanelAxis(label=label, low=0.0, high=1.0),
    )
    figure = Figure(title=title, panels=(panel,), height=240)
    return f"<figure>{plots.draw(figure, 'svg').svg}</figure>"


def _draw_retuning(registry: Registry) -> str:
    """Draw the error of the champion, and of what was trained to replace it."""
    rows = [e.after for e in registry.history(MODEL) if e.subject == "retuning"]
    errors = {
        "before": rows[-1]["loss_before"],
        "with the new scanner": rows[-1]["loss_now"],
        "refitted": next(row["loss_new"] for row in rows if row["loss_new"] is not None),
        "retuned": rows[-1]["loss_new"],
    }
    at = np.arange(float(len(errors)))
    end = np.array(list(errors.values()))
    bars = Bars(at=at, start=np.zeros(len(end)), end=end, horizontal=True)
    numbers = [
        Text(x=v, y=i, text=f" {v:.1%}", align="left") for i, v in enumerate(errors.values())
    ]
    panel = Panel(
        layers=(bars, *numbers),
        x=PanelAxis(label="wrong answers on images that no training saw", low=0.0, high=1.0),
        y=PanelAxis(scale="category", categories=tuple(errors), reverse=True),
    )
    figure = Figure(title="Error of the champion, and of what replaced it", panels=(panel,))
    return f"<figure>{plots.draw(figure, 'svg').svg}</figure>"


def _count(study: luthier.Study) -> str:
    ended = sum(row.state == luthier.State.PRUNED for row in study.trials)
    return f"The study {study.name!r} has {len(study.trials)} trials, of which {ended} ended early."


def _write_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    def write(cells: Iterable[Any], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(str(c))}</{tag}>" for c in cells) + "</tr>"

    lines = [write(head, "th"), *(write(row, "td") for row in rows)]
    return '<div class="wide"><table>' + "\n".join(lines) + "</table></div>"
