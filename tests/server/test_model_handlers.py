"""Models in production over HTTP: which version answers a unit, and what came of it."""

import pytest

from luthier.lifecycle import Metric, advance_rollout, begin_rollout
from luthier.registry import Content, Registry
from luthier.storages import InMemory

METRICS = (Metric(name="conversion", margin=0.5),)


@pytest.fixture
def registry():
    """A registry whose version 1 is the champion, and which has a version 2."""
    registry = Registry(InMemory())
    for depth in (1, 2):
        registry.register(Content(model="churn", params={"depth": depth}))
    registry.promote("churn:1")
    return registry


@pytest.fixture
def service(serve, registry):
    return serve(registry.storage)


def test_models_are_listed_with_their_aliases(service):
    status, found = service("GET", "/v1/models")
    assert status == 200
    assert found == {"models": [{"name": "churn", "versions": 2, "aliases": {"champion": 1}}]}
    assert service("GET", "/v1/studies")[1]["studies"] == []


def test_a_log_is_no_study_by_its_id_either(service, registry):
    [log] = registry.storage.studies()
    assert service("GET", f"/v1/studies/{log.id}")[0] == 404
    assert service("POST", f"/v1/studies/{log.id}/ask", {})[0] == 404
    assert service("DELETE", f"/v1/studies/{log.id}")[0] == 404
    assert registry.verify("churn") is None


def test_without_a_roll_out_the_champion_answers(service):
    status, choice = service("GET", "/v1/models/churn/choose?key=user")
    assert status == 200
    assert (choice["version"], choice["arm"], choice["params"]) == (1, "champion", {"depth": 1})
    observed = service("POST", "/v1/models/churn/observe", {"key": "user", "outcomes": {"c": 1}})
    assert observed == (200, {"noted": False})


def test_a_roll_out_is_served_observed_and_judged(service, registry):
    begin_rollout(registry, "churn:2", METRICS, shares=(0.5,), bake_s=0.0, min_units=20)
    arms = set()
    for i in range(400):
        key = f"user {i}"
        _, choice = service("GET", f"/v1/models/churn/choose?key={key.replace(' ', '%20')}")
        arms.add(choice["arm"])
        outcome = {"conversion": i % 2}
        body = {"key": key, "outcomes": outcome}
        assert service("POST", "/v1/models/churn/observe", body) == (200, {"noted": True})
        assert service("POST", "/v1/models/churn/observe", body) == (200, {"noted": False})
    assert arms == {"champion", "challenger"}
    assert service("GET", "/v1/models/churn/verdict")[1]["verdict"] == "running"
    rollout, _ = advance_rollout(registry, "churn")
    assert rollout.state == "promoted"
    _, verdict = service("GET", "/v1/models/churn/verdict")
    assert (verdict["verdict"], verdict["share"]) == ("success", 1.0)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/models/nothing/choose?key=a", None, 404),
        ("GET", "/v1/models/nothing/verdict", None, 404),
        ("GET", "/v1/models/..%2Fchurn/verdict", None, 404),
        ("GET", "/v1/models/churn/choose", None, 422),
        ("GET", "/v1/models/churn/verdict", None, 422),
        ("POST", "/v1/models/churn/observe", {"key": 3, "outcomes": {}}, 422),
        ("POST", "/v1/models/churn/observe", {"key": "a", "outcomes": {"x": "1"}}, 422),
        ("POST", "/v1/models/churn/observe", {"key": "a", "outcomes": {}, "more": 1}, 422),
    ],
)
def test_what_makes_no_sense_is_refused(service, method, path, body, status):
    assert service(method, path, body)[0] == status


def test_an_unknown_metric_is_refused_while_a_roll_out_runs(service, registry):
    begin_rollout(registry, "churn:2", METRICS, shares=(0.5,))
    service("GET", "/v1/models/churn/choose?key=user")
    body = {"key": "user", "outcomes": {"convesion": 1}}
    status, error = service("POST", "/v1/models/churn/observe", body)
    assert status == 422
    assert "convesion" in str(error)
