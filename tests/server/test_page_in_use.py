"""The views of the page in a real browser, each read by its table; brushed, filtered, zoomed."""

import math
import re

import numpy as np
import pytest
from tests.support import sick_studies
from tests.support.browser import Visit, find_violations, open_browser

import luthier
from luthier import Categorical, Float
from luthier.storages import InMemory

pytestmark = [pytest.mark.external("chromium", "playwright"), pytest.mark.slow]

SPACE = {
    "lr": Float(1e-4, 1e-1, log=True),
    "kind": Categorical(("adam", "sgd")),
    "momentum": Float(0.0, 1.0, when={"kind": "sgd"}),
    "fixed": Float(0.5, 0.5),
}


def objective(t):
    if t.number % 10 == 7:
        raise ValueError(f"out of memory: {t.number} GB")
    value = (math.log10(t.params["lr"]) + 2) ** 2 + (t.params["kind"] == "adam")
    for step in (1, 2, 4):
        t.report(value + 1 / step, step)
        if t.number % 10 == 5 and step == 2:
            raise luthier.TrialPruned
    t.set_cost(2.0)
    t.set_tag("note", f"run {t.number}")
    return value


def two_values(t):
    return t.params["lr"], 1 - t.params["lr"] + 0.1 * (t.params["kind"] == "adam")


def often_too_large(t):
    if t.params["lr"] > 0.01:
        raise ValueError("the loss is no number")
    return -math.log10(t.params["lr"]) + (t.params["kind"] == "adam")


def fill(storage, name="first", n=60, run=objective, **options):
    study = luthier.create_study(
        space=SPACE, storage=storage, name=name, seed=1, sampler="random", **options
    )
    study.optimize(run, n_trials=n, catch=(ValueError,))
    return study


@pytest.fixture
def storage():
    return InMemory()


@pytest.fixture
def study(storage):
    return fill(storage)


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def visit(browser, serve, storage, study):
    service = serve(storage)
    visit = Visit(browser, service)
    visit.log_in(service.token)
    yield visit
    visit.end(service.token)


def read_twin(page, title):
    """The cells of a chart's table, row by row."""
    page.get_by_text(title, exact=True).click()
    rows = page.locator(f"[role=region][aria-label='{title}'] tbody tr")
    rows.first.wait_for()
    return [
        [cell.strip() for cell in row.locator("td, th").all_inner_texts()] for row in rows.all()
    ]


def drag(page, chart, start, end):
    """Drags across a chart, from one place to another in shares of its size."""
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    place = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*place[0])
    page.mouse.down()
    page.mouse.move(*place[1], steps=4)
    page.mouse.up()


def complete(study):
    return [row for row in study.trials if row.value is not None and row.state.name == "COMPLETE"]


def test_the_list_says_what_is_left_and_the_worst_finding(visit, storage):
    study = fill(storage, "sick", run=often_too_large)
    worst = study.diagnose()[0]
    study.enqueue({"lr": 0.01, "kind": "adam"})
    study.ask()
    page = visit.open("#/")
    row = page.locator("tbody tr").first
    row.get_by_text(re.compile("1, about")).wait_for()
    row.get_by_role("link", name=worst.name.replace("-", " ")).click()
    page.locator(".card", has_text=worst.advice).wait_for()


def test_the_summary_says_what_matters_and_what_is_wrong(visit, storage):
    study = fill(storage, "sick", run=often_too_large)
    page = visit.open("#/s/2/summary")
    top = study.importance()
    page.locator(".card", has_text="What matters").get_by_text(f"{top.names[0]}: ").wait_for()
    wrong = page.locator(".card", has_text="What may be wrong")
    wrong.get_by_text(study.diagnose()[0].title).wait_for()


def test_curves_with_forecasts_and_rungs(visit, study):
    page = visit.open("#/s/1/curves")
    page.get_by_text("54 of 54 trials that reported value; forecasts of 3.").wait_for()
    rows = read_twin(page, "Last reports and forecasts as a table")
    assert len(rows) == 54
    best = min(complete(study), key=lambda row: row.reports[-1][1])
    assert rows[0][0] == f"trial {best.number}"
    forecasts = [row for row in rows if row[4]]
    assert [row[1] for row in forecasts] == ["pruned"] * 3
    assert read_twin(page, "Where trials were stopped as a table") == [["2", "6", "54"]]


