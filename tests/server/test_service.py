"""The service as workers in any language see it."""

import contextlib
import http.client
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from openapi_spec_validator import validate

import luthier
from luthier.storages import InMemory, SQLite
from luthier.trial.record import State

CURL = str(Path(__file__).parents[2] / "examples" / "curl_worker.sh")
SERVE = """
import sys
from luthier.server import Limits, serve
serve(sys.argv[1], port=int(sys.argv[2]), token=sys.argv[3], limits=Limits(grace_s=60))
"""


def ask(service, study, **headers):
    status, asked = service("POST", f"{study}/ask", {}, **headers)
    assert status == 200, asked
    return asked


def say(service, study, asked, verb, **what):
    return service(
        "POST", f"{study}/trials/{asked['number']}/{verb}", {"token": asked["token"], **what}
    )


# -- the life of a study
# -----------------------------------------------------------------------------------------------


def test_a_failed_trial_is_offered_again_from_its_checkpoint(service):
    study = service.study(sampler="random")
    asked = ask(service, study)
    say(service, study, asked, "report", value=1.0, step=3, checkpoint={"epoch": 3})
    path = f"{study}/trials/{asked['number']}/retry"
    status, answer = service("POST", path, {})
    assert (status, answer["error"]["type"]) == (422, "TrialError")
    say(service, study, asked, "tell", error="disk full")
    status, row = service("POST", path, {})
    assert (status, row["state"]) == (200, "waiting")
    assert row["tags"] == {"earlier_errors": ["disk full"]}
    assert service("POST", path, {})[0] == 422
    assert service("POST", f"{study}/trials/77/retry", {})[0] in (404, 422)
    again = ask(service, study)
    assert (again["number"], again["token"], again["params"]) == (0, 2, asked["params"])
    assert (again["step"], again["checkpoint"]) == (3, {"epoch": 3})


def test_a_worker_makes_a_study_asks_reports_and_tells(service):
    study = service.study(
        name="mnist", direction="maximize", sampler="random", scheduler="median", seed=7
    )
    values = []
    for _ in range(5):
        asked = ask(service, study)
        assert (asked["token"], asked["lease_s"], asked["checkpoint"]) == (1, 60.0, None)
        values.append(asked["params"]["x"])
        assert say(service, study, asked, "report", value=values[-1] / 2, step=1) == (
            200,
            {"decision": "continue"},
        )
        assert say(service, study, asked, "heartbeat") == (200, {"lease_s": 60.0})
        status, row = say(
            service, study, asked, "tell", value=values[-1], tags={"host": "ä"}, cost=0.5
        )
        assert (status, row["state"], row["values"], row["tags"], row["cost"]) == (
            200,
            "complete",
            [values[-1]],
            {"host": "ä"},
            0.5,
        )
        assert row["reports"] == [{"step": 1.0, "value": values[-1] / 2}]
    [best] = service("GET", f"{study}/best")[1]["trials"]
    assert best["values"] == [max(values)]
    status, found = service("GET", study)
    assert (found["name"], found["sampler"], found["scheduler"], found["seed"]) == (
        "mnist",
        "random",
        "median",
        7,
    )
    assert (found["counts"], found["n_trials"]) == ({"complete": 5}, 5)
    pages = [service("GET", f"{study}/trials?since={i}&limit=2")[1] for i in (0, 2, 4, 9)]
    assert [[t["number"] for t in page["trials"]] for page in pages] == [[0, 1], [2, 3], [4], []]
    assert [page["next"] for page in pages] == [2, 4, None, None]
    assert service("DELETE", study) == (200, {})
    assert service("GET", study)[0] == service("POST", f"{study}/ask", {})[0] == 404


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_the_answer_to_a_tell_has_the_next_trial(service, sampler):
    study = service.study(sampler=sampler)
    asked, numbers = ask(service, study), []
    for _ in range(12):
        numbers.append(asked["number"])
        status, told = say(service, study, asked, "tell", value=1.5, ask={"worker": "w"})
        assert (status, told["number"], told["values"]) == (200, numbers[-1], [1.5])
        asked = told["next"]
    assert numbers == list(range(12))
    status, told = say(service, study, asked, "tell", value=1.5)
    assert (status, told["worker"], "next" in told) == (200, "w", False)

    path = f"{study}/trials/{ask(service, study)['number']}/tell"
    body = {"token": 1, "value": 2.0, "ask": {}}
    first, again = (service("POST", path, body, Idempotency_Key="k")[1] for _ in range(2))
    assert first["next"] == again["next"]


