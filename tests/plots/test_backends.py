"""Every figure in every back end: well-formed, small, inert, and as the reader's system is."""

import contextlib
import io
import itertools
import math
import re
import sys
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import font_manager

import luthier
from luthier import Categorical, Float, Int, Space, State, plots
from luthier.errors import MissingDependencyError, StudyError
from luthier.plots import backends
from luthier.plots.backends.fonts import choose_families, replace_missing
from luthier.plots.backends.svg import write_style, write_svg
from luthier.plots.by_name import list_figures
from luthier.plots.drawing import choose_backend, draw
from luthier.plots.figure import (
    Band,
    Bars,
    Dots,
    Figure,
    Heat,
    Line,
    Panel,
    PanelAxis,
    Shades,
    Text,
)
from luthier.plots.layout import arrange
from luthier.plots.look import DARK, LIGHT, TITLE_SIZE, mix_colours, shade_positions
from luthier.plots.texts import clean_text, measure_text
from luthier.testing.histories import history, trial

FIGURES = list_figures()
BACKENDS = ["svg", "matplotlib", "plotly"]
MATPLOTLIB_IS_SLOW = ["svg", "plotly", pytest.param("matplotlib", marks=pytest.mark.slow)]
HOSTILE = [
    "</svg><script>alert(1)</script>",
    '" onload="alert(1)',
    "&amp;<b>bold</b>",
    "$\\frac{$",
    "a\x00b\x1b[31m\u202edcba",
    "_hidden",
    "1e-3",
    "x" * 5_000,
]
SVG = "{http://www.w3.org/2000/svg}"


def figure_of_all_layers():
    x = np.linspace(1, 10, 20)
    shades = Shades(label="z", low=1, high=100, log=True)
    one = Panel(
        layers=(
            Heat(
                x_edges=np.linspace(1, 10, 4), y_edges=np.array([1.0, 5, 10]), shade=np.ones((2, 3))
            ),
            Band(x=x, low=x, high=x + 1, label="band", steps=True),
            Line(x=x, y=np.where(x > 5, x, np.nan), label="line", steps=True, dashed=True),
            Line(x=x, y=x, shade=3.0, faint=True),
            Dots(x=x, y=x, shade=x, label="dots", hover=tuple(map(str, x))),
            Dots(x=x, y=x, label="hollow", hollow=True, colour="red"),
            Text(x=5, y=5, text="word", align="left"),
        ),
        x=PanelAxis(label="x", scale="log"),
        y=PanelAxis(label="y"),
        title="first",
    )
    bars = Bars(
        at=np.arange(3.0),
        start=np.zeros(3),
        end=np.array([1.0, 2, 3]),
        horizontal=True,
        interval=np.array([[0.5, 1.5], [1, 3], [np.nan, np.nan]]),
        label="bars",
    )
    names = PanelAxis(scale="category", categories=("1e-3", "b", "c"), reverse=True)
    two = Panel(layers=(bars,), x=PanelAxis(scale="duration"), y=names)
    three = Panel(
        layers=(Bars(at=np.arange(2.0), start=np.zeros(2), end=np.ones(2), hollow=True),),
        x=PanelAxis(scale="time", low=1.7e9, high=1.7e9 + 5e4),
        y=PanelAxis(reverse=True),
    )
    return Figure(
        title="all", panels=(one, two, three), n_columns=2, shades=shades, notes=("note",)
    )


def mixed_history(n=60):
    """Conditional, with constraints, failures, an infinite value and choices of several types."""
    space = Space(
        {
            "lr": Float(1e-5, 1, scale="log"),
            "kind": Categorical(["1e-3", None, True, 3]),
            "layers": Int(1, 5, when={"kind": [None, 3]}),
            "momentum": Float(0.5, 0.999, scale="reverse_log"),
            "constant": Float(2.0, 2.0),
        }
    )
    rng = np.random.default_rng(0)
    rows = []
    for i, point in enumerate(space.decode(space.sample(rng, n))):
        state = State.FAILED if i % 9 == 8 else State.COMPLETE
        value = math.inf if i == 3 else float(rng.normal())
        times = {"started_s": float(i), "finished_s": i + 0.5}
        limits = {"c": float(rng.normal() - 1)}
        rows.append(
            trial(
                point,
                value if state == State.COMPLETE else None,
                state,
                constraints=limits,
                **times,
            )
        )
    return history(*rows, space=space)


def draw_all(given, backend="svg"):
    """All figures of a history that can be drawn; the others say in words why not."""
    found = {}
    for name in FIGURES:
        with contextlib.suppress(StudyError):
            found[name] = plots.plot(given, name, backend=backend)
    return found


