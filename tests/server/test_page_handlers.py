"""What the page reads, by real requests."""

import json

import numpy as np
import pytest
from tests.server.test_page_columns import unpack

import luthier
from luthier.server import Limits
from luthier.server.routes import make_routes
from luthier.storages import InMemory, SQLite
from luthier.storages.wrapper import Wrapper


class Counting(Wrapper):
    """A storage that counts how often its verbs are used."""

    def __init__(self, inner):
        super().__init__(inner)
        self.calls = []

    def changes(self, study, since):
        found = self.inner.changes(study, since)
        self.calls.append(("changes", len(found.rows)))
        return found

    def rows(self, study, numbers=None):
        found = self.inner.rows(study, numbers)
        self.calls.append(("rows", len(found)))
        return found


def objective(t):
    x = t.suggest_float("x", 0, 1)
    k = t.suggest_categorical("kind", ["a", "b"])
    if t.number == 3:
        raise ValueError("no <b>luck</b>")
    return (x - 0.3) ** 2 + (k == "a")


def fill(storage, n=12, name="first"):
    study = luthier.create_study(storage=storage, name=name, seed=0, sampler="random")
    study.optimize(objective, n_trials=n, catch=(ValueError,))
    return study


@pytest.fixture
def storage():
    return Counting(InMemory())


@pytest.fixture
def path(storage, service):
    fill(storage)
    [study] = service("GET", "/ui/studies")[1]["studies"]
    return f"/ui/studies/{study['id']}"


@pytest.fixture
def service(serve, storage):
    return serve(storage)


def test_the_latest_study_stands_first_with_its_counts(service, storage):
    assert service("GET", "/ui/studies") == (200, {"studies": [], "n_left": 0})
    fill(storage)
    fill(storage, 2, "second")
    shown = service("GET", "/ui/studies")[1]["studies"]
    assert [study["name"] for study in shown] == ["second", "first"]
    assert shown[1]["counts"] == {"complete": 11, "failed": 1}


def test_one_screen_of_a_study(service, path):
    study = service("GET", f"{path}/summary")[1]
    assert (study["name"], study["n_trials"]) == ("first", 12)
    assert study["counts"] == {"complete": 11, "failed": 1}
    assert [p["name"] for p in study["params"]] == ["x", "kind"]
    assert study["params"][1]["choices"] == ["a", "b"]
    assert study["steps"][-1] == [study["best"]["number"], study["best"]["value"]]
    assert study["text"][0].startswith("Nothing is running")
    assert f"of trial {study['best']['number']}." in study["text"][1]


def test_a_study_without_results_says_so(service):
    path = service.study().replace("/v1/", "/ui/")
    study = service("GET", f"{path}/summary")[1]
    assert study["best"] is None
    assert study["text"] == ["Nothing is running.", "No trial is complete yet."]
    assert service("GET", f"{path}/rows")[1] == {"n": 0, "rows": []}
    assert service("GET", f"{path}/importance")[1]["params"] == []


def test_columns_are_those_of_the_trials(service, path):
    status, headers, data = service.raw("GET", f"{path}/columns?names=number,state,value.0,param.1")
    assert (status, headers["content-type"]) == (200, "application/octet-stream")
    number, state, value, kind = unpack(data)
    assert number.tolist() == list(range(12))
    assert np.flatnonzero(state == 5).tolist() == [3]
    assert np.isnan(value[3])
    assert np.nanmin(value[kind == 0]) >= 1
    assert service("GET", f"{path}/columns?names=secret")[0] == 422


@pytest.mark.parametrize(
    "what", ["summary", "columns?names=value.0", "rows", "trials/0", "importance", "findings"]
)
def test_what_has_not_changed_is_neither_read_nor_sent(service, storage, path, what):
    status, headers, content = service.raw("GET", f"{path}/{what}")
    assert status == 200
    assert content
    for _ in range(3):
        del storage.calls[:]
        again = service.raw("GET", f"{path}/{what}", If_None_Match=headers["etag"])
        assert (again[0], again[2]) == (304, b"")
        assert storage.calls == [("changes", 0)]