def test_a_tell_is_stored_though_there_is_no_next_trial(service):
    study = service.study(space={"x": ["a", "b"]}, sampler="grid")
    first, second = ask(service, study), ask(service, study)
    for asked in (first, second):
        status, told = say(service, study, asked, "tell", value=1, ask={})
        assert (status, told["state"], "next" in told) == (200, "complete", False)


def test_how_a_trial_ends_is_told(service):
    study = service.study()
    for told, state, values in [
        ({"value": 1}, "complete", [1.0]),
        ({"value": "inf"}, "complete", ["inf"]),
        ({"value": "nan"}, "failed", None),
        ({"error": "out of memory"}, "failed", None),
        ({"state": "pruned"}, "pruned", None),
        ({"state": "failed", "error": "E"}, "failed", None),
    ]:
        status, row = say(service, study, ask(service, study), "tell", **told)
        assert (status, row["state"], row["values"]) == (200, state, values)
        assert told.get("error") is None or row["error"] == told["error"]


def test_several_objectives(service):
    study = service.study(objectives=["minimize", "maximize"])
    for pair in ([1, 1], [2, 2], [3, 1]):
        asked = ask(service, study)
        assert say(service, study, asked, "report", values=pair, step=1)[0] == 200
        assert say(service, study, asked, "tell", values=pair)[0] == 200
    assert [t["values"] for t in service("GET", f"{study}/best")[1]["trials"]] == [
        [1.0, 1.0],
        [2.0, 2.0],
    ]
    asked = ask(service, study)
    for wrong in ({"value": 1}, {"values": [1]}, {"values": [1, 2], "value": 1}):
        assert say(service, study, asked, "tell", **wrong)[0] == 422


AIMS = {"accuracy": "maximize", "latency_ms": "minimize"}


def test_objectives_have_names(service):
    study = service.study(name="aims", objectives=AIMS)
    status, found = service("GET", study)
    assert (found["objectives"], found["directions"]) == (
        ["accuracy", "latency_ms"],
        ["maximize", "minimize"],
    )
    asked = ask(service, study)
    assert (
        say(service, study, asked, "report", values={"latency_ms": 9, "accuracy": 0.1}, step=1)[0]
        == 200
    )
    for wrong in (
        {"values": {"accuracy": 1}},
        {"values": {"accuracy": 1, "speed": 2}},
        {"values": {}},
        {"value": 1},
    ):
        for verb, more in (("report", {"step": 2}), ("tell", {})):
            assert say(service, study, asked, verb, **wrong, **more)[0] == 422
    status, row = say(service, study, asked, "tell", values={"latency_ms": "inf", "accuracy": 0.2})
    assert (status, row["values"], row["reports"][0]["value"]) == (200, [0.2, "inf"], [0.1, 9.0])
    assert say(service, study, asked, "tell", values=[0.2, "inf"])[0] == 200, (
        "the same told in order"
    )
    assert (
        say(service, study, ask(service, study), "tell", values=[0.5, 3])[1]["state"] == "complete"
    )

    again = {"name": "aims", "space": {}, "load_if_exists": True}
    assert service("POST", "/v1/studies", again)[0] == 200
    assert service("POST", "/v1/studies", {**again, "objectives": AIMS})[0] == 200
    assert (
        service("POST", "/v1/studies", {**again, "objectives": ["maximize", "minimize"]})[0] == 200
    )
    others = {"f1": "maximize", "latency_ms": "minimize"}
    status, answer = service("POST", "/v1/studies", {**again, "objectives": others})
    assert (status, "has objectives ['accuracy', 'latency_ms']" in answer["error"]["message"]) == (
        409,
        True,
    )
    both = {"space": {}, "objectives": AIMS, "direction": "minimize"}
    for wrong in (
        both,
        {"space": {}, "objectives": {}},
        {"space": {}, "objectives": []},
        {"space": {}, "objectives": ["up"]},
        {"space": {}, "objectives": "maximize"},
        {"space": {}, "direction": "up"},
        {"space": {}, "directions": ["minimize"]},
        {"space": {}, "objectives": {" ": "minimize"}},
        {"space": {}, "objectives": {"a": "up"}},
    ):
        assert service("POST", "/v1/studies", wrong)[0] == 422
    assert service("GET", service.study())[1]["objectives"] == ["value"]


