"""Comparisons over HTTP: the next two, which is better, and who may say so."""

import pytest

import luthier
from luthier.samplers import Preferential
from luthier.storages import InMemory


@pytest.fixture
def study():
    space = {"x": luthier.Float(0, 1)}
    return luthier.create_study("s", InMemory(), space=space, sampler=Preferential(), seed=0)


@pytest.fixture
def service(serve, study):
    return serve(study.storage)


def test_a_pair_is_shown_compared_and_logged(service, study):
    assert service("GET", "/ui/studies/1/preferences")[1] == {"n": 0, "best": None}
    status, pair = service("POST", "/v1/studies/1/next-pair", {})
    assert status == 200
    assert [(trial["number"], trial["state"]) for trial in pair["trials"]] == [
        (0, "waiting"),
        (1, "waiting"),
    ]
    status, said = service("POST", "/v1/studies/1/prefer", {"better": 1, "worse": 0})
    assert (status, said["n"], said["best"]) == (200, 1, 1)
    assert service("GET", "/ui/studies/1/preferences")[1]["best"] == 1
    status, pair = service("POST", "/v1/studies/1/next-pair", {})
    assert [trial["number"] for trial in pair["trials"]] == [1, 2]
    service("POST", "/v1/studies/1/prefer", {"better": 1, "worse": 2, "equal": True})
    assert [c.equal for c in study.preferences.comparisons] == [False, True]
    last = study.controls.log[-1]
    assert last.what == "found trials 1 and 2 equal"
    assert "127.0.0.1" in last.who


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"better": 0, "worse": 0}, 422),
        ({"better": 0, "worse": 9}, 422),
        ({"better": -1, "worse": 0}, 422),
        ({"better": 0}, 422),
    ],
)
def test_what_cannot_be_compared_is_refused(service, study, body, status):
    service("POST", "/v1/studies/1/next-pair", {})
    assert service("POST", "/v1/studies/1/prefer", body)[0] == status
    assert study.preferences.comparisons == ()