def parse(svg):
    """The elements of an SVG, after looking that it is well-formed and inert."""
    root = ET.fromstring(svg)
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in {
            *("svg", "title", "style", "rect", "text", "path", "g", "circle"),
        }
        assert not any(name.startswith("on") or "href" in name for name in element.attrib)
        assert "style" not in element.attrib
    return list(root.iter())


def render(figure):
    """What a reader of matplotlib's or plotly's figure would make of it."""
    if hasattr(figure, "savefig"):
        figure.savefig(io.BytesIO(), dpi=30)
        return True
    return figure.to_json() if hasattr(figure, "to_json") else figure.svg


# -- one figure of everything ----------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("theme", [None, "light", "dark"])
def test_all_layers_and_axes_are_drawn(backend, theme):
    assert render(draw(figure_of_all_layers(), backend, theme))


def test_svg_has_one_element_for_what_looks_the_same():
    elements = parse(write_svg(figure_of_all_layers()))
    titles = [e.text for e in elements if e.tag == f"{SVG}title"]
    assert titles[0] == "all"
    assert len(titles) == 1 + 20  # one for each dot that says something
    words = {e.text for e in elements if e.tag == f"{SVG}text"}
    assert {"all", "first", "x", "y", "z", "note", "word", "band", "line", "1e-3"} <= words
    assert sum(e.tag == f"{SVG}circle" for e in elements) == 20 + 20 + 2


def test_svg_is_dark_where_the_system_is_and_light_on_paper():
    style = write_style()
    assert "@media screen and (prefers-color-scheme:dark)" in style
    assert style.index(LIGHT.background) < style.index(DARK.background)
    assert DARK.background not in write_style("light")
    assert LIGHT.background not in write_style("dark")
    assert "<style>" not in write_svg(figure_of_all_layers(), style=False)


def test_svg_needs_nothing_from_elsewhere():
    svg = write_svg(figure_of_all_layers())
    assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]
    assert " id=" not in svg
    assert "url(" not in svg


def test_plotly_draws_each_layer_as_one_trace_and_words_as_notes():
    figure = draw(figure_of_all_layers(), "plotly")
    assert len(figure.data) == 9
    [word] = [note for note in figure.layout.annotations if note.text == "word"]
    assert (word.xref, word.xanchor, word.x) == ("x", "left", math.log10(5))
    assert word.bgcolor == figure.layout.plot_bgcolor  # readable on lines
    assert figure.layout.xaxis.type == "log"
    # A choice that looks like a number stays the text that it is.
    assert figure.layout.yaxis2.ticktext[0] == "1e-3"
    assert figure.layout.yaxis2.type == "linear"
    shown = [trace.name for trace in figure.data if trace.showlegend]
    assert shown == ["band", "line", "dots", "hollow", "bars"]


def test_plotly_draws_a_colour_bar_for_lines_too():
    shades = Shades(label="z", low=0, high=1)
    lines = (Line(x=np.arange(2.0), y=np.arange(2.0), shade=0.5),)
    panel = Panel(layers=lines, x=PanelAxis(), y=PanelAxis())
    figure = draw(Figure(title="lines", panels=(panel,), shades=shades), "plotly")
    assert [t.marker.coloraxis for t in figure.data if t.mode == "markers"] == ["coloraxis"]


def test_plotly_says_of_bars_and_dots_only_what_is_pointed_at():
    one = np.ones(1)
    layers = (
        Bars(at=one, start=0 * one, end=one, hover=("a long text",)),
        Dots(x=one, y=one, hollow=True, hover=("another",)),
    )
    figure = Figure(title="t", panels=(Panel(layers=layers, x=PanelAxis(), y=PanelAxis()),))
    bars, dots = draw(figure, "plotly").data
    assert bars.text is None
    assert bars.hovertext == ("a long text",)
    assert dots.hovertext == ("another",)
    assert dots.marker.opacity == 1  # a thin ring, half seen through, would vanish


def test_plotly_turns_no_labels_of_numbers():
    figure = draw(figure_of_all_layers(), "plotly")
    assert figure.layout.xaxis.tickangle == 0
    assert figure.layout.xaxis.exponentformat == "e"


def test_matplotlib_leaves_pyplot_alone():
    draw(figure_of_all_layers(), "matplotlib")
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


# -- every figure, of every kind of study ----------------------------------------------------------


@pytest.mark.parametrize("backend", MATPLOTLIB_IS_SLOW)
def test_every_figure_of_a_mixed_study_is_drawn(backend):
    found = draw_all(mixed_history(), backend)
    assert found.keys() >= {"history", "slices", "parallel", "rank", "edf", "timeline"}
    assert all(map(render, found.values()))