def test_constraints_are_told_and_the_best_keeps_them(service):
    for how, values in (
        ({}, [3.0, 1.0, 2.0]),
        ({"objectives": AIMS}, [[0.1, 9.0], [0.9, 9.0], [0.5, 9.0]]),
    ):
        study = service.study(**how)
        status, answer = service("GET", f"{study}/best")
        assert (status, answer["error"]["type"]) == (409, "NoCompletedTrialsError")
        for value, memory in zip(values, ("inf", 0.5, -1.5), strict=True):
            if memory == -1.5:
                status, answer = service("GET", f"{study}/best")
                assert (status, answer["error"]["type"]) == (409, "NoFeasibleTrialsError")
                assert (
                    "none of 2 complete trials keeps all constraints" in answer["error"]["message"]
                )
            told = {"value": value} if isinstance(value, float) else {"values": value}
            asked = ask(service, study)
            status, row = say(service, study, asked, "tell", **told, constraints={"memory": memory})
            assert (status, row["constraints"]) == (200, {"memory": memory})
        assert [t["number"] for t in service("GET", f"{study}/best")[1]["trials"]] == [2]
    asked = ask(service, study)
    for wrong in ({"crash": 1}, {"": 1}, {"memory": "much"}, {"memory": None}):
        assert say(service, study, asked, "tell", values=[1, 1], constraints=wrong)[0] == 422
    status, row = say(
        service, study, asked, "tell", error="out of memory", constraints={"memory": 2}
    )
    assert (row["state"], row["constraints"]) == ("failed", {"memory": 2.0})
    status, row = say(
        service, study, ask(service, study), "tell", values=[1, 1], constraints={"memory": "nan"}
    )
    assert (status, row["state"]) == (200, "failed")


def test_one_of_several_is_chosen(service):
    study = service.study(objectives=AIMS)
    assert (
        service("POST", f"{study}/choose", {"knee": True})[1]["error"]["type"]
        == "NoCompletedTrialsError"
    )
    for accuracy, latency in ((0.7, 1.0), (0.9, 2.0), (0.95, 40.0)):
        say(
            service,
            study,
            ask(service, study),
            "tell",
            values=[accuracy, latency],
            tags={"size": latency},
        )
    ways = {
        "rule": "accuracy >= 0.8, then smallest size",
        "weights": {"accuracy": 1, "latency_ms": 1},
        "aspiration": {"accuracy": 0.9, "latency_ms": 3},
        "knee": True,
        "lexicographic": [["accuracy", 0.1], "latency_ms"],
    }
    for way, how in ways.items():
        status, found = service("POST", f"{study}/choose", {way: how})
        assert (status, found["way"], found["numbers"]) == (200, way, [1])
        assert found["trial"]["values"] == [0.9, 2.0]
        assert found["values"] == {"accuracy": 0.9, "latency_ms": 2.0}
        assert found["text"].startswith("Trial 1: accuracy=0.9, latency_ms=2")
    for how, status, kind in (
        ({"rule": "accuracy >= 0.99"}, 409, "NothingFitsError"),
        ({"rule": "accuracy >"}, 422, "RuleError"),
        ({"weights": {"speed": 1}}, 422, "RuleError"),
        ({}, 422, "RuleError"),
        ({"rule": 1}, 422, "Invalid"),
    ):
        got, answer = service("POST", f"{study}/choose", how)
        assert (got, answer["error"]["type"]) == (status, kind)


