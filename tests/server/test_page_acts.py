"""What people do with the page in a real browser: create, enqueue, pause, stop, take notes."""

import base64
import re

import pytest
from tests.support.browser import Visit, open_browser

import luthier
from luthier import State
from luthier.storages import InMemory

pytestmark = [pytest.mark.external("chromium", "playwright"), pytest.mark.slow]

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
SPACE = {"x": luthier.Float(0, 1), HOSTILE: luthier.Categorical([HOSTILE, "b", None, 3])}


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def study():
    study = luthier.create_study(storage=InMemory(), name=HOSTILE, space=SPACE, sampler="random")
    study.optimize(lambda trial: trial.params["x"], n_trials=5)
    return study


@pytest.fixture
def service(serve, study):
    return serve(study.storage)


@pytest.fixture
def visit(browser, service):
    visit = Visit(browser, service)
    visit.log_in(service.token)
    yield visit
    assert visit.said == []
    own = (visit.root, f"blob:{visit.root}")
    assert [url for url in visit.asked if not url.startswith(own)] == []
    visit.page.close()


def click(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def test_a_study_is_paused_resumed_and_stopped(visit, study):
    page = visit.open("#/s/1/controls")
    click(page, "Pause")
    page.get_by_text("The study is paused.").wait_for()
    assert study.controls.course == "paused"
    click(page, "Resume")
    page.get_by_text("The study is running.").wait_for()
    click(page, "Stop")
    assert study.controls.course == "running"  # it asks first
    click(page, "Really stop the study?")
    page.get_by_text("The study is stopped.").wait_for()
    assert study.controls.course == "stopped"
    log = page.get_by_role("region", name="Acts").inner_text()
    assert "stopped the study" in log
    assert "the page at 127.0.0.1" in log


def test_a_second_click_finds_its_button_while_the_study_changes(visit, study):
    running = study.ask()
    page = visit.open("#/s/1/controls")
    line = page.get_by_role("region", name="Running trials").locator("tr")
    line.get_by_role("button", name="Fail").click()
    page.get_by_role("button", name="Stop", exact=True).first.click()
    other = study.ask()
    page.get_by_role("link", name=f"trial {other.number}").wait_for()  # drawn anew
    page.get_by_role("button", name="Really stop the study?").wait_for()
    line.get_by_role("button", name="Really fail it?").click()
    page.get_by_text(f"Trial {running.number} has failed.").wait_for()
    assert study.trials[running.number].state == State.FAILED


def test_params_are_enqueued_by_a_form(visit, study):
    page = visit.open("#/s/1/trials/2")
    page.get_by_role("link", name="Run with changes").click()
    page.get_by_role("heading", name="Run next").wait_for()
    x = page.get_by_label("x", exact=True)
    assert float(x.input_value()) == study.trials[2].params["x"]
    x.fill("0.25")
    page.get_by_label(HOSTILE).select_option(HOSTILE)
    click(page, "Enqueue")
    page.get_by_text("Trial 5 is run next.").wait_for()
    assert study.trials[5].params == {"x": 0.25, HOSTILE: HOSTILE}
    page.get_by_label(HOSTILE).select_option("null")
    x.fill("")
    click(page, "Enqueue")
    page.get_by_text("Trial 6 is run next.").wait_for()
    assert study.trials[6].params == {HOSTILE: None}


def test_a_refused_act_says_why(visit, study):
    page = visit.open("#/s/1/controls")
    page.get_by_label("x", exact=True).fill("7")
    page.evaluate("document.querySelector('form.fields').noValidate = true")
    click(page, "Enqueue")
    page.locator("p.error", has_text="x").wait_for()
    assert study.history.n == 5
    visit.said.clear()  # a browser notes every refusal


def test_one_trial_is_starred_noted_tagged_hidden_and_run_nearby(visit, study):
    best = study.best_trial.number
    page = visit.open(f"#/s/1/trials/{best}")
    click(page, "Star")
    page.get_by_text("★ starred").wait_for()
    page.get_by_label("Note").fill(HOSTILE)
    click(page, "Save the note")
    page.get_by_text("Saved.").wait_for()
    page.get_by_label("Name of a tag").fill(HOSTILE)
    page.get_by_label("Its value").fill(HOSTILE)
    click(page, "Tag")
    page.get_by_text(f"{HOSTILE}: {HOSTILE}").wait_for()
    click(page, "Hide its result")
    page.get_by_text("its result does not count").wait_for()
    said = study.controls.remark(best)
    assert (said.star, said.hidden, said.tags) == (True, True, {HOSTILE: HOSTILE})
    assert study.best_trial.number != best
    click(page, "One near this")
    page.get_by_text("Trial 5 is run next.").wait_for()
    visit.open(f"#/s/1/trials/{best}").reload()
    assert visit.page.get_by_label("Note").input_value() == HOSTILE
    assert study.trials[5].tags == {"near": best}


def test_a_trial_is_run_by_hand(visit, study):
    page = visit.open("#/s/1/controls")
    click(page, "Propose one to run by hand")
    page.locator("h1", has_text="Trial 5 of").wait_for()
    page.get_by_label("Value: value").fill("-0.5")
    click(page, "Enter the value")
    page.get_by_text("The value is entered.").wait_for()
    assert study.best_trial.number == 5
    assert not page.get_by_label("Value: value").is_visible()


def test_a_running_trial_is_stopped_and_another_failed(visit, study):
    first, second = study.ask(), study.ask()
    page = visit.open("#/s/1/controls")
    lines = page.get_by_role("region", name="Running trials").locator("tr")
    lines.nth(0).get_by_role("button", name="Stop").click()
    page.get_by_text("is to stop", exact=True).wait_for()
    first.report(0.5, 1)
    assert first.should_stop()
    page = visit.open(f"#/s/1/trials/{second.number}")
    click(page, "Fail")
    click(page, "Really fail it?")
    page.get_by_text("ended by the page at 127.0.0.1").wait_for()
    assert study.trials[second.number].state == State.FAILED
    click(page, "Retry")
    page.get_by_role("button", name="Fail").wait_for()
    assert study.trials[second.number].state == State.WAITING


def test_studies_are_created_by_a_form_and_of_yaml(visit, study):
    page = visit.open("#/new")
    page.get_by_label("Name", exact=True).first.fill(HOSTILE + "2")
    line = page.locator("form .bar").nth(1)
    line.get_by_label("Name").fill("lr")
    line.get_by_label("Kind").select_option("float, log")
    line.get_by_label("Lowest").fill("0.001")
    line.get_by_label("Highest").fill("1")
    click(page, "One more")
    line = page.locator("form .bar").nth(2)
    line.get_by_label("Name").fill("kind")
    line.get_by_label("Kind").select_option("choices")
    line.get_by_label("Choices").fill("a, b")
    click(page, "Create")
    page.get_by_role("heading", name="Run next").wait_for()
    made = luthier.load_study(HOSTILE + "2", study.storage)
    assert made.space.params == {
        "lr": luthier.Float(0.001, 1, log=True),
        "kind": luthier.Categorical(["a", "b"]),
    }
    assert [act.what for act in made.controls.log] == ["created the study"]

    page = visit.open("#/new")
    page.get_by_label("Name", exact=True).first.fill("of yaml")
    page.get_by_label("Or a space file in YAML").fill("layers: {low: 1, high: 4}")
    click(page, "Create")
    page.get_by_role("heading", name="Run next").wait_for()
    assert luthier.load_study("of yaml", study.storage).space.params == {
        "layers": luthier.Int(1, 4)
    }


def test_a_page_that_only_reads_has_no_buttons(browser, serve, study):
    study.controls.note(1, "kept")
    service = serve(study.storage, read_only="it was asked to")
    visit = Visit(browser, service)
    visit.log_in(service.token)
    page = visit.open("#/s/1/controls")
    page.get_by_text("This page only reads. (it was asked to)").wait_for()
    buttons = page.locator("main button").all_inner_texts()
    assert buttons == []
    visit.open("#/s/1/trials/1").get_by_text("kept").wait_for()
    assert visit.open("#/").get_by_role("link", name="New study").count() == 0
    status = page.evaluate(
        "fetch('v1/studies/1/stop', {method: 'POST', body: '{}', headers: "
        "{'Content-Type': 'application/json', 'X-Luthier': '1'}}).then((r) => r.status)"
    )
    assert status == 403
    assert study.controls.course == "running"
    assert [text for text in visit.said if not re.search("403", text)] == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["#/new", "#/s/1/controls", "#/s/1/trials/1"])