ODD = {
    "none": [],
    "one": [trial({"x": 0.5}, 1.0)],
    "equal": [trial({"x": 0.5}, 1.0), trial({"x": 0.5}, 1.0)],
    "failed": [trial({"x": 0.5}, state=State.FAILED)] * 3,
    "infinite": [trial({"x": 0.1}, math.inf), trial({"x": 0.2}, -math.inf)],
    "huge": [trial({"x": 0.1}, 1e308), trial({"x": 0.2}, -1e308)],
    "tiny": [trial({"x": 0.1}, 1e-320), trial({"x": 0.2}, 0.0)],
    "infeasible": [trial({"x": 0.1}, 1.0, constraints={"c": math.nan})],
}


@pytest.mark.parametrize("rows", ODD.values(), ids=ODD)
def test_odd_studies_are_drawn_or_refused_in_words(rows):
    for figure in draw_all(history(*rows)).values():
        parse(figure.svg)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["matplotlib", "plotly"])
@pytest.mark.parametrize("rows", ODD.values(), ids=ODD)
def test_odd_studies_are_drawn_by_libraries_too(rows, backend):
    for figure in draw_all(history(*rows), backend).values():
        assert render(figure)


@pytest.mark.parametrize("backend", MATPLOTLIB_IS_SLOW)
def test_hostile_names_are_inert(backend):
    dists = {name: Float(0, 1) for name in HOSTILE}
    space = Space({**dists, "kind": Categorical(HOSTILE)})
    rows = [trial({**dict.fromkeys(HOSTILE, 0.5), "kind": k}, 1.0) for k in HOSTILE]
    for name, figure in draw_all(history(*rows, space=space, objectives=[HOSTILE[0]])).items():
        out = render(draw(figure.figure, backend))
        assert out, name
        if backend == "svg":
            parse(out)
        elif backend == "plotly":
            assert "<script" not in out
            assert "<b>" not in out


@pytest.mark.parametrize("name", ["学习率", "ガウス", "активация", "emoji 🦀 \u0e01"])
def test_signs_that_no_font_has_are_squares_without_a_warning(name, tmp_path):
    given = history(
        *[trial({name: i / 9}, float(i)) for i in range(10)], objectives=[f"{name} <b>"]
    )
    plots.slices(given, backend="matplotlib").save(tmp_path / "a.png")  # warnings are errors
    families = choose_families()
    shown = replace_missing(name, families)
    assert len(shown) == len(name)
    assert all(a in (b, "□") for a, b in zip(shown, name, strict=True))
    assert replace_missing("lr_1 активация", families) == "lr_1 активация"


def test_a_font_that_has_the_signs_is_used_where_it_is_installed():
    installed = {font.name for font in font_manager.fontManager.ttflist}
    assert choose_families()[0] == "sans-serif"
    assert set(choose_families()[1:]) <= installed


def test_titles_are_cut_where_the_widest_font_would_leave_the_figure():
    long = Figure(title="What was left to be gained in a very long objective " * 3)
    shown = arrange(long).title
    assert measure_text(shown, TITLE_SIZE, bold=True) <= 720 - 24
    assert measure_text("ab", 10, bold=True) > measure_text("ab", 10)


def test_control_characters_and_turns_of_direction_are_replaced():
    assert clean_text("a\x00b\ud800c\u202ed\ne") == "a�b�c�d e"
    assert len(clean_text("x" * 5_000)) == 300


# -- sizes -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many():
    rng = np.random.default_rng(0)
    space = Space({f"p{i}": Float(0, 1) for i in range(50)})
    points = rng.random((20_000, 50))
    rows = [
        trial(
            dict(zip(space.names, p, strict=True)),
            float(p[0]),
            started_s=i * 1.0,
            finished_s=i + 0.9,
        )
        for i, p in enumerate(points.tolist())
    ]
    return history(*rows, space=space)


@pytest.fixture(scope="module")
def many_of_two():
    """Many trials of two objectives, for figures that need these."""
    points = np.random.default_rng(0).random((20_000, 2)).tolist()
    rows = [trial({"x": a}, (a + b, (1 - a) ** 2 + b)) for a, b in points]
    return history(*rows, directions=["minimize"] * 2)


@pytest.fixture(scope="module")
def many_reports():
    """Many trials that reported, for figures of reports."""
    points = np.random.default_rng(0).random((20_000, 2)).tolist()
    return history(*[trial({"x": a}, a + b, reports=[a + 2, a + 1, a + b]) for a, b in points])


@pytest.fixture(scope="module")
def many_leaders():
    """Many leaders that were run anew."""
    rows = [trial({"x": i / 2000}, float(i)) for i in range(2000)]
    again = [
        trial({"x": i / 2000}, i + r / 5, tags={"confirms": i, "repeat": r})
        for i in range(2000)
        for r in range(5)
    ]
    return history(*rows, *again)


@pytest.fixture(scope="module")
def many_folds():
    """A study of many trials of ten folds."""
    study = luthier.create_study(space={"x": Float(0, 1)})
    scores = np.random.default_rng(0).random((5000, 10)).tolist()
    study.add_trials([trial({"x": s[0]}, s[1], tags={"folds": s}) for s in scores])
    return study