def test_failures_may_break_a_constraint(serve, tmp_path):
    service = serve(SQLite(tmp_path / "s.db"))
    study = service.study(name="s", catch_as="infeasible")
    assert service("GET", study)[1]["catch_as"] == "infeasible"
    for told in ({"value": 1}, {"error": "out of memory"}):
        assert say(service, study, ask(service, study), "tell", **told)[0] == 200
    history = luthier.load_study("s", f"sqlite:///{tmp_path}/s.db").history
    assert (history.constraint_names, history.constraints.tolist()) == (("crash",), [[-1.0], [1.0]])
    again = {"name": "s", "space": {}, "load_if_exists": True}
    assert service("POST", "/v1/studies", again)[1]["catch_as"] == "infeasible"
    assert service("POST", "/v1/studies", {**again, "catch_as": "infeasible"})[0] == 200
    status, answer = service("POST", "/v1/studies", {**again, "catch_as": "failed"})
    assert (status, "has catch_as infeasible, not failed" in answer["error"]["message"]) == (
        409,
        True,
    )
    assert service("POST", "/v1/studies", {"space": {}, "catch_as": "crash"})[0] == 422
    assert service("GET", service.study())[1]["catch_as"] == "failed"


@pytest.mark.parametrize("names", [5, ["a"], ["a", "a"], ["a", 1], "ab"])
def test_a_study_whose_names_are_none_is_refused(service, names):
    spec = {
        "directions": ["minimize"] * 2,
        "seed": 1,
        "space": {},
        "declared": True,
        "objectives": names,
    }
    assert service("POST", "/v1/storage/create_study", {"name": "s", "spec": spec})[0] == 200
    [found] = service("GET", "/v1/studies")[1]["studies"]
    status, answer = service("POST", f"/v1/studies/{found['id']}/ask", {})
    assert (status, "cannot be used" in answer["error"]["message"]) == (409, True)


@pytest.mark.parametrize(
    "name", ["a/b", "..", "%2e%2e", "?x=1#y", "ü 变 🎻", " ", "<b>\x1b[31m\0\n", "x" * 5000]
)
def test_any_text_is_a_name(service, name):
    study = service.study(name=name)
    status, found = service("GET", study)
    assert (status, found["name"]) == (200, name)
    if len(name) < 1000:
        [found] = service("GET", f"/v1/studies?name={quote(name, safe='')}")[1]["studies"]
        assert f"/v1/studies/{found['id']}" == study


def test_a_study_is_made_once_and_found_where_that_is_wanted(service):
    study = service.study(name="a")
    assert service("POST", "/v1/studies", {"name": "a", "space": {}})[0] == 409
    status, found = service(
        "POST", "/v1/studies", {"name": "a", "space": {}, "load_if_exists": True}
    )
    assert (status, f"/v1/studies/{found['id']}") == (200, study)
    other = {"name": "a", "space": {}, "load_if_exists": True, "direction": "maximize"}
    assert service("POST", "/v1/studies", other)[0] == 409


def test_what_is_enqueued_is_run_next(service):
    study = service.study(space={"x": {"low": 0.0, "high": 1.0}, "c": ["a", "b"]})
    assert service("POST", f"{study}/enqueue", {"params": {"x": 0.25}, "tags": {"from": "me"}}) == (
        200,
        {"number": 0},
    )
    asked = ask(service, study)
    assert (asked["number"], asked["params"]["x"]) == (0, 0.25)
    assert asked["params"]["c"] in ("a", "b")
    assert say(service, study, asked, "tell", value=1)[1]["tags"] == {"from": "me"}
    assert (
        service("POST", f"{study}/enqueue", {"params": {"z": 1}})[1]["error"]["type"]
        == "UnknownParameterError"
    )


