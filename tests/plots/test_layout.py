import itertools

import numpy as np
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from luthier.plots.figure import Bars, Dots, Figure, Heat, Line, Panel, PanelAxis, Shades
from luthier.plots.frame import find_frame
from luthier.plots.layout import arrange, wrap
from luthier.plots.texts import cut_text, measure_text


def panel(*layers, x=None, y=None):
    return Panel(layers=layers, x=x or PanelAxis(), y=y or PanelAxis())


def dots(x, y):
    return Dots(x=np.array(x, float), y=np.array(y, float))


def test_an_axis_shows_all_that_is_drawn_and_a_little_more():
    frame = find_frame(panel(dots([0, 10], [5, 7])))
    assert (frame.x.low, frame.x.high) == (-0.4, 10.4)
    assert frame.y.place([frame.y.low, 6.0, frame.y.high]).tolist() == [0, 0.5, 1]


def test_a_log_axis_is_even_in_factors():
    frame = find_frame(panel(dots([0, 1, 2], [1e-4, 1e-2, 1]), y=PanelAxis(scale="log")))
    low, middle, high = frame.y.place([1e-4, 1e-2, 1])
    assert middle == pytest.approx(0.5)
    assert low == pytest.approx(1 - high)
    assert np.isnan(frame.y.place([0.0, -1.0])).all()


def test_bars_begin_at_the_edge_and_cells_fill_the_box():
    bars = Bars(at=np.array([0.0, 1.0]), start=np.zeros(2), end=np.array([2.0, 4.0]))
    assert find_frame(panel(bars)).y.low == 0
    cells = Heat(
        x_edges=np.array([0.0, 1.0, 3.0]), y_edges=np.array([0.0, 9.0]), shade=np.ones((1, 2))
    )
    frame = find_frame(panel(cells))
    assert (frame.x.low, frame.x.high, frame.y.low, frame.y.high) == (0, 3, 0, 9)


def test_what_is_not_finite_stretches_nothing():
    frame = find_frame(panel(dots([0, 1, 2, 3], [1, np.inf, -np.inf, np.nan])))
    assert frame.y.low < 1 < frame.y.high < 2


@pytest.mark.parametrize("value", [0.0, 5.0, -1e300, 1e-320])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_one_value_has_room(value, scale):
    frame = find_frame(panel(dots([1], [value]), y=PanelAxis(scale=scale)))
    assert frame.y.high > frame.y.low


def test_a_reversed_axis_runs_the_other_way():
    axis = PanelAxis(scale="category", categories=("a", "b", "c"), reverse=True)
    frame = find_frame(panel(dots([0], [0]), y=axis))
    assert frame.y.place([0.0, 2.0]).tolist() == pytest.approx([5 / 6, 1 / 6])


@pytest.mark.parametrize("n", [1, 2, 5, 12])
@pytest.mark.parametrize("n_columns", [1, 3, 4])
def test_panels_and_their_labels_overlap_nowhere(n, n_columns):
    names = tuple(f"a choice with a long name {i}" for i in range(7))
    one = Panel(
        layers=(dots([0, 6], [0, 1e6]),),
        x=PanelAxis(label="x", scale="category", categories=names),
        y=PanelAxis(label="y"),
        title="title",
    )
    shades = Shades(label="z", low=0, high=1)
    layout = arrange(Figure(title="t", panels=(one,) * n, n_columns=n_columns, shades=shades))
    boxes = [(p.left, p.top, p.left + p.width, p.top + p.height) for p in layout.places]
    for a, b in itertools.combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    assert all(p.width > 60 for p in layout.places)
    assert layout.bar is not None
    assert max(b[2] for b in boxes) < layout.bar[0] < layout.width
    assert max(p.top + p.height + p.foot for p in layout.places) <= layout.notes_top
    for place in layout.places:
        widest = max(measure_text(t.label, 12) for t in place.y_ticks)
        assert place.left - 6 - widest >= place.side  # beside the label of the axis


@pytest.mark.parametrize(
    "text",
    ["momentum", "learning_rate", "MLP", "0.0001", "illicit", "hidden_dim", "WWW", "n (log)"],
)
def test_text_is_about_as_wide_as_it_is_drawn(text):
    font = FontProperties(family="DejaVu Sans", size=12)
    width, _, _ = TextToPath().get_text_width_height_descent(text, font, False)
    assert 0.95 * width <= measure_text(text, 12) <= 1.25 * width


def test_labels_of_ticks_do_not_touch():
    values = dots([0, 123456], [0, 1])
    (place,) = arrange(Figure(title="t", panels=(panel(values),))).places
    at = place.frame.x.place([t.value for t in place.x_ticks]) * place.width
    widths = [measure_text(t.label, 12) for t in place.x_ticks]
    assert len(at) >= 3
    for (a, b), (u, v) in zip(itertools.pairwise(at), itertools.pairwise(widths), strict=True):
        assert b - a > (u + v) / 2


def test_the_legend_has_each_word_once_and_wraps():
    lines = [
        Line(x=np.arange(2.0), y=np.arange(2.0), label=f"a study with a long name {i % 9}")
        for i in range(18)
    ]
    layout = arrange(Figure(title="t", panels=(panel(*lines),)))
    assert len(layout.legend) == 9
    assert len({key.y for key in layout.legend}) > 1
    assert layout.places[0].top > max(key.y for key in layout.legend)


def test_texts_are_cut_in_the_middle_and_wrapped():
    text = "learning_rate_of_the_first_layer_of_the_network"
    short = cut_text(text, 120, 12)
    assert measure_text(short, 12) <= 120
    assert short.startswith("lear")
    assert short.endswith("work")
    assert cut_text("名" * 40, 100, 12).count("名") < 9  # as wide as they are
    assert cut_text("", 10, 12) == ""
    assert all(measure_text(line, 11) <= 200 for line in wrap(f"{text} is {text}", 200, 11))
