"""One stream of events for all pages of a browser, however many: no gap, no double."""

import pytest
from tests.support.browser import RECORD, Visit, open_browser
from tests.support.service import Service

import luthier
from luthier.storages import from_url
from luthier.trial import State

pytestmark = [pytest.mark.external("chromium", "playwright"), pytest.mark.slow]

N_PAGES = 8  # more than a browser has connections


def objective(t):
    return t.suggest_float("x", 0, 1)


def make_study(url, name):
    study = luthier.create_study(name, url, sampler="random", seed=0)
    study.optimize(objective, n_trials=3)
    return study


def count_streams(service):
    lines = service.raw("GET", "/metrics")[2].decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("luthier_event_stream"))


def see(pages, number):
    for page in pages:
        page.get_by_role("link", name=str(number), exact=True).wait_for()


def read_told(page):
    """Which trials were told to be complete, in order."""
    changes = page.evaluate("window.heard")
    assert not any(change["many"] for change in changes)
    return [n for change in changes for n, state, *_ in change["trials"] if state == State.COMPLETE]


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/s.db"


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


def open_pages(visit, study, n):
    pages = [visit.context.new_page() for _ in range(n)]
    for page in pages:
        page.add_init_script(RECORD)
        page.clock.install()
        page.goto(f"{visit.root}#/s/{study}/trials")
    see(pages, 2)
    return pages


def test_eight_pages_have_one_stream_and_miss_nothing(browser, url, eventually):
    studies = [make_study(url, name) for name in "ab"]
    service = Service(from_url(url))
    try:
        visit = Visit(browser, service)
        visit.log_in(service.token)
        pages = [*open_pages(visit, 1, N_PAGES - 2), *open_pages(visit, 2, 2)]

        def run_one(number):
            for study in studies:
                study.optimize(objective, n_trials=1)
            see(pages, number)
            assert count_streams(service) == 1

        run_one(3)

        # The worker that has the stream ends, as when its process crashes.
        session = browser.new_browser_cdp_session()
        targets = session.send("Target.getTargets")["targetInfos"]
        [worker] = [t["targetId"] for t in targets if t["type"] == "shared_worker"]
        session.send("Target.closeTarget", {"targetId": worker})
        assert eventually(lambda: count_streams(service) == 0)
        for _ in range(2):  # a question that is not answered, and another worker
            for page in pages:
                page.clock.fast_forward(5000)
        run_one(4)

        # The service ends, trials go on, and it starts again.
        service.stop()
        for study in studies:
            study.optimize(objective, n_trials=1)
        service = Service(from_url(url), port=service.port)
        for page in pages:
            page.clock.resume()
        run_one(6)

        # Pages that are closed take nothing along.
        for page in (pages.pop(), pages.pop(0)):
            page.close()
        run_one(7)
        for page in pages:
            assert read_told(page) == [3, 4, 5, 6, 7]
        visit.context.close()
        assert eventually(lambda: count_streams(service) == 0)
    finally:
        service.stop()


def test_a_browser_that_shares_no_workers_has_a_stream_for_each_page(browser, url):
    study = make_study(url, "a")
    service = Service(from_url(url))
    try:
        visit = Visit(browser, service)
        visit.context.add_init_script("delete window.SharedWorker")
        visit.log_in(service.token)
        pages = [visit.page, visit.context.new_page()]
        for page in pages:
            page.goto(f"{visit.root}#/s/1/trials")
        see(pages, 2)
        study.optimize(objective, n_trials=1)
        see(pages, 3)
        assert count_streams(service) == 2
        visit.end(service.token)
    finally:
        service.stop()