def test_effects_are_those_of_the_analysis_and_a_drag_filters_all_views(visit, study):
    page = visit.open("#/s/1/effects")
    page.get_by_text("The model behind the lines").wait_for()
    assert page.locator("canvas").count() == 3  # what is fixed has no effect
    rows = read_twin(page, "Effects as a table")
    kinds = [float(row[2]) for row in rows if row[0] == "kind"]
    assert kinds[0] > kinds[1] + 0.5
    drag(page, page.locator("canvas").first, (0.4, 0.5), (0.7, 0.6))
    chip = page.locator(".filter")
    chip.wait_for()
    assert re.match(r"lr [\d.e-]+ to [\d.e-]+", chip.inner_text())
    shown = int(page.get_by_text("trials with a value").inner_text().split()[0])
    assert 0 < shown < len(complete(study))
    page.get_by_role("link", name="Parallel").click()
    page.get_by_text(f"{shown} of {len(complete(study))} trials").wait_for()
    page.get_by_role("link", name="Trials", exact=True).click()
    page.locator(".filter", has_text="lr").wait_for()
    page.get_by_role("button", name=re.compile("Remove: lr")).click()
    page.get_by_text("1 to 50 of 60").wait_for()


def test_a_brush_on_an_axis_keeps_what_is_there(visit, study):
    page = visit.open("#/s/1/parallel")
    n = len(complete(study))
    page.get_by_text(f"{n} of {n} complete trials across 3 parameters").wait_for()
    canvas = page.locator("canvas")
    width = canvas.bounding_box()["width"]
    drag(page, canvas, (46 / width, 0.08), (46 / width, 0.5))  # the upper half of the first axis
    page.locator(".filter", has_text="lr").wait_for()
    low = float(re.search(r"f=param\.0(?:%3A|:)([\d.e-]+)", page.url)[1])
    kept = [row for row in complete(study) if row.params["lr"] >= low]
    page.get_by_text(f"{len(kept)} of {n} trials", exact=True).wait_for()
    best = min(kept, key=lambda row: row.value)
    assert page.locator("main tbody tr").first.inner_text().startswith(f"trial {best.number}\t")
    page.reload()
    page.get_by_text(f"{len(kept)} of {n} trials", exact=True).wait_for()
    canvas.click(position={"x": 46, "y": 100})  # a click has all again
    page.get_by_text(f"{n} of {n} complete trials").wait_for()


def test_choices_are_kept_without_a_mouse(visit, study):
    page = visit.open("#/s/1/parallel")
    page.get_by_label("Keep a range of").select_option("kind")
    page.get_by_label("Keep the choice").select_option("sgd")
    kept = [row for row in complete(study) if row.params["kind"] == "sgd"]
    page.get_by_text(f"{len(kept)} of {len(complete(study))} trials", exact=True).wait_for()
    page.locator(".filter", has_text="kind: sgd").wait_for()


def test_the_history_is_zoomed_by_dragging_and_keeps_it(visit, study):
    page = visit.open("#/s/1/history")
    drag(page, page.locator("canvas"), (0.3, 0.3), (0.6, 0.85))
    fit = page.get_by_role("button", name="Show all")
    fit.wait_for()
    address = page.url
    assert "zoom=" in address
    study.optimize(objective, n_trials=1, catch=(ValueError,))
    page.get_by_text("of 61 trials").wait_for()
    assert page.url == address
    page.reload()
    page.get_by_role("button", name="Keep only these").click()
    page.locator(".filter", has_text="trial").wait_for()
    page.get_by_text(re.compile(r"of \d+ of 61 trials")).wait_for()
    assert "zoom=" not in page.url
    page.locator("canvas").focus()
    page.keyboard.press("+")
    fit.wait_for()
    page.keyboard.press("0")
    fit.wait_for(state="hidden")


def test_the_history_by_cost_and_by_time(visit, study):
    page = visit.open("#/s/1/history")
    for by in ("cost", "time"):
        page.get_by_label("Along").select_option(by)
        page.get_by_text(f"at trial {study.best_trial.number}, of 60 trials").wait_for()
        assert f"by={by}" in page.url