def test_a_study_without_a_space_is_asked_in_vain_until_an_objective_has_shown_it(service):
    with contextlib.closing(service.client()) as storage:
        local = luthier.create_study("s", storage, seed=0)
        [found] = service("GET", "/v1/studies?name=s")[1]["studies"]
        study = f"/v1/studies/{found['id']}"
        status, answer = service("POST", f"{study}/ask", {})
        assert (status, answer["error"]["type"]) == (409, "StudyError")
        assert "no space yet" in answer["error"]["message"]
        local.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=2)
        time.sleep(1.1)  # what is known of a study is looked at once a second
        assert 0 <= ask(service, study)["params"]["x"] <= 1


def test_the_scheduler_pauses_and_resumes_with_the_checkpoint(service):
    study = service.study(scheduler="asha", space={"x": {"low": 0.0, "high": 1.0}}, seed=0)
    paused, resumed = 0, []
    for _ in range(40):
        status, asked = service("POST", f"{study}/ask", {})
        assert status == 200
        if asked["step"]:
            resumed.append(asked)
            assert asked["checkpoint"] == {"weights": [asked["params"]["x"], int(asked["step"])]}
        for step in range(int(asked["step"]) + 1, 10):
            weights = {"weights": [asked["params"]["x"], step]}
            _, said = say(
                service,
                study,
                asked,
                "report",
                value=asked["params"]["x"],
                step=step,
                checkpoint=weights,
            )
            if said["decision"] != "continue":
                state = {"pause": "paused", "stop": "pruned"}[said["decision"]]
                status, row = say(service, study, asked, "tell", state=state)
                assert (status, row["state"]) == (200, state)
                paused += state == "paused"
                break
        else:
            say(service, study, asked, "tell", value=asked["params"]["x"])
    assert paused
    assert resumed


# -- leases
# ----------------------------------------------------------------------------------------------


def test_a_trial_whose_worker_is_silent_is_given_to_another(serve):
    storage, clock = InMemory(lease_s=10.0), [1_000.0]
    storage.now = lambda: clock[0]
    service = serve(storage)
    study = service.study()
    first, second = ask(service, study), ask(service, study)
    for _ in range(4):
        clock[0] += 4.0
        assert say(service, study, second, "heartbeat")[0] == 200
    again = ask(service, study)
    assert (again["number"], again["token"], again["params"]) == (0, 2, first["params"])
    for verb, what in (
        ("tell", {"value": 1}),
        ("report", {"value": 1, "step": 1}),
        ("heartbeat", {}),
    ):
        status, answer = say(service, study, first, verb, **what)
        assert (status, answer["error"]["type"]) == (409, "LeaseLostError")
    assert (
        say(service, study, again, "tell", value=1)[0]
        == say(service, study, second, "tell", value=1)[0]
        == 200
    )


def test_of_two_workers_that_end_the_same_trial_one_is_heard(service):
    study = service.study()
    for _ in range(10):
        asked = ask(service, study)
        with ThreadPoolExecutor(2) as pool:
            answers = list(
                pool.map(
                    lambda v, asked=asked: say(service, study, asked, "tell", value=v), (1.0, 2.0)
                )
            )
        assert sorted(status for status, _ in answers) == [200, 409]
        won = next(row for status, row in answers if status == 200)
        assert (
            service("GET", f"{study}/trials?since={asked['number']}")[1]["trials"][0]["values"]
            == won["values"]
        )


def test_told_again_a_trial_agrees_and_told_otherwise_it_does_not(service):
    study = service.study()
    asked = ask(service, study)
    first = say(service, study, asked, "tell", value=0.5)
    assert say(service, study, asked, "tell", value=0.5) == first
    assert say(service, study, asked, "tell", value=0.6)[0] == 409
    assert say(service, study, asked, "tell", value=0.5, constraints={"memory": 1})[0] == 409
    assert service("GET", study)[1]["counts"] == {"complete": 1}


