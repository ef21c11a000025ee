"""Studies that charts, sentences and sessions do not expect, in a real browser."""

import pytest
from tests.support.browser import Visit, open_browser
from tests.support.service import Service

import luthier
from luthier import Categorical, Float
from luthier.storages import InMemory

pytestmark = [pytest.mark.external("chromium", "playwright"), pytest.mark.slow]

RIGHT_TO_LEFT = "\u202eevil שלום"  # an override that nothing ends
INF = float("inf")


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def enter(browser, serve):
    """Opens the page of a study that has these values, and one that reports them."""
    visits = []

    def enter(values, space=None, **options):
        study = luthier.create_study(
            storage=InMemory(),
            space=space or {"x": Float(0, 1)},
            sampler="random",
            seed=0,
            **options,
        )

        def objective(trial):
            value = values[trial.number % len(values)]
            for step in range(3):
                trial.report(value, step)
            return value

        study.optimize(objective, n_trials=4 * len(values), catch=Exception)
        service = serve(study.storage)
        visits.append((Visit(browser, service), service.token))
        visits[-1][0].log_in(service.token)
        return visits[-1][0], study

    yield enter
    for visit, token in visits:
        visit.end(token)


VIEWS = ["history?all=1", "distribution", "curves?all=1", "parallel", "effects", "summary"]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([0.3, 0.1 + 0.2], id="rounding"),
        pytest.param([1e17, 1e17 + 16, 1e17 + 32], id="no steps between"),
        pytest.param([-1.7e308, 1.7e308, 0.0], id="as wide as numbers are"),
        pytest.param([INF, -INF, 1.0, 2.0], id="infinite"),
        pytest.param([5e-324, 0.0, -5e-324], id="the smallest"),
    ],
)
def test_every_chart_is_drawn_of_values_at_the_ends_of_what_numbers_can_be(enter, values):
    visit, _ = enter(values)
    visit.page.locator("svg.spark").wait_for(state="attached")
    for view in VIEWS:
        page = visit.open(f"#/s/1/{view}")
        page.wait_for_timeout(100)
        assert page.evaluate("document.querySelector('main [role=alert]')") is None, view


def test_a_deep_zoom_has_no_numbers_left_along_its_axis(enter):
    visit, _ = enter([0.25, 0.5, 0.75])
    visit.open("#/s/1/history?zoom=0:5:0.3:0.30000000000000004")
    assert visit.page.locator("canvas").count() == 1


def test_a_name_that_is_written_from_right_to_left_turns_nothing_else(enter):
    visit, _ = enter([1.0], objectives={RIGHT_TO_LEFT: "minimize"})
    name = f"\u2068{RIGHT_TO_LEFT}\u2069"
    for view, text in (
        ("trials/0", f"{name}: 1"),
        ("summary", f"{name} (minimize); created"),
        ("curves", f"4 of 4 trials that reported {name}."),
    ):
        assert text in visit.open(f"#/s/1/{view}").locator("main").text_content()


def test_a_name_as_long_as_a_page_makes_no_page_wider(enter):
    visit, _ = enter([1.0], space={"a" * 300: Float(0, 1), "b": Categorical(["c" * 300, "d"])})
    for view in ("summary", "trials", "trials/0", "space", "controls", "parallel", "importance"):
        page = visit.open(f"#/s/1/{view}")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, view


def test_a_parameter_that_is_not_active_has_a_dash_in_the_table_and_below_its_axis(enter):
    space = {"kind": ["a", "b"], "x": Float(0, 1, when={"kind": "a"})}
    visit, study = enter([1.0, 2.0], space=space)
    page = visit.open("#/s/1/parallel")
    cells = page.locator("main table tbody tr td:nth-child(3)").all_inner_texts()
    shown = [row.params.get("x") is not None for row in study.trials]
    assert cells.count("–") == shown.count(False) > 0
    assert page.get_by_text("trials in which the parameter is not active").is_visible()


@pytest.mark.parametrize(
    ("view", "seen"), [("parallel", "th"), ("controls", "label"), ("surface", "option")]
)
def test_a_view_is_made_anew_when_the_space_becomes_another(enter, view, seen):
    visit, study = enter([1.0, 2.0], space={name: Float(0, 1) for name in "abc"})
    page = visit.open(f"#/s/1/{view}")
    other = luthier.create_study(
        study.name,
        storage=study.storage,
        space={"b": Float(0, 2), "e": Categorical(["p", "q"])},
        sampler="random",
        load_if_exists=True,
    )
    other.optimize(lambda trial: trial.params["b"], n_trials=8)
    names = page.locator(f"main {seen}")
    names.get_by_text("e", exact=True).first.wait_for(state="attached")
    assert names.get_by_text("a", exact=True).count() == 0
    visit.said.clear()  # a column that had just gone may have been asked for once


def test_a_service_that_is_killed_and_started_again_knows_its_browsers(browser):
    study = luthier.create_study(storage=InMemory(), space={"x": Float(0, 1)}, sampler="random")
    study.optimize(lambda trial: 1.0, n_trials=3)
    service = Service(study.storage)
    try:
        visit = Visit(browser, service)
        visit.log_in(service.token)
        page = visit.open("#/s/1/history")
        service.stop()
        study.optimize(lambda trial: 0.5, n_trials=4)
        page.get_by_role("button", name="Log out").wait_for()
        service = Service(study.storage, port=service.port)
        page.get_by_text("of 7 trials").wait_for()
        service.stop()
        page.get_by_role("button", name="Log out").click()
        page.get_by_text("The service cannot be reached.").wait_for()
        service = Service(study.storage, port=service.port)
        page.get_by_role("button", name="Try again").click()
        page.get_by_text("of 7 trials").wait_for()
        page.get_by_role("button", name="Log out").click()
        field = page.get_by_label("Token of the service")
        field.fill(service.token)
        service.stop()
        page.get_by_role("button", name="Log in").click()
        page.get_by_text("The service cannot be reached.").wait_for()
        visit.page.close()
    finally:
        service.stop()