@pytest.mark.parametrize("what", ["summary", "rows", "importance", "findings"])
def test_what_one_tab_has_read_is_not_made_again_for_another(service, storage, path, what):
    first = service.raw("GET", f"{path}/{what}")
    del storage.calls[:]
    assert service.raw("GET", f"{path}/{what}")[2] == first[2]
    assert storage.calls == [("changes", 0)]


def test_a_change_is_seen_and_only_the_change_is_read(service, storage, path):
    _, headers, _ = service.raw("GET", f"{path}/summary")
    luthier.load_study(storage=storage, name="first").optimize(objective, n_trials=1)
    del storage.calls[:]
    status, after, content = service.raw("GET", f"{path}/summary", If_None_Match=headers["etag"])
    assert (status, json.loads(content)["n_trials"]) == (200, 13)
    assert after["etag"] != headers["etag"]
    assert storage.calls == [("changes", 1)]


def test_the_table_is_sorted_filtered_and_cut(service, storage, path):
    rows = service("GET", f"{path}/rows?sort=value.0&limit=3")[1]
    assert rows["n"] == 12
    values = [row["values"][0] for row in rows["rows"]]
    assert values == sorted(values)
    assert len(values) == 3

    del storage.calls[:]
    service("GET", f"{path}/rows?sort=value.0&limit=3&offset=3")
    assert ("rows", 3) in storage.calls  # one page, not all

    [failed] = service("GET", f"{path}/rows?filter=state:5:5")[1]["rows"]
    assert (failed["number"], failed["error"]) == (3, "ValueError: no <b>luck</b>")
    low = service("GET", f"{path}/rows?filter=value.0::{values[1]}")[1]
    assert low["n"] == 2
    assert service("GET", f"{path}/rows?filter=lost::1")[0] == 422
    assert service("GET", f"{path}/rows?sort=lost")[0] == 422


def test_any_attribute_is_a_column(service, storage, path):
    study = luthier.load_study(storage=storage, name="first")
    study.enqueue({"x": 0.5, "kind": "b"})
    study.optimize(tagged, n_trials=2)
    assert service("GET", f"{path}/attributes")[1] == {
        "tags": ["a, b:c", "size"],
        "constraints": ["memory"],
    }
    name = "tag.a%252C%20b%253Ac"
    page = service("GET", f"{path}/rows?sort=-{name}&limit=2&tags=a%252C%20b%253Ac,size")[1]
    assert [row["tags"] for row in page["rows"]] == [
        {"a, b:c": "z", "size": 13},
        {"a, b:c": "y", "size": 12},
    ]
    assert page["rows"][0]["constraints"] == {"memory": -1.0}
    for kept in ("tag.size:13:13", "constraint.0:-1:-1,number:13:"):
        [row] = service("GET", f"{path}/rows?filter={kept}")[1]["rows"]
        assert row["number"] == 13
    del storage.calls[:]
    service("GET", f"{path}/rows?sort={name}&limit=3")
    service("GET", f"{path}/rows?sort={name}&limit=3&offset=3")
    assert [n for call, n in storage.calls if call == "rows"] == [3, 3]  # the column is known


def tagged(t):
    t.set_tag("a, b:c", "zy"[t.number == 12])
    t.set_tag("size", t.number)
    t.set_constraint("memory", -1.0)
    return objective(t)


def test_what_a_filter_keeps_is_a_file(service, path):
    data = service.raw("GET", f"{path}/table.csv?filter=state:3:3&sort=value.0")[2].decode()
    lines = data.splitlines()
    assert lines[0].split(",")[:3] == ["number", "state", "value"]
    values = [float(line.split(",")[2]) for line in lines[1:]]
    assert values == sorted(values)
    assert len(values) == 11


