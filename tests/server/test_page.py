"""The page in a real browser, as people use it."""

import re

import pytest
from tests.support import sick_studies
from tests.support.browser import Visit, open_browser

import luthier
from luthier.storages import InMemory

pytestmark = [pytest.mark.external("chromium", "playwright"), pytest.mark.slow]

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


def objective(t):
    x = t.suggest_float("x", 0, 1)
    t.suggest_categorical(HOSTILE, [HOSTILE, "b"])
    if t.number == 3:
        raise ValueError(HOSTILE)
    t.report(x + 1, 1)
    t.report(x, 2)
    t.set_tag(HOSTILE, HOSTILE)
    return x


@pytest.fixture
def study(storage):
    study = luthier.create_study(
        storage=storage, name=HOSTILE, seed=0, sampler="random", objectives={HOSTILE: "minimize"}
    )
    study.optimize(objective, n_trials=30, catch=(ValueError,))
    return study


@pytest.fixture
def storage():
    return InMemory()


@pytest.fixture
def service(serve, storage, study):
    return serve(storage)


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def visit(browser, service):
    visit = Visit(browser, service)
    visit.log_in(service.token)
    yield visit
    visit.end(service.token)


VIEWS = {
    "summary": "What may be wrong",
    "history": "Best so far as a table",
    "trials": "1 to 30 of 30",
    "trials/3": "Error",
    "trials/4": "Reports",
    "curves": "Last reports",
    "importance": "trial",
    "effects": "Effects as a table",
    "parallel": "The best of these trials",
    "front": "at least two objectives",
    "surface": "The surface as a table",
    "ablation": "as a model expects",
    "fidelity": "Fidelity as a table",
    "distribution": "Distribution as a table",
    "workers": "Workers as a table",
    "failures": "ValueError",
    "findings": "",
    "space": "asked for so far",
    "cost": "In all time",
}


def test_a_finding_that_was_dismissed_is_shown_as_such(visit, storage):
    sick = sick_studies.crash_values(1, 0)
    study = luthier.create_study("sick", storage, space=sick.history.space)
    study.add_trials(sick.rows)
    study.dismiss("crash-values", reason=HOSTILE)
    page = visit.open("#/s/2/findings")
    page.locator("h2", has_text="dismissed: 12 of 100 trials").wait_for()
    assert f"Because: {HOSTILE}." in page.locator("main").inner_text()
    page = visit.open("#/s/2/summary")
    page.locator("main", has_text="What may be wrong").wait_for()
    page.get_by_role("link", name=re.compile("^All [0-9]")).wait_for()
    assert "12 of 100 trials" not in page.locator("main").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_opens_with_hostile_names_as_text(visit, scheme):
    visit.page.emulate_media(color_scheme=scheme)
    for view, shown in VIEWS.items():
        page = visit.open(f"#/s/1/{view}")
        page.locator("main", has_text=shown).wait_for()
        assert HOSTILE in page.locator("h1").inner_text()
        assert page.locator("main script, main img").count() == 0
        assert page.evaluate("document.querySelectorAll('*').length") < 2000
        page.set_viewport_size({"width": 320, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        page.set_viewport_size({"width": 1100, "height": 800})
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}[scheme]


def test_from_the_list_to_the_best_trial(visit, study):
    page = visit.page
    best = study.best_trial
    page.get_by_role("cell", name=f"{best.value:.4g}"[:5]).wait_for()
    page.get_by_role("link", name=HOSTILE).click()
    page.get_by_role("link", name=f"trial {best.number}").click()
    page.locator("h1", has_text=f"Trial {best.number} of").wait_for()


def test_a_new_trial_appears_by_itself(visit, study):
    page = visit.open("#/s/1/trials")
    page.get_by_role("link", name="29", exact=True).wait_for()
    study.optimize(objective, n_trials=1)
    page.get_by_role("link", name="30", exact=True).wait_for()
    assert "of 31" in page.locator("main").inner_text()


def test_the_history_tells_the_new_best_by_itself(visit, study):
    page = visit.open("#/s/1/history")
    page.get_by_text(f"at trial {study.best_trial.number}, of 30 trials").wait_for()
    study.enqueue({"x": 0.0, HOSTILE: "b"})
    study.optimize(objective, n_trials=1)
    page.get_by_text(re.compile("at trial 30, of 31 trials")).wait_for()
    page.get_by_text("Best so far as a table").click()
    assert page.locator("details tbody tr").first.inner_text().split() == ["trial", "30", "0"]


def test_the_table_is_sorted_and_filtered_and_the_address_keeps_it(visit, study):
    page = visit.open("#/s/1/trials")
    page.get_by_role("button", name="x", exact=True).click()
    page.locator("th[aria-sort=ascending]", has_text="x").wait_for()
    page.get_by_label("State").select_option("failed")
    page.get_by_text("1 to 1 of 1").wait_for()
    page.reload()
    page.get_by_text("1 to 1 of 1").wait_for()
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("x")


def test_the_arrow_keys_go_from_trial_to_trial(visit):
    page = visit.open("#/s/1/history")
    page.locator("canvas").focus()
    for _ in range(4):  # trial 3 failed, and has no point
        page.keyboard.press("ArrowRight")
    assert page.locator("canvas").get_attribute("aria-label").startswith("trial 4: ")
    page.keyboard.press("Enter")
    page.locator("h1", has_text="Trial 4 of").wait_for()


def test_a_link_logs_in_and_forgets_the_token(browser, service):
    visit = Visit(browser, service)
    page = visit.open(f"#t={service.token}")
    page.locator("h1", has_text="Studies").wait_for()
    assert page.url == visit.root
    assert visit.said == []
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Token of the service").wait_for()
    page.reload()
    page.get_by_label("Token of the service").wait_for()
    page.close()


def test_a_wrong_token_is_told(browser, service):
    visit = Visit(browser, service)
    page = visit.open("")
    page.get_by_label("Token of the service").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("this is not the service's token").wait_for()
    page.close()


def test_without_a_token_the_page_is_open(browser, serve, storage, study):
    visit = Visit(browser, serve(storage, token=""))
    visit.open("").locator("h1", has_text="Studies").wait_for()
    assert visit.open("#/s/1/trials").get_by_text("1 to 30 of 30").is_visible()
    assert visit.said == []
    visit.page.close()