OF_HISTORIES = {
    "confirmation": "many_leaders",
    "folds": "many_folds",
    "attainment": "many_of_two",
    "hypervolume": "many_of_two",
    "pareto": "many_of_two",
    "curves": "many_reports",
    "rank_correlation": "many_reports",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_many_trials_make_no_large_figure(request, name):
    many = request.getfixturevalue(OF_HISTORIES.get(name, "many"))
    svg = plots.plot(many, name, backend="svg").svg
    assert len(svg) < 3_000_000
    assert len(parse(svg)) < 7_000
    assert len(plots.plot(many, name, backend="plotly").to_json()) < 3_000_000


# -- back ends -------------------------------------------------------------------------------------


def test_the_back_end_fits_the_place(monkeypatch):
    missing = set()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in missing else name)
    assert choose_backend() == "matplotlib"
    missing.add("matplotlib")
    assert choose_backend() == "svg"
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert choose_backend() == "plotly"
    missing.add("plotly")
    assert choose_backend() == "svg"


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    monkeypatch.delitem(sys.modules, "luthier.plots.backends.plotly", raising=False)
    monkeypatch.delitem(vars(backends), "draw_plotly", raising=False)
    with pytest.raises(MissingDependencyError, match=r"pip install 'luthier\[plot\]'"):
        draw(figure_of_all_layers(), "plotly")


@pytest.mark.parametrize("options", [{"backend": "bokeh"}, {"theme": "neon"}])
def test_unknown_back_ends_and_themes_are_refused(options):
    with pytest.raises(ValueError, match="must be"):
        draw(figure_of_all_layers(), **options)


@pytest.mark.parametrize(
    ("backend", "endings"),
    [
        ("svg", [".svg", ".html", ".png", ".pdf"]),
        ("matplotlib", [".svg", ".png", ".pdf"]),
        ("plotly", [".html"]),
    ],
)
def test_figures_are_saved_as_their_ending_says(backend, endings, tmp_path):
    begins = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}
    figure = draw(figure_of_all_layers(), backend)
    for ending in endings:
        path = tmp_path / f"figure{ending}"
        figure.save(path)
        assert path.read_bytes().startswith(begins.get(ending, b"<"))
        assert b"https://cdn" not in path.read_bytes()[:3_000]
    with pytest.raises(ValueError, match="expected a file that ends in"):
        figure.save(tmp_path / "figure.gif")


def test_a_page_loads_nothing(tmp_path):
    draw(figure_of_all_layers(), "svg").save(tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text()
    assert "default-src &#x27;none&#x27;" in page
    assert "<script" not in page


def test_figures_show_themselves_in_notebooks():
    figure = figure_of_all_layers()
    drawn = draw(figure, "svg")
    assert drawn._repr_html_() == drawn._repr_svg_() == drawn.svg
    assert "SVGFigure('all'" in repr(drawn)
    assert draw(figure, "matplotlib")._repr_png_().startswith(b"\x89PNG")
    assert draw(figure, "plotly")._repr_mimebundle_


# -- colours ---------------------------------------------------------------------------------------


def luminance(colour):
    """Relative luminance of a colour (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(a, b):
    bright, dim = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_marks_stand_out_from_the_paper(look):
    assert contrast(look.ink, look.background) > 7
    for colour in look.colours.values():
        assert contrast(colour, look.background) > 2.3


# Linear RGB as people without red, and without green, see it (Machado 2009, full severity).
SIGHTS = {
    "usual": np.eye(3),
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
}


def to_lab(colour, sight):
    """CIE Lab of a colour as people with some sight see it."""
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    seen = np.clip(np.asarray(SIGHTS[sight]) @ linear, 0, 1)
    x, y, z = np.cbrt(np.asarray(to_xyz) @ seen / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("sight", SIGHTS)
def test_states_are_told_apart_by_all_people(look, sight):
    states = [to_lab(look.colours[c], sight) for c in ("blue", "orange", "red", "green")]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(states, 2)) > 25


def test_shades_grow_lighter_in_order():
    assert np.all(np.diff([luminance(c) for c in mix_colours(np.linspace(0, 1, 12))]) > 0)


def test_values_beyond_the_colour_bar_stand_at_its_ends():
    shades = Shades(label="z", low=1.0, high=100.0, log=True)
    found = shade_positions(shades, [0.0, 0.5, 1.0, 10.0, 1e6, math.nan])
    assert np.array_equal(found, [math.nan, 0, 0, 0.5, 1, math.nan], equal_nan=True)
    equal = Shades(label="z", low=2.0, high=2.0)
    assert shade_positions(equal, [2.0]).tolist() == [0.5]