def test_the_rest_of_columns_is_read_alone(service, path):
    [number] = unpack(service.raw("GET", f"{path}/columns?names=number&first=10")[2])
    assert number.tolist() == [10, 11]


def test_a_sample_is_of_what_a_filter_keeps_the_best_half_first(service, path):
    names = f"{path}/columns?names=number,value.0&filter=state:3:3"
    number, value = unpack(service.raw("GET", f"{names}&most=4")[2])
    all_number, all_value = unpack(service.raw("GET", f"{names}&most=100")[2])
    assert len(number) == 4
    assert len(all_number) == 11
    assert set(all_number[np.argsort(all_value)[:2]]) < set(number)
    assert value.tolist() == all_value[np.isin(all_number, number)].tolist()
    assert service("GET", f"{names}&most=4&objective=1")[0] == 422


def test_a_trial_and_one_that_is_not_there(service, path):
    trial = service("GET", f"{path}/trials/3")[1]
    assert trial["state"] == "failed"
    assert "no <b>luck</b>" in trial["error"]
    status, answer = service("GET", f"{path}/trials/12")
    assert (status, answer["error"]["message"]) == (404, "there is no trial 12; there are 12")


def test_analysis_says_what_matters_and_what_is_wrong(service, storage):
    fill(storage, 40)
    path = f"/ui/studies/{service('GET', '/ui/studies')[1]['studies'][0]['id']}"
    found = service("GET", f"{path}/importance")[1]
    assert found["params"][0]["name"] == "kind"
    assert found["params"][0]["important"]
    assert service("GET", f"{path}/importance?objective=1")[0] == 422
    for finding in service("GET", f"{path}/findings")[1]["findings"]:
        assert finding["title"]
        assert finding["dismissed"] is False


def test_nothing_is_read_without_the_token(service, path):
    for what in ("", "/summary", "/columns?names=number", "/rows", "/trials/0", "/findings"):
        assert service.raw("GET", f"{path}{what}", token="")[0] == 401


def test_the_description_of_the_api_leaves_out_what_is_for_the_page(service):
    assert not [p for p in service("GET", "/openapi.json")[1]["paths"] if p.startswith("/ui/")]


def test_studies_are_read_in_processes_that_can_be_ended(serve, tmp_path):
    storage = SQLite(tmp_path / "studies.db")
    fill(storage)
    service = serve(storage, limits=Limits(processes=1))
    path = f"/ui/studies/{service('GET', '/ui/studies')[1]['studies'][0]['id']}"
    status, headers, _ = service.raw("GET", f"{path}/summary")
    assert status == 200
    assert service.raw("GET", f"{path}/summary", If_None_Match=headers["etag"])[0] == 304
    assert len(unpack(service.raw("GET", f"{path}/columns?names=value.0")[2])[0]) == 12


def test_the_summary_says_that_a_study_is_paused(service):
    study = service.study()
    service("POST", f"{study}/pause", {})
    text = service("GET", f"/ui/studies/{study.rpartition('/')[2]}/summary")[1]["text"]
    assert text[0] == "The study is paused: no trial begins."
    service("POST", f"{study}/resume", {})
    text = service("GET", f"/ui/studies/{study.rpartition('/')[2]}/summary")[1]["text"]
    assert "paused" not in " ".join(text)


def test_what_takes_seconds_is_waited_for_by_nothing_that_is_quick(storage):
    routes = {route.name: route for route in make_routes(storage, None, 1000)}
    quick = ("page_summary", "page_columns", "page_rows", "page_trial", "page_controls")
    assert [name for name in quick if routes[name].slow or not routes[name].apart] == []
    slow = {name for name, route in routes.items() if route.slow}
    assert {"page_importance", "page_findings"} < slow
    assert all(routes[name].apart and routes[name].costly for name in slow)
