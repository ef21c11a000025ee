"""Sessions: which requests count as the page's own."""

import pytest

from luthier.server import sessions
from luthier.server.sessions import Sessions, cookie_name, find_session, is_own_page, make_cookie

HOST = {b"host": b"127.0.0.1:8700"}
OWN = {b"origin": b"http://127.0.0.1:8700", b"sec-fetch-site": b"same-origin"}
MARK = {b"x-luthier": b"1"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("more", [{}, OWN, {b"sec-fetch-site": b"none"}])
def test_what_the_page_reads_is_its_own(method, more):
    assert is_own_page(method, HOST | more)


FOREIGN = [
    {b"origin": b"http://evil.example"},
    {b"origin": b"http://127.0.0.1:3000"},  # another program of this machine
    {b"origin": b"http://127.0.0.1:8700.evil.example"},
    {b"origin": b"null"},
    {b"origin": b""},
    {b"sec-fetch-site": b"cross-site"},
    {b"sec-fetch-site": b"same-site"},
    {b"sec-fetch-site": b"anything"},
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("more", FOREIGN)
def test_what_another_origin_sends_is_not(method, more):
    assert not is_own_page(method, HOST | OWN | MARK | more)


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_a_change_needs_the_header_that_other_origins_may_not_send(method):
    assert is_own_page(method, HOST | OWN | MARK)
    for more in ({}, {b"x-luthier": b""}, {b"x-luthier": b"0"}):
        assert not is_own_page(method, HOST | OWN | more)


def test_a_session_is_held_until_it_is_closed():
    book = Sessions()
    first, second = book.open(), book.open()
    assert first != second
    assert len(first) >= 43  # 256 bits
    book.close(first)
    assert (book.holds(first), book.holds(second)) == (False, True)
    assert not book.holds("")


def test_a_session_ends_by_itself(monkeypatch):
    monkeypatch.setattr(sessions, "_HOURS", 0)
    book = Sessions()
    assert not book.holds(book.open())


def test_of_too_many_sessions_the_oldest_ends(monkeypatch):
    monkeypatch.setattr(sessions, "_MAX_SESSIONS", 2)
    book = Sessions()
    first, second, third = book.open(), book.open(), book.open()
    assert [book.holds(s) for s in (first, second, third)] == [False, True, True]


def test_the_cookie_of_another_port_is_not_taken():
    cookie = f"{cookie_name(1)}=a; {cookie_name(2)}=b".encode()
    assert find_session({b"cookie": cookie}, 2) == "b"
    assert find_session({b"cookie": cookie}, 3) == ""
    assert find_session({}, 1) == ""


@pytest.mark.parametrize("cookie", [b"", b"\xff\xfe", b"=;=;", b"a" * 10_000, b'x="\\'])
def test_a_cookie_that_is_none_is_no_session(cookie):
    assert find_session({b"cookie": cookie}, 1) == ""


def test_no_script_and_no_other_site_sees_the_cookie():
    made = make_cookie("abc", 8700, is_encrypted=False)
    assert made.startswith("luthier-session-8700=abc; Path=/; HttpOnly; SameSite=Strict; ")
    assert "Secure" not in made
    assert make_cookie("abc", 8700, is_encrypted=True).endswith("; Secure")
    assert "Max-Age=0" in make_cookie("", 8700, is_encrypted=False)
