"""Messages of the service speak of JSON, and not of Python."""

from __future__ import annotations

import re

import pytest
from tests.support.service import Service

from luthier.server.wire_words import to_wire_words
from luthier.storages import InMemory

PYTHON = re.compile(
    r"\((str|int|float|bool|dict|list|tuple|NoneType)\)|`(str|int|float|bool)\b|"
    r"=(True|False|None)|got (None|True|False)\b"
)
SPACE = {"x": {"low": 0.0, "high": 1.0}}


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "Expected `float | str | null`, got `array`",
            "Expected `number | string | null`, got `array`",
        ),
        ("Expected `int` >= 1 - at `$.limit`", "Expected `integer` >= 1 - at `$.limit`"),
        (
            "Expected `str`, got `int` - at `$.list`",
            "Expected `string`, got `integer` - at `$.list`",
        ),
        ("low must be a number, got None (NoneType)", "low must be a number, got null (null)"),
        ("choices must be a list, got 5 (int);", "choices must be a list, got 5 (integer);"),
        ("load it, or pass load_if_exists=True", 'load it, or pass "load_if_exists": true'),
        ("raise low or use scale='linear'; got", 'raise low or use "scale": "linear"; got'),
        ("study 'str' (int)", "study 'str' (integer)"),
        ("a name such as list or None", "a name such as list or None"),
        ("got low=-1, high=0", "got low=-1, high=0"),
    ],
)
def test_a_message_is_in_the_words_of_the_wire(message, shown):
    assert to_wire_words(message) == shown


@pytest.fixture(scope="module")
def service():
    service = Service(InMemory())
    service.study(name="s", sampler="random")
    service("POST", "/v1/studies/1/ask", {})
    yield service
    service.stop()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/studies", {"space": SPACE, "name": "s"}),
        ("/v1/studies", {"space": SPACE, "name": 5}),
        ("/v1/studies", {"space": {"x": {"low": None, "high": 1}}}),
        ("/v1/studies", {"space": {"x": {"low": 0, "high": 1, "scale": "log"}}}),
        ("/v1/studies", {"space": {"x": {"low": 0, "high": 1, "default": "a"}}}),
        ("/v1/studies", {"space": SPACE, "seed": "a"}),
        ("/v1/studies/1/trials/0/tell", {"token": 1, "values": [1, 2]}),
        ("/v1/studies/1/trials/0/tell", {"token": 1, "value": True}),
        ("/v1/studies/1/trials/0/report", {"token": 1, "values": [1, 2], "step": 1}),
        ("/v1/studies/1/trials/0/report", {"token": 1, "value": 1, "step": []}),
        ("/v1/studies/1/enqueue", {"params": {"x": None}}),
        ("/v1/studies/1/choose", {"knee": "yes"}),
        ("/v1/studies/1/choose", {"lexicographic": 5}),
    ],
)
def test_no_refusal_speaks_of_python(service, path, body):
    status, answer = service("POST", path, body)
    assert 400 <= status < 500
    assert not PYTHON.search(answer["error"]["message"]), answer


def test_a_client_in_python_reads_the_words_of_python(service):
    client = service.client()
    with pytest.raises(Exception, match="load_if_exists=True"):
        client.create_study("s", {"seed": 1})
