"""Figures in a real browser: drawn as they are in the file, quietly and without network."""

import math

import numpy as np
import pytest
from tests.support.browser import look_at, open_browser

from luthier import Float, Int, Space, plots
from luthier.testing.histories import history, trial

pytestmark = [pytest.mark.external("chromium", "playwright"), pytest.mark.slow]

SPACE = Space({"</text><script>alert(1)</script>": Float(1e-4, 1, scale="log"), "n": Int(1, 5)})


@pytest.fixture(scope="module")
def given():
    rng = np.random.default_rng(0)
    rows = []
    for i, point in enumerate(SPACE.decode(SPACE.sample(rng, 40))):
        lr, n = point.values()
        value = (math.log10(lr) + 2) ** 2 + n
        times = {"started_s": float(i), "finished_s": i + 0.8}
        rows.append(trial(point, value, reports=[value + 1, value], **times))
    return history(*rows, space=SPACE, objectives=["loss & <b>more</b>"])


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.mark.parametrize("name", ["history", "slices", "parallel", "rank", "curves", "timeline"])
@pytest.mark.parametrize("ending", ["svg", "html"])
def test_figures_are_drawn_quietly_and_offline(browser, given, tmp_path, name, ending):
    path = tmp_path / f"figure.{ending}"
    plots.plot(given, name, backend="svg").save(path)
    page, said, asked = look_at(browser, path)
    assert said == []
    assert asked == []
    box = page.locator("svg").first.bounding_box()
    assert box["width"] > 600
    assert page.locator("script").count() == 0
    page.close()


def test_no_label_leaves_the_figure_or_covers_another(browser, given, tmp_path):
    path = tmp_path / "figure.svg"
    for name in ("history", "slices", "parallel", "rank", "curves", "timeline"):
        plots.plot(given, name, backend="svg").save(path)
        page, _, _ = look_at(browser, path)
        boxes = page.evaluate(
            """() => [...document.querySelectorAll('svg > text')]
                .map(text => [text.getBoundingClientRect(), text.getAttribute('transform')])
                .map(([box, turn]) => [box.left, box.top, box.right, box.bottom, turn])"""
        )
        width, height = page.evaluate(
            "() => ['width', 'height'].map(name => +document.documentElement.getAttribute(name))"
        )
        page.close()
        assert boxes
        for i, (left, top, right, bottom, turn) in enumerate(boxes):
            assert left >= 0, name
            assert top >= 0, name
            assert right <= width, name
            assert bottom <= height, name
            for a, b, c, d, other_turn in boxes[:i]:
                if turn or other_turn:  # their boxes are larger than they are
                    continue
                apart_x = min(right, c) - max(left, a)
                apart_y = min(bottom, d) - max(top, b)
                assert apart_x <= 1 or apart_y <= 3, name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_paper_is_as_the_system(browser, given, tmp_path, scheme):
    path = tmp_path / "figure.svg"
    plots.history(given, backend="svg").save(path)
    page, _, _ = look_at(browser, path, color_scheme=scheme)
    paper = page.evaluate("() => getComputedStyle(document.querySelector('.lut-paper')).fill")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]
    page.close()


def test_figures_of_plotly_are_drawn_quietly_and_offline(browser, given, tmp_path):
    path = tmp_path / "figure.html"
    plots.slices(given, backend="plotly").save(path)
    page, said, asked = look_at(browser, path)
    page.wait_for_selector(".scatterlayer path.point", state="attached")
    assert said == []
    assert asked == []
    page.close()
