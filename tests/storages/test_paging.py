"""Pages of changes: each is bounded, and together they are the changes."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.servers import parameters, shared
from tests.support.service import Service

import luthier
from luthier.errors import StudyNotFoundError
from luthier.storages import InMemory, from_url, paging
from luthier.storages.base import with_reports
from luthier.storages.paging import find_end
from luthier.trial.record import State, TrialRow

KINDS = parameters("memory", "sqlite", "postgresql", "mysql", "redis", "http")

sizes = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 3 * 10**6)), max_size=60)


@given(sizes, st.lists(st.integers(1, 30), max_size=60))
def test_a_page_has_whole_revisions_and_is_as_large_as_may_be(trials, reports):
    trials, reports = sorted(trials), sorted(reports)
    end = find_end(trials, reports)

    def n_characters(until):
        return sum(n for r, n in trials if r <= until) + sum(50 for r in reports if r <= until)

    everything = sorted({r for r, _ in trials} | set(reports))
    if end is None:
        assert n_characters(30) <= paging.MOST_CHARACTERS or len(everything) <= 1
    else:
        assert end in everything
        assert end == everything[0] or n_characters(end) <= paging.MOST_CHARACTERS
        after = min((r for r in everything if r > end), default=None)
        assert after is None or n_characters(after) > paging.MOST_CHARACTERS


@pytest.mark.parametrize("n_in_one", [1, 7, paging.MOST_ROWS + 1])
def test_a_list_that_was_cut_ends_before_its_last_revision(n_in_one):
    """As that may have further rows; unless it is the only one."""
    n = paging.MOST_ROWS + 1
    trials = [(1 + i // n_in_one, 10) for i in range(n)]
    end = find_end(trials, [])
    assert end == max(trials[-1][0] - 1, 1)


@pytest.fixture
def storage(request, tmp_path):
    kind = request.param
    service = None
    if kind == "memory":
        made = InMemory()
    elif kind == "sqlite":
        made = from_url(str(tmp_path / "a.db"))
    elif kind == "http":
        service = Service(from_url(str(tmp_path / "a.db")))
        made = service.client()
    else:
        made = from_url(shared(kind).fresh())
    yield made
    made.close()
    if service is not None:
        service.stop()


def read_pages(storage, study, since=0):
    pages = []
    while not pages or not pages[-1].is_last:
        pages.append(storage.page_of_changes(study, since))
        assert pages[-1].revision > since or pages[-1].is_last
        since = pages[-1].revision
    return pages


def fill(storage):
    """A study whose trials are of all sizes, some of them added together, and changed later."""
    study = storage.create_study("s", {"seed": 1}).id
    rng = random.Random(1)
    for i in range(14):
        rows = [
            TrialRow(
                number=-1,
                state=State.RUNNING,
                tags={"t": "x" * rng.choice([1, 1, 1000, 700_000])},
                reports=((1.0, 0.5),),
            )
            for _ in range(1 + i % 3)
        ]
        first, _ = storage.add_trials(study, rows)
        storage.report(study, first, 1, 2.0, 1.5, None, {})
    storage.report(study, 0, 1, 2.0, 2.5, None, {})
    storage.update_study(study, {"seed": 2})
    return study


@pytest.mark.parametrize("storage", KINDS, indirect=True)
def test_pages_are_bounded_and_together_they_are_the_changes(storage):
    study = fill(storage)
    pages = read_pages(storage, study)
    assert len(pages) > 1
    for page in pages:
        sizes = [len(json.dumps(row.tags)) for row in page.rows]
        assert sum(sizes) - max(sizes, default=0) <= 2 * paging.MOST_CHARACTERS
    whole = storage.changes(study, 0)
    assert whole.is_last
    assert pages[-1].revision == whole.revision
    rows = {row.number: row for page in pages for row in page.rows}
    assert [rows[i] for i in sorted(rows)] == list(whole.rows)
    reports = {(r.number, r.step): r.value for page in pages for r in page.reports}
    assert reports == {(r.number, r.step): r.value for r in whole.reports}
    assert [page.spec for page in pages if page.spec] == [{"seed": 2}] * len(
        [page for page in pages if page.spec]
    )
    assert with_reports(whole) == storage.rows(study)
    numbers = [5, 3, 8, 0, 20]
    assert [row.number for row in storage.rows(study, numbers)] == numbers
    assert storage.rows(study, numbers) == [storage.rows(study)[i] for i in numbers]


@pytest.mark.parametrize("storage", KINDS, indirect=True)
def test_what_changes_between_two_pages_stands_in_a_later_one(storage):
    study = fill(storage)
    first = storage.page_of_changes(study, 0)
    number = first.rows[0].number
    storage.report(study, number, 1, 9.0, 9.5, None, {"x": 0.5})
    later = read_pages(storage, study, first.revision)
    assert [r.value for page in later for r in page.reports if (r.number, r.step) == (number, 9.0)]
    [row] = [row for page in later for row in page.rows if row.number == number]
    assert row.params == {"x": 0.5}


@pytest.mark.parametrize("storage", KINDS, indirect=True)
def test_studies_come_in_pages_too(storage):
    ids = [storage.create_study(f"s{i}", {"seed": i}).id for i in range(23)]
    storage.delete_study(ids.pop(4))
    found, first = [], 0
    while page := storage.page_of_studies(first):
        assert len(page) <= paging.STUDIES
        found += page
        first = page[-1].id + 1
    assert [record.id for record in found] == ids
    assert found == storage.studies()
    with pytest.raises(StudyNotFoundError):
        storage.page_of_changes(10**6, 0)


def test_a_client_lists_studies_of_the_service_in_pages(tmp_path):
    service = Service(from_url(str(tmp_path / "a.db")))
    for i in range(25):
        service.study(name=f"s{i}")
    names, at = [], 0
    while at is not None:
        status, answer = service("GET", f"/v1/studies?since={at}&limit=10")
        assert status == 200
        assert len(answer["studies"]) <= 10
        names += [study["name"] for study in answer["studies"]]
        at = answer["next"]
    assert names == [f"s{i}" for i in range(25)]
    assert len(service("GET", "/v1/studies")[1]["studies"]) == 25
    assert luthier.load_study("s24", service.client()).name == "s24"
    service.stop()