def test_every_form_fits_a_phone(visit, scheme, view):
    visit.page.emulate_media(color_scheme=scheme)
    visit.page.set_viewport_size({"width": 320, "height": 700})
    page = visit.open(view)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.locator("main script, main img").count() == 0


def test_files_of_a_trial_are_shown_and_run_nowhere(visit, study, tmp_path):
    trial = study.ask()
    png = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
        "gg=="
    )
    hostile = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    trial.attach("confusion.png", png)
    for name in ("a.svg", "b.html", "c.png"):
        trial.attach(name, hostile)
    trial.log(HOSTILE)
    page = visit.open("#/s/1/trials/5")
    page.get_by_role("img", name="confusion.png").wait_for()
    assert page.locator("pre[aria-label='log.txt']").inner_text().strip() == HOSTILE
    page.get_by_role("link", name="c.png").wait_for()
    assert page.locator("main img").count() == 1
    assert page.locator("main iframe, main object, main embed, main svg").count() == 0
    for name in ("a.svg", "b.html"):
        with page.expect_download() as waiting:
            page.get_by_role("link", name=name).click()
        waiting.value.save_as(tmp_path / name)
        assert (tmp_path / name).read_bytes() == hostile

    trial.log("a second line")  # comes without a reload
    trial.write_log()
    page.locator("pre", has_text="a second line").wait_for()
    study.tell(trial, 1.0)
    # Opened as a page of its own a file is a download still.
    address = f"{visit.root}ui/studies/1/trials/5/attachments/b.html"
    with page.expect_download():
        page.evaluate("(address) => { location.href = address; }", address)
    assert page.url.endswith("#/s/1/trials/5")


def test_two_trials_are_compared_by_eye(visit, study):
    page = visit.open("#/s/1/preferences")
    page.get_by_text("Nothing has been compared yet.").wait_for()
    click(page, "Show two trials")
    page.get_by_role("heading", name="Trial 0").wait_for()
    click(page, "The right one is better")
    page.get_by_text("After 1 comparisons trial 1 is liked best:").wait_for()
    page.get_by_role("heading", name="Trial 2").wait_for()
    click(page, "They are equal")
    page.get_by_text("Noted: they are equal.").wait_for()
    assert [(c.better, c.worse, c.equal) for c in study.preferences.comparisons] == [
        (1, 0, False),
        (1, 2, True),
    ]
