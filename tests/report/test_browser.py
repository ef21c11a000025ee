"""The page in a real browser: quiet, offline, readable, whatever stands in it."""

import pytest
from tests.support.browser import look_at, open_browser
from tests.support.reports import HOSTILE, tuned

pytestmark = [pytest.mark.external("chromium", "playwright"), pytest.mark.slow]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    tuned(80, name=HOSTILE).report(path)
    return path


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_quiet_and_offline(browser, path, scheme):
    page, said, asked = look_at(browser, path, color_scheme=scheme)
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == []
    assert page.locator("script").count() == 0
    for element in ("body", ".lut-paper"):
        of = "backgroundColor" if element == "body" else "fill"
        paper = page.evaluate(f"() => getComputedStyle(document.querySelector('{element}')).{of}")
        assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]
    page.close()


@pytest.mark.parametrize("width", [320, 1200])
def test_it_is_as_wide_as_the_window(browser, path, width):
    page, _, _ = look_at(browser, path, viewport={"width": width, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    page.close()


def test_it_is_light_on_paper(browser, path):
    page, _, _ = look_at(browser, path, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    body = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert body == "rgb(255, 255, 255)"
    assert page.locator("nav").is_hidden()
    page.close()


def test_its_links_lead_to_its_sections(browser, path):
    page, _, _ = look_at(browser, path)
    links = page.locator("nav a")
    for i in range(links.count()):
        name = links.nth(i).get_attribute("href")
        assert page.locator(f"{name} h2").inner_text() == links.nth(i).inner_text()
    page.close()


@pytest.mark.external("axe_core_python")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, path, scheme):
    from axe_core_python.sync_playwright import Axe

    context = browser.new_context(bypass_csp=True, color_scheme=scheme)
    page = context.new_page()
    page.goto(path.as_uri())
    found = Axe().run(page)
    assert [(fault["id"], fault["help"]) for fault in found["violations"]] == []
    assert len(found["passes"]) > 10
    context.close()