@pytest.mark.parametrize("ended", [{"value": 0.5}, {"error": "E"}])
def test_told_again_constraints_must_be_the_same(service, ended):
    study = service.study()
    asked = ask(service, study)
    first = say(service, study, asked, "tell", **ended, constraints={"memory": -1, "size": "inf"})
    assert first[1]["constraints"] == {"memory": -1.0, "size": "inf"}
    for again in ({"memory": -1, "size": "inf"}, {"size": "inf"}, {}):
        assert say(service, study, asked, "tell", **ended, constraints=again) == first
    for other in ({"memory": -7, "size": "inf"}, {"size": 1}, {"time": 1}):
        status, answer = say(service, study, asked, "tell", **ended, constraints=other)
        assert (status, answer["error"]["type"]) == (409, "LeaseLostError")
    assert service("GET", f"{study}/trials")[1]["trials"][0] == first[1]


# -- asked twice
# ----------------------------------------------------------------------------------------------


def test_a_request_with_a_key_is_done_once_also_across_a_restart(serve, tmp_path):
    service = serve(SQLite(tmp_path / "s.db"))
    create = {"space": {"x": {"low": 0.0, "high": 1.0}}, "name": "s"}
    made = service("POST", "/v1/studies", create, Idempotency_Key="make")
    study = f"/v1/studies/{made[1]['id']}"
    queued = service("POST", f"{study}/enqueue", {"params": {"x": 0.5}}, Idempotency_Key="queue")
    one, two = (ask(service, study, Idempotency_Key=key) for key in ("one", "two"))
    told = say(service, study, two, "tell", value=1)
    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(lambda _: ask(service, study, Idempotency_Key="three"), range(8)))
    assert at_once == at_once[:1] * 8
    for again in (service, serve(SQLite(tmp_path / "s.db"))):
        assert (
            again("POST", "/v1/studies", create, Idempotency_Key="make")[1]["id"] == made[1]["id"]
        )
        assert (
            again("POST", f"{study}/enqueue", {"params": {"x": 0.5}}, Idempotency_Key="queue")
            == queued
        )
        assert ask(again, study, Idempotency_Key="one") == one
        assert ask(again, study, Idempotency_Key="three") == at_once[0]
        assert say(again, study, two, "tell", value=1) == told
        assert again("GET", study)[1]["n_trials"] == 3
    assert (
        service("POST", f"{study}/ask", {"worker": "w"}, Idempotency_Key="one")[1]["error"]["type"]
        == "KeyReused"
    )
    assert service("POST", f"{study}/ask", {}, Idempotency_Key="no key")[0] == 422
    assert say(again, study, one, "tell", value=2)[0] == 200  # by a token from before the restart


def test_two_services_share_a_storage(serve, tmp_path):
    a, b = (serve(SQLite(tmp_path / "s.db")) for _ in range(2))
    study = a.study(scheduler="asha")
    ask(b, study)  # it is open at both
    for told in ({"value": 1}, {"error": "E"}):
        asked = ask(a, study)
        assert say(b, study, asked, "report", value=1, step=1)[0] == 200
        assert say(b, study, asked, "tell", **told)[0] == 200
    one = ask(a, study, Idempotency_Key="one")
    assert ask(b, study, Idempotency_Key="one") == one
    assert ask(b, study, Idempotency_Key="two")["number"] != one["number"]
    assert {t["worker"] for t in b("GET", f"{study}/trials")[1]["trials"]} == {
        "http"
    }  # keys are kept to oneself


def test_a_checkpoint_that_cannot_travel_is_done_without(serve, tmp_path):
    service = serve(SQLite(tmp_path / "s.db"))
    local = luthier.create_study(
        "s", f"sqlite:///{tmp_path}/s.db", space={"x": luthier.Float(0, 1)}, seed=0
    )
    (tmp_path / "weights").write_text("of many numbers")
    for checkpoint, fits in ((tmp_path / "weights", False), ({"w": np.arange(1000)}, True)):
        trial = local.ask()
        trial.report(1.0, 7, checkpoint=checkpoint)
        local.engine.release(trial.number, trial.ticket.token, retried=False)
        asked = ask(service, "/v1/studies/1")
        assert (asked["number"], asked["step"]) == (trial.number, 7 if fits else 0)
        assert asked["checkpoint"] == ({"w": list(range(1000))} if fits else None)