def test_any_attribute_is_a_column_and_the_filter_is_downloaded(visit, study):
    page = visit.open("#/s/1/trials?f=state:3:3")
    page.get_by_label("Add a column").select_option("note")
    page.get_by_label("Add a column").select_option("Cost")
    row = page.locator("tbody tr").first
    number = complete(study)[-1].number
    row.get_by_text(f"run {number}").wait_for()
    assert row.locator("td").all_inner_texts()[-2:] == [f"run {number}", "2"]
    page.get_by_role("button", name="note").click()
    page.locator("th[aria-sort=ascending]", has_text="note").wait_for()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download CSV").click()
    lines = waiting.value.path().read_text().splitlines()
    assert waiting.value.suggested_filename == "first.csv"
    assert len(lines) == 1 + len(complete(study))
    assert {line.split(",")[1] for line in lines[1:]} == {"complete"}


def test_the_table_is_read_again_only_when_it_shows_something_else(visit, study):
    page = visit.open("#/s/1/trials?sort=value.0")
    page.get_by_text("1 to 50 of 60").wait_for()
    page.wait_for_timeout(1000)
    n = sum("/rows" in url for url in visit.asked)
    bad = {"lr": 1e-4, "kind": "adam"}
    for k in range(3):
        study.add(bad | {"lr": 1e-4 + k * 1e-6}, 100.0 + k)
    page.get_by_text("1 to 50 of 63").wait_for()
    assert sum("/rows" in url for url in visit.asked) == n
    study.add({"lr": 0.0101, "kind": "adam"}, -1.0)
    page.get_by_role("cell", name="-1", exact=True).wait_for()


def test_a_space_that_grows_has_a_new_column(browser, serve):
    storage = InMemory()
    study = luthier.create_study(storage=storage, name="grows", seed=0, sampler="random")
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=3)
    service = serve(storage)
    visit = Visit(browser, service)
    visit.log_in(service.token)
    page = visit.open("#/s/1/trials")
    assert page.locator("th", has_text="depth").count() == 0
    study.optimize(lambda t: t.suggest_int("depth", 1, 3), n_trials=1)
    page.locator("th", has_text="depth").wait_for()
    visit.end(service.token)


def test_a_rule_chooses_from_the_front_and_says_what_it_costs(visit, storage):
    study = fill(
        storage, "two", run=two_values, objectives={"loss": "minimize", "size": "minimize"}
    )
    page = visit.open("#/s/2/front")
    page.get_by_text(re.compile(r"\d+ of 60 complete trials are on the front")).wait_for()
    rows = read_twin(page, "The front as a table")
    assert {f"trial {row.number}" for row in study.best_trials} == {row[0] for row in rows}
    page.get_by_label("Rule").fill("loss <= 0.02, then smallest size")
    page.get_by_role("button", name="Choose").click()
    chosen = study.choose("loss <= 0.02, then smallest size")
    page.locator(".big", has_text=f"trial {chosen.number}").wait_for()
    page.get_by_text(str(chosen.rules[0])).wait_for()
    page.reload()
    page.locator(".big", has_text=f"trial {chosen.number}").wait_for()
    page.get_by_label("Rule").fill("loss <= -1")
    page.keyboard.press("Enter")
    page.get_by_text("nothing satisfies").wait_for()
    assert page.get_by_role("link", name="Front").is_visible()
    visit.open("#/s/1/summary")
    assert page.get_by_role("link", name="Front").is_hidden()


def test_workers_failures_space_and_cost(visit, study):
    page = visit.open("#/s/1/workers")
    [row] = read_twin(page, "Workers as a table")
    assert row[1:4] == ["60", "0", "6"]
    page = visit.open("#/s/1/failures")
    card = page.locator(".card")
    assert card.locator("h2").inner_text() == "6 × ValueError: out of memory: 57 GB"
    card.get_by_role("link", name="trial 57").click()
    page.locator("h1", has_text="Trial 57 of").wait_for()
    page = visit.open("#/s/1/space")
    nested = page.locator(".tree li li").inner_text()
    assert nested.startswith("momentum 0 to 1, linear, where kind is sgd, not active in ")
    assert "fixed fixed at 0.5" in page.locator(".tree").inner_text()
    rows = read_twin(page, "How trials fill the space, as a table")
    assert sum(int(row[2]) for row in rows if row[0] == "kind") == 60
    page = visit.open("#/s/1/cost")
    cells = page.locator("tbody tr", has_text="complete").locator("td").all_inner_texts()
    assert cells[0] == "48"
    assert cells[2] == "96"


