"""Messages to a URL: to its host and no other, and nothing but the host is told."""

import pytest
from tests.support.receiver import Receiver

from luthier.posting import Poster, PostError

SECRET = "T0K3N"


def test_a_message_is_json_by_post():
    with Receiver() as receiver:
        Poster(f"{receiver.url}/{SECRET}", {"X-Team": "ops"}).post(b'{"a": 1}')
    ((path, headers, content),) = receiver.requests
    assert (path, content) == (f"/{SECRET}", {"a": 1})
    assert (headers["X-Team"], headers["Content-Type"]) == ("ops", "application/json")


@pytest.mark.parametrize(("status", "may_pass"), [(403, False), (429, True), (503, True)])
def test_a_message_that_is_not_taken_says_whether_to_try_again(status, may_pass):
    with (
        Receiver(status) as receiver,
        pytest.raises(PostError, match=f"{receiver.host} answers with status {status}") as e,
    ):
        Poster(f"{receiver.url}/{SECRET}").post(b"{}")
    assert e.value.may_pass == may_pass
    assert SECRET not in str(e.value)


def test_another_host_gets_nothing():
    with (
        Receiver() as other,
        Receiver(f"{other.url}/else") as receiver,
        pytest.raises(PostError, match="status 307"),
    ):
        Poster(receiver.url).post(b"{}")
    assert other.requests == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file:///etc/passwd", "of http or https; got one of 'file' and no host"),
        ("ftp://host/x", "got one of 'ftp' and a host"),
        ("host/x", "got one of 'no scheme'"),
        ("http:///x", "no host"),
        ("http://host:99999/x", "expected a URL such as"),
        ("http://host/a b", "expected a URL such as"),
        ("http://host/\r\nX: y", "expected a URL such as"),
        ("https://me:T0K3N@host/x", "give it in headers="),
        (None, "expected a URL"),
    ],
)
def test_what_is_no_url_of_a_host_is_refused(url, message):
    with pytest.raises(ValueError, match=message) as e:
        Poster(url)
    assert SECRET not in str(e.value)