def start(url, port, token="a-token-for-tests-only"):
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, url, str(port), token],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return process, int(process.stdout.readline().rpartition(":")[2])


WORKER = """
import sys, luthier
study = luthier.load_study("s", sys.argv[1], sampler="random")
say = lambda study, row: print("told", row.number, flush=True)
study.optimize(lambda t: t.params["x"], n_trials=15, callbacks=[say])
study.storage.close()
"""


def test_what_was_acknowledged_is_there_once_although_the_service_was_killed(
    script, tmp_path, eventually
):
    url, token = f"sqlite:///{tmp_path}/s.db", "a-token-for-tests-only"
    process, port = start(url, 0)
    address = f"http://{token}@127.0.0.1:{port}"
    try:
        luthier.create_study("s", url, space={"x": luthier.Float(0, 1)}, sampler="random", seed=0)
        workers = [script.start(WORKER, address) for _ in range(3)]
        told, file = [[], [], []], SQLite(tmp_path / "s.db")
        for n in (3, 15):
            assert eventually(lambda n=n: file.study("s").counts.get(State.COMPLETE, 0) >= n)
            process.kill()
            process.communicate()
            process, _ = start(url, port)
        for worker, lines in zip(workers, told, strict=True):
            out, _ = worker.communicate()
            assert worker.returncode == 0, out
            lines += [line for line in out.splitlines() if line.startswith("told")]
        numbers = [int(line.split()[1]) for lines in told for line in lines]
        rows = {row.number: row for row in SQLite(tmp_path / "s.db").rows(1)}
        assert len(numbers) == len(set(numbers)) == 45
        assert all(rows[i].state == State.COMPLETE for i in numbers)
        assert sum(row.state == State.COMPLETE for row in rows.values()) == 45
    finally:
        process.kill()
        process.communicate()


def test_sigterm_lets_nobody_wait_in_vain(tmp_path):
    process, port = start(f"sqlite:///{tmp_path}/s.db", 0)
    line = http.client.HTTPConnection("127.0.0.1", port)
    body = json.dumps({"space": {"x": {"low": 0.0, "high": 1.0}}})
    head = {"Authorization": "Bearer a-token-for-tests-only", "Content-Type": "application/json"}
    line.putrequest("POST", "/v1/studies")
    for name, value in {**head, "Content-Length": str(len(body))}.items():
        line.putheader(name, value)
    line.putheader("Expect", "100-continue")
    line.endheaders(body[:10].encode())
    assert line.sock.recv(64).startswith(b"HTTP/1.1 100 ")  # the request is in work
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    line.send(body[10:].encode())
    assert line.getresponse().status == 201
    line.close()
    process.communicate()
    assert process.returncode in (0, -signal.SIGTERM)
    assert [s.name for s in SQLite(tmp_path / "s.db").studies()]
    assert os.listdir(tmp_path)  # no lock is left that would hinder the next


# -- what it says of itself
# --------------------------------------------------------------------------------------------


def test_the_description_is_openapi(service):
    status, found = service("GET", "/openapi.json")
    assert status == 200
    validate(found)
    assert found["openapi"].startswith("3.1")


def test_figures_for_prometheus(serve, tmp_path):
    storage, later_s = SQLite(tmp_path / "s.db", lease_s=60.0), [0.0]
    storage.now = lambda: time.time() + later_s[0]
    service = serve(storage)
    study = service.study(name='a"b\n')
    ask(service, study)
    asked = ask(service, study)
    say(service, study, asked, "tell", value=math.pi)
    lines = service.raw("GET", "/metrics")[2].decode().splitlines()
    assert (
        'luthier_requests_total{method="POST",route="/v1/studies/{study}/ask",status="200"} 2.0'
        in lines
    )
    assert 'luthier_trials{id="1",state="running",study="a\\"b\\\\n"} 1.0' in lines
    assert 'luthier_leases{state="running"} 1.0' in lines
    later_s[0] = 70.0
    assert (
        'luthier_leases{state="expired"} 1.0'
        in service.raw("GET", "/metrics")[2].decode().splitlines()
    )
    assert service("DELETE", study)[0] == 200
    assert (
        'luthier_leases{state="expired"} 0.0'
        in service.raw("GET", "/metrics")[2].decode().splitlines()
    )