def test_studies_are_picked_in_the_list_and_compared(visit, study, storage):
    other = fill(storage, "second", 40)
    visit.page.set_viewport_size({"width": 375, "height": 800})  # on a telephone as well
    page = visit.open("#/")
    for name in ("first", "second"):
        page.get_by_label(f"Compare {name}").check()
    page.get_by_role("button", name="Compare 2").click()
    page.locator("h1", has_text="2 studies").wait_for()
    rows = read_twin(page, "The best so far as a table")
    assert rows[-1][0] == "39"
    assert float(rows[-1][2]) == pytest.approx(other.best_value, rel=1e-3)
    spaces = page.locator("[aria-label=Spaces] tbody tr").all_inner_texts()
    assert [row.split("\t")[0] for row in spaces] == list(SPACE)
    assert not any("differs" in row for row in spaces)


def test_studies_of_several_seeds_have_one_line_with_a_band(visit, storage):
    for k in (1, 2):
        for name in ("tpe", "random"):
            fill(storage, f"{name} seed {k}", 20)
    page = visit.open("#/compare?studies=2,3,4,5")
    assert "Differences at the end" not in page.locator("main").inner_text()
    page.get_by_label("One line for studies").check()
    page.get_by_text("tpe (mean of 2)").wait_for()
    rows = read_twin(page, "The best so far as a table")
    assert len(rows[-1]) == 3
    tests = page.locator("[aria-label='Differences at the end'] tbody tr").inner_text()
    assert tests.split("\t")[:2] == ["tpe", "random"]
    assert "group=1" in page.url


def test_a_surface_is_drawn_over_any_two_parameters(visit, study):
    page = visit.open("#/s/1/surface")
    page.get_by_text("as a model expects it over").wait_for()
    page.get_by_label("Across").select_option("kind")
    page.get_by_text("as a model expects it over kind and").wait_for()
    rows = read_twin(page, "The surface as a table")
    assert {row[0] for row in rows} == {"adam", "sgd"}
    worst, best = (min(float(r[2]) for r in rows if r[0] == kind) for kind in ("adam", "sgd"))
    assert worst > best
    label = page.locator("canvas").get_attribute("aria-label")
    page.get_by_label("Standard deviation").check()
    page.wait_for_url("**sd=1**")
    page.locator("canvas").focus()
    for _ in range(100):  # the canvas may be drawn anew meanwhile
        page.keyboard.press("ArrowRight")
        if page.locator("canvas").get_attribute("aria-label") != label:
            break
        page.wait_for_timeout(100)
    assert page.locator("canvas").get_attribute("aria-label") != label


def test_the_path_to_the_best_fidelity_and_distribution(visit, study):
    page = visit.open("#/s/1/ablation")
    page.get_by_text("as a model expects, by").wait_for()
    rows = read_twin(page, "The path as a table")
    assert rows[0][0] == "start"
    assert {row[0] for row in rows[1:]} <= {"lr", "kind", "momentum"}
    assert float(rows[-1][1]) < float(rows[0][1])
    page.get_by_label("Number of a trial").fill("7")
    page.keyboard.press("Enter")
    page.get_by_text("trial 7 is none").wait_for()
    page = visit.open("#/s/1/fidelity")
    rows = read_twin(page, "Fidelity as a table")
    assert [row[0] for row in rows] == ["1", "2", "4"]
    assert float(rows[-1][2]) > 0.9
    page = visit.open("#/s/1/distribution")
    rows = read_twin(page, "Distribution as a table")
    assert (float(rows[0][0]), rows[-1][1]) == (pytest.approx(study.best_value, rel=1e-3), "1")


