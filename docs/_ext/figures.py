"""Figures of the pages, drawn when the site is built.

    <!-- figure: history -->    a figure of one study, made here from numbers
    <!-- drawn -->              what the block of Python above ends with, such as study.plot("edf")

Where a page has the second, all its blocks of Python are run, in order and in one namespace.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import logging
import math
import re
from typing import Any

import numpy as np
from sphinx.application import Sphinx

from luthier import Categorical, Float, History, Int, Space, plots
from luthier.plots.backends.svg import write_svg
from luthier.plots.figure import Figure
from luthier.testing import history, trial

_COMMENT = re.compile(r"<!-- figure: (\w+) -->")
_DRAWN = "<!-- drawn -->"
_BLOCK = re.compile(rf"^```python\n(.*?)^```\n(?:\n({_DRAWN})\n)?", re.DOTALL | re.MULTILINE)


def write_figures(text: str) -> str:
    """Return a page with each of these comments replaced by the figure."""
    if _DRAWN in text:
        logging.getLogger("luthier").setLevel(logging.ERROR)  # a line for each trial is too much
        names: dict[str, Any] = {"__name__": "__main__"}
        text = _BLOCK.sub(lambda found: draw_block(found, names), text)
    return _COMMENT.sub(lambda found: draw_example(found[1]), text)


def draw_block(found: re.Match[str], names: dict[str, Any]) -> str:
    """Run a block in a namespace, and return it with the figure that it ends with, if asked for."""
    tree = ast.parse(found[1])
    last = tree.body.pop() if found[2] else None
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(tree, "page", "exec"), names)
        if last is None:
            return found[0]
        assert isinstance(last, ast.Expr)
        assert isinstance(last.value, ast.Call)
        last.value.keywords.append(ast.keyword("backend", ast.Constant("svg")))
        call = ast.fix_missing_locations(ast.Expression(last.value))
        drawn = eval(compile(call, "page", "eval"), names)
    return found[0].replace(_DRAWN, to_html(drawn.figure))


def draw_example(name: str) -> str:
    """Return a figure of the example as a block of raw HTML."""
    return to_html(plots.plot(make_example(), name, backend="svg").figure)


def to_html(figure: Figure) -> str:
    """Return a figure as a block of raw HTML."""
    return f'```{{raw}} html\n<div class="study-figure">{write_svg(figure)}</div>\n```'


@functools.cache
def make_example() -> History:
    """Return a study of 80 trials, some of which failed, were stopped, or broke a constraint."""
    space = Space(
        {
            "lr": Float(1e-5, 1e-1, scale="log"),
            "layers": Int(1, 5),
            "kind": Categorical(["cnn", "mlp", "transformer"]),
        }
    )
    rng = np.random.default_rng(0)
    rows = []
    for i, params in enumerate(space.decode(space.sample(rng, 80))):
        lr, layers, kind = params.values()
        loss = 0.1 + 0.05 * (math.log10(lr) + 3) ** 2 + 0.02 * layers + 0.04 * (kind == "mlp")
        loss *= math.exp(0.05 * rng.normal())
        rows.append(
            trial(
                params,
                loss,
                reports=[loss + math.exp(-step / 3) for step in range(1, 11)],
                constraints={"memory": layers - 4.5},
                started_s=60.0 * (i // 4),
                finished_s=60.0 * (i // 4) + 40 + 20 * rng.random(),
            )
        )
    return history(*rows, space=space, objectives=["loss"])


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("source-read", lambda app, page, source: source.append(write_figures(source.pop())))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
