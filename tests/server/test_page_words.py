"""The page in other languages: each text is translated, fits a narrow screen, and is accessible."""

import json
import re
from importlib import resources

import pytest
from tests.support.browser import Visit, find_violations, open_browser

import luthier
from luthier import Categorical, Float
from luthier.server.page_files import read_page_files
from luthier.server.page_script import strip_comments
from luthier.storages import InMemory

LANGUAGES = ("ja", "ko")
SCRIPTS = resources.files("luthier.server") / "page" / "js"


def read_keys(text):
    """The keys of all texts t`...` of a script, with {0}, {1} for what is put in."""
    found = []
    at = 0
    while (at := text.find("`", at)) >= 0:
        at = read_template(text, at, found)
    return found


def read_template(text, start, found):
    """Reads one template with those within it; the place behind it."""
    is_key = bool(re.search(r"(?<![\w$.])t$", text[max(0, start - 2) : start]))
    key, n, at = "", 0, start + 1
    while text[at] != "`":
        if not text.startswith("${", at):
            key += text[at]
            at += 1
            continue
        key += f"{{{n}}}"
        n += 1
        depth, at = 1, at + 2
        while depth:
            if text[at] == "`":
                at = read_template(text, at, found)
                continue
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
    if is_key:
        found.append(key)
    return at + 1


def test_keys_are_read_from_templates_within_templates():
    text = "t`a ${b} c` + `${t`d`} t` + part`e` + t`{ ${f({ g: t`h${i}` })}`"
    assert read_keys(text) == ["a {0} c", "d", "h{0}", "{ {0}"]


def all_keys():
    files = [file for folder in (SCRIPTS, SCRIPTS / "views") for file in folder.iterdir()]
    texts = [
        strip_comments(file.read_text(encoding="utf-8"))
        for file in files
        if file.name.endswith(".js")
    ]
    return {key for text in texts for key in read_keys(text)}


def read_catalogue(language):
    """A catalogue as it is sent, but for its last comma."""
    [sent] = [
        file.content.decode()
        for path, file in read_page_files().items()
        if path.endswith(f"/words/{language}.js")
    ]
    return json.loads(re.sub(r",\s*};\s*$", "}", sent[sent.index("{") :]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_text_and_no_other(language):
    catalogue = read_catalogue(language)
    assert set(catalogue) == all_keys()
    for key, text in catalogue.items():
        put_in = re.findall(r"\{\d\}", key)
        assert sorted(re.findall(r"\{\d\}", text)) == sorted(put_in), key
        assert text.strip(), key


VIEWS = [
    *("", "#/new", "#/compare?studies=1,2", "#/s/2/front", "#/s/1/trials/4"),
    *("#/s/1/summary", "#/s/1/history", "#/s/1/trials?f=value.0::1.5", "#/s/1/parallel"),
    *("#/s/1/effects", "#/s/1/curves", "#/s/1/importance", "#/s/1/surface", "#/s/1/ablation"),
    *("#/s/1/fidelity", "#/s/1/distribution", "#/s/1/workers", "#/s/1/cost", "#/s/1/failures"),
    *("#/s/1/findings", "#/s/1/space", "#/s/1/controls"),
]
SPACE = {
    "lr": Float(1e-4, 1e-1, log=True),
    "kind": Categorical(("adam", "sgd")),
    "momentum": Float(0.0, 1.0, when={"kind": "sgd"}),
}
# What reaches beyond the screen, but for what scrolls by itself.
OUTSIDE = """() => [...document.querySelectorAll("body *")]
  .filter((e) => !e.closest(".scroll, pre, .unseen, .skip, option") && e.getClientRects().length)
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1
    || (e.matches("a, button, h1, h2, p, label, th") && e.clientWidth
      && e.scrollWidth > e.clientWidth + 1))
  .map((e) => e.outerHTML.slice(0, 120))"""


def objective(t):
    if t.number % 10 == 7:
        raise ValueError("out of memory")
    for step in (1, 2, 4):
        t.report(t.params["lr"] + 1 / step, step)
        if t.number % 10 == 5 and step == 2:
            raise luthier.TrialPruned
    return t.params["lr"] + (t.params["kind"] == "adam")


@pytest.fixture(scope="module")
def storage():
    storage = InMemory()
    study = luthier.create_study("first", storage, space=SPACE, seed=1, sampler="random")
    study.optimize(objective, n_trials=60, catch=(ValueError,))
    study.controls.star(4)
    two = luthier.create_study(
        "two",
        storage,
        space=SPACE,
        seed=1,
        sampler="random",
        objectives={"loss": "minimize", "size": "minimize"},
    )
    two.optimize(lambda t: (t.params["lr"], 1 - t.params["lr"]), n_trials=30)
    return storage


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


def visit_in(browser, service, language, **options):
    visit = Visit(browser, service, locale=language, **options)
    page = visit.open("#/")
    page.locator("#token").fill(service.token)
    page.locator("form button").click()
    page.locator(".list").wait_for()
    return visit


@pytest.mark.slow
@pytest.mark.external("chromium", "playwright", "axe_core_python")
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_and_no_text_overflows_at_320_pixels(browser, serve, storage, language):
    service = serve(storage)
    narrow = {"width": 320, "height": 700}
    visit = visit_in(browser, service, language, viewport=narrow, bypass_csp=True)
    found = {}
    for view in VIEWS:
        page = visit.open(view)
        page.wait_for_load_state("networkidle")
        assert (view, page.evaluate("document.documentElement.scrollWidth")) == (view, 320)
        if outside := page.evaluate(OUTSIDE):
            found[view, "outside"] = outside[:3]
        for details in page.locator("details").all():
            details.locator("summary").first.click()
        found |= {(view, rule): html for rule, html in find_violations(page).items()}
    assert found == {}
    visit.end(service.token)


@pytest.mark.slow
@pytest.mark.external("chromium", "playwright")
def test_the_language_of_the_browser_is_taken_and_another_one_is_kept(browser, serve, storage):
    service = serve(storage)
    visit = visit_in(browser, service, "ja-JP")
    page = visit.open("#/s/1/summary")
    assert page.evaluate("document.documentElement.lang") == "ja"
    page.get_by_role("link", name="結果").wait_for()
    assert re.search(r"作成 \d{4}/\d{2}/\d{2}", page.locator("main").inner_text())
    assert page.locator(".card [lang=en]").first.inner_text().startswith("Nothing is running")
    page.locator("header select").select_option("ko")
    page.get_by_role("link", name="결과").wait_for()
    page.reload()
    page.get_by_role("link", name="결과").wait_for()
    asked = {url.rpartition("/")[2] for url in visit.asked if "/words/" in url}
    assert asked == {"ja.js", "ko.js"}
    page.locator("header select").select_option("en")
    page.get_by_role("link", name="Results").wait_for()
    visit.end(service.token)


@pytest.mark.slow
@pytest.mark.external("chromium", "playwright")
def test_no_catalogue_is_loaded_in_english_or_for_a_language_that_there_is_none_of(
    browser, serve, storage
):
    service = serve(storage)
    for language in ("en-US", "fr-FR"):
        visit = visit_in(browser, service, language)
        assert visit.open("#/s/1/summary").evaluate("document.documentElement.lang") == "en"
        assert not any("/words/" in url for url in visit.asked)
        visit.end(service.token)