def test_many_threads_ask_and_tell(serve, tmp_path):
    service = serve(SQLite(tmp_path / "s.db"))
    study, numbers = service.study(sampler="random"), []

    def work():
        for _ in range(10):
            asked = ask(service, study)
            numbers.append(asked["number"])
            assert say(service, study, asked, "tell", value=asked["params"]["x"])[0] == 200

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(numbers) == list(range(80))
    assert service("GET", study)[1]["counts"] == {"complete": 80}


def test_a_worker_in_plain_shell_joins(serve, tmp_path):
    service = serve(SQLite(tmp_path / "s.db"))
    env = {
        **os.environ,
        "LUTHIER_URL": f"http://127.0.0.1:{service.port}",
        "LUTHIER_TOKEN": service.token,
    }
    workers = [
        subprocess.Popen(
            ["sh", CURL, "3"], env=env, cwd=tmp_path, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [json.loads(line) for w in workers for line in w.communicate()[0].splitlines()]
    assert [w.returncode for w in workers] == [0, 0]
    assert sorted(s["trial"] for s in said) == list(range(6))
    [found] = service("GET", "/v1/studies?name=curl")[1]["studies"]
    assert found["n_trials"] == sum(found["counts"].get(s, 0) for s in ("complete", "pruned")) == 6


def test_a_worker_in_plain_shell_pauses_what_it_is_told_to_pause_and_ends_when_all_is_done(
    serve, tmp_path
):
    service = serve(SQLite(tmp_path / "s.db"))
    space = {
        "lr": {"type": "float", "low": 1e-5, "high": 0.1, "scale": "log"},
        "layers": {"low": 1, "high": 4},
    }
    study = service.study(name="curl", space=space, scheduler="asha")
    env = {
        **os.environ,
        "LUTHIER_URL": f"http://127.0.0.1:{service.port}",
        "LUTHIER_TOKEN": service.token,
    }
    done = subprocess.run(
        ["sh", CURL, "4"], env=env, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 4
    counts = service("GET", study)[1]["counts"]
    assert "paused" in counts
    assert counts.keys() <= {"paused", "complete"}


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_worker_in_plain_shell_ends_with_the_service_it_started(tmp_path, sent):
    (tmp_path / "luthier").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m luthier.cli "$@"\n')
    (tmp_path / "luthier").chmod(0o755)
    (tmp_path / "made").mkdir()
    env = {k: v for k, v in os.environ.items() if k not in ("LUTHIER_URL", "LUTHIER_TOKEN")}
    env |= {"PATH": f"{tmp_path}:{env['PATH']}", "TMPDIR": str(tmp_path / "made")}
    worker = subprocess.Popen(
        ["sh", CURL, "1000"],
        env=env,
        cwd=tmp_path,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout.readline()
    os.killpg(worker.pid, sent)
    worker.communicate()  # nobody holds its output any more
    assert worker.returncode == 128 + sent
    assert os.listdir(tmp_path / "made") == []


def test_settings_that_others_replace_by_nonsense_are_no_failure_of_the_service(service):
    study = service.study(space={"x": {"low": 0, "high": 9}})
    asked = service("POST", f"{study}/ask", {})[1]
    service("POST", f"{study}/trials/0/tell", {"token": asked["token"], "value": 1})
    spec = {"directions": ["minimize"], "seed": 0, "declared": True}
    other = {"type": "categorical", "choices": [3]}  # x was a number until now
    for space, statuses in ((None, {409}), (7, {409, 422}), ({"x": other}, {200})):
        stored = spec if space is None else spec | {"space": space}
        replaced = service("POST", "/v1/storage/update_study", {"study": 1, "spec": stored})
        assert replaced[0] == 200
        assert service("POST", f"{study}/ask", {})[0] in statuses