def test_a_finding_is_dismissed_counts_again_and_is_acted_upon(visit, storage):
    sick = sick_studies.optimum_at_bound(1, 0)
    study = luthier.create_study("bound", storage, space=sick.history.space)
    study.add_trials(sick.rows)
    finding = next(f for f in study.diagnose() if f.name == "optimum-at-bound")
    page = visit.open("#/s/2/findings")
    card = page.locator(".card", has_text=finding.title)
    card.get_by_label("Why, if you like").fill("it is meant")
    card.get_by_role("button", name="Dismiss").click()
    page.get_by_text("Because: it is meant.").wait_for()
    assert [d.finding for d in study.dismissals] == []  # as of the last look
    card.get_by_role("button", name="Show it again").click()
    card.get_by_text(finding.advice).wait_for()
    card.get_by_role("button", name="Do it").click()
    assert luthier.load_study("bound", storage).space.params == study.space.params  # it asks first
    card.get_by_role("button", name="Really change the study?").click()
    page.get_by_text(re.compile(f"Done: {finding.subject} is ")).wait_for()
    changed = luthier.load_study("bound", storage)
    assert changed.space.params != study.space.params
    page = visit.open("#/s/2/controls")
    page.get_by_text("applied the finding optimum-at-bound").wait_for()


def test_stars_and_hidden_results_are_seen_and_filtered(visit, study):
    study.controls.star(4)
    study.controls.hide(5)
    page = visit.open("#/s/1/trials")
    page.get_by_text("1 to 50 of 60").wait_for()
    page.get_by_label("Stars").select_option("starred")
    page.get_by_text("1 to 1 of 1").wait_for()
    row = page.locator("main tbody tr")
    assert row.locator("td").first.inner_text() == "4 ★"
    page.locator(".filter", has_text="starred: yes").wait_for()
    page.get_by_label("Stars").select_option("Starred or not")
    page.get_by_label("Hidden results").select_option("not hidden")
    page.get_by_text("1 to 50 of 59").wait_for()
    page.get_by_label("Hidden results").select_option("hidden")
    page.get_by_text("1 to 1 of 1").wait_for()
    assert row.locator("td").nth(1).inner_text().endswith(", hidden")
    page = visit.open("#/s/1/history?f=hidden:0:0")
    page.get_by_text("59 of 60 trials", exact=True).wait_for()


def test_a_study_that_is_deleted_says_so_and_is_asked_for_no_more(browser, serve, storage, study):
    service = serve(storage)
    visit = Visit(browser, service)
    visit.log_in(service.token)
    page = visit.open("#/s/1/history")
    page.get_by_text("of 60 trials").wait_for()
    [record] = storage.page_of_studies(0)
    storage.delete_study(record.id)
    page.get_by_role("heading", name="This is gone").wait_for()
    page.wait_for_timeout(500)
    n = len(visit.asked)
    page.wait_for_timeout(4500)
    assert len(visit.asked) == n
    page.close()


def test_models_are_not_fitted_for_each_of_many_trials(visit, study):
    page = visit.open("#/s/1/effects")
    page.get_by_text("The model behind the lines").wait_for()
    n = sum("/effects" in url for url in visit.asked)
    for _ in range(30):
        study.optimize(objective, n_trials=1, catch=(ValueError,))
        page.wait_for_timeout(50)
    page.wait_for_timeout(1500)
    assert 0 < sum("/effects" in url for url in visit.asked) - n <= 2


@pytest.mark.parametrize("view", ["history", "trials", "effects", "parallel"])
def test_the_filter_of_the_address_is_shown_by_each_view(visit, view):
    page = visit.open(f"#/s/1/{view}?f=value.0::1.5,param.1:1:1")
    page.locator(".filter", has_text="value at most 1.5").wait_for()
    page.locator(".filter", has_text="kind: sgd").wait_for()
    page.get_by_role("button", name="Remove all").click()
    page.locator(".filter").first.wait_for(state="hidden")
    assert "f=" not in page.url


N_MANY = 25_000


@pytest.fixture
def large(storage):
    """A study of more trials than are drawn one by one."""
    study = luthier.create_study(space=SPACE, storage=storage, name="large", seed=0)
    rng = np.random.default_rng(0)
    lr = 10 ** rng.uniform(-4, -1, N_MANY)
    study.add_trials(
        luthier.TrialRow(
            number=i,
            state=luthier.State.COMPLETE,
            params={"lr": float(x), "kind": "adam", "fixed": 0.5},
            values=(abs(math.log10(x) + 2),),
        )
        for i, x in enumerate(lr)
    )
    return study


