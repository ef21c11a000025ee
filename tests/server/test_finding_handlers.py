"""Findings over HTTP: dismissed, restored, applied, each with a line in the log."""

import pytest
from tests.support import sick_studies

import luthier
from luthier.storages import InMemory


@pytest.fixture
def storage():
    return InMemory()


@pytest.fixture
def study(storage):
    sick = sick_studies.crash_values(1, 0)
    study = luthier.create_study("sick", storage, space=sick.history.space)
    study.add_trials(sick.rows)
    return study


@pytest.fixture
def do(serve, storage, study):
    """Acts on a finding; the status and the answer."""
    service = serve(storage)

    def act(verb, finding, **more):
        path = f"/v1/studies/1/findings/{verb}"
        return service("POST", path, {"finding": finding} | more)

    act.service = service
    return act


def read(study):
    return {f.name: f for f in study.diagnose()}


def test_a_finding_is_dismissed_and_counts_again(do, study):
    status, answer = do("dismiss", "crash-values", reason="these are known")
    assert (status, answer) == (200, {"change": "dismissed the finding crash-values"})
    assert read(study)["crash-values"].dismissed
    assert read(study)["crash-values"].reason == "these are known"
    assert do.service("GET", "/ui/studies/1/findings")[1]["findings"][-1]["dismissed"]
    assert do("apply", "crash-values")[0] == 404
    assert do("restore", "crash-values")[0] == 200
    assert not read(study)["crash-values"].dismissed
    assert not do.service("GET", "/ui/studies/1/findings")[1]["findings"][-1]["dismissed"]
    assert [act.what for act in study.controls.log] == [
        "dismissed the finding crash-values",
        "let the finding crash-values count again",
    ]


def test_what_is_no_finding_is_refused(do):
    assert do("dismiss", "no-such-finding")[0] == 422
    assert do("dismiss", "crash-values", parameter="no such parameter")[0] == 422
    assert do("dismiss", "crash-values", reason="x" * 1001)[0] == 422
    assert do("restore", "crash-values")[0] == 409
    assert do("apply", "optimum-at-bound", parameter="x")[0] == 404


def test_a_remedy_changes_the_stored_space(serve, storage):
    sick = sick_studies.optimum_at_bound(1, 0)
    study = luthier.create_study("bound", storage, space=sick.history.space)
    study.add_trials(sick.rows)
    finding = next(f for f in study.diagnose() if f.name == "optimum-at-bound")
    assert finding.action.kind == "widen"
    service = serve(storage)
    body = {"finding": finding.name, "parameter": finding.subject}
    status, answer = service("POST", "/v1/studies/1/findings/apply", body)
    assert status == 200
    changed = luthier.load_study("bound", storage)
    assert changed.space.params != study.space.params
    assert repr(changed.space.params[finding.subject]) in answer["change"]
    assert changed.controls.log[-1].what == (
        f"applied the finding {finding.name} of {finding.subject}: {answer['change']}"
    )