@pytest.mark.parametrize("view", ["history", "trials", "effects", "parallel", "summary"])
def test_a_large_study_is_small_on_the_wire_and_in_the_page(visit, large, view):
    sizes = []
    visit.page.on("response", lambda r: sizes.append(int(r.headers.get("content-length", 0))))
    page = visit.open(f"#/s/2/{view}")
    text = {"trials": f"of {N_MANY}", "effects": "of which 4000 are drawn", "summary": "lr: "}
    page.get_by_text(text.get(view, f"{N_MANY} ")).first.wait_for()
    assert sum(sizes) < 1_000_000
    assert page.evaluate("document.querySelectorAll('*').length") < 2000


def test_what_reads_all_trials_of_a_large_study_is_asked_for(visit, large):
    page = visit.open("#/")
    page.locator("tbody tr", has_text="large").get_by_role("link", name="look").wait_for()
    page = visit.open("#/s/2/trials")
    page.get_by_role("button", name="Look for tags").click()
    page.get_by_role("button", name="Look for tags").wait_for(state="hidden")
    page = visit.open("#/s/2/summary")
    page.get_by_text("lr: ").wait_for()
    assert not any("/studies/2/findings" in url for url in visit.asked)
    page.get_by_role("button", name="Look for it").click()
    page.get_by_text(re.compile("Nothing was found|All [0-9]+, with")).wait_for()


def test_the_sample_of_a_large_study_is_of_what_the_filter_keeps(visit, large):
    kept = sum(row.params["lr"] <= 0.001 for row in large.trials)
    page = visit.open("#/s/2/parallel?f=param.0::0.001")
    page.get_by_text(f"{kept} of {N_MANY} complete trials").wait_for()
    best = min((row for row in large.trials if row.params["lr"] <= 0.001), key=lambda r: r.value)
    assert page.locator("main tbody tr").first.inner_text().startswith(f"trial {best.number}\t")
    page.get_by_role("button", name=re.compile("Remove: lr")).click()
    page.get_by_text(f"{N_MANY} of {N_MANY} complete trials").wait_for()


VIEWS = [
    "#/",
    "#/new",
    "#/compare?studies=1,2",
    "#/s/2/front?rule=loss <= 0.02, then smallest size",
    "#/s/1/trials/4",
    "#/s/1/summary",
    "#/s/1/history?f=value.0::1.5",
    "#/s/1/trials?f=value.0::1.5",
    "#/s/1/curves",
    "#/compare?studies=1,2&group=1",
    "#/s/1/surface",
    "#/s/1/ablation",
    "#/s/1/fidelity",
    "#/s/1/distribution",
    "#/s/1/importance",
    "#/s/1/effects",
    "#/s/1/parallel?f=value.0::1.5",
    "#/s/1/workers",
    "#/s/1/failures",
    "#/s/1/findings",
    "#/s/1/space",
    "#/s/1/cost",
    "#/s/1/controls",
]


@pytest.mark.external("axe_core_python")
def test_axe_finds_nothing_in_any_view_light_or_dark(browser, serve, storage, study):
    two = fill(storage, "two", run=two_values, objectives={"loss": "minimize", "size": "minimize"})
    running = two.ask()
    running.report((0.5, 0.5), 1)
    running.attach("notes.txt", b"text")
    running.log("a line")
    running.write_log()
    study.controls.star(4)
    study.controls.note(4, "a note")
    service = serve(storage)
    visit = Visit(browser, service, bypass_csp=True, color_scheme="light")
    visit.log_in(service.token)
    found = {}
    for view in [*VIEWS, f"#/s/2/trials/{running.number}", "#/s/2/controls"]:
        page = visit.open(view)
        page.wait_for_load_state("networkidle")
        for details in page.locator("details").all():
            details.locator("summary").first.click()
        found[view] = find_violations(page)
        page.emulate_media(color_scheme="dark")
        found[view] |= find_violations(page, "color-contrast", "link-in-text-block")
        page.emulate_media(color_scheme="light")
    assert {view: rules for view, rules in found.items() if rules} == {}
    visit.end(service.token)
