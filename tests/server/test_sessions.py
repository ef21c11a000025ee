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
    book.close(first)
    assert (book.holds(first), book.holds(second)) == (False, True)


def test_a_session_ends_by_itself(monkeypatch):
    monkeypatch.setattr(sessions, "_HOURS", 0)
    book = Sessions()
    assert not book.holds(book.open())


def test_a_service_that_is_started_again_knows_its_sessions_by_its_token():
    session = Sessions("a token of the service").open()
    assert Sessions("a token of the service").holds(session)
    assert not Sessions("another token of it").holds(session)
    assert not Sessions("").holds(session)
    assert not Sessions("").holds(Sessions("").open())  # nobody can know the secret of another


def test_a_closed_session_stays_closed_in_each_service_with_this_token(tmp_path):
    file = tmp_path / "token.closed"
    first, other = (Sessions("a token of the service", file) for _ in range(2))
    closed, kept = first.open(), first.open()
    assert other.holds(closed)
    assert not file.exists()
    first.close(closed)
    for book in (first, other, Sessions("a token of the service", file)):
        assert (book.holds(closed), book.holds(kept)) == (False, True)
    assert closed not in file.read_text()
    assert kept not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_a_logout_that_cannot_be_noted_is_logged_and_holds_in_this_service(tmp_path, caplog):
    book = Sessions("a token of the service", tmp_path / "away" / "token.closed")
    session = book.open()
    book.close(session)
    assert not book.holds(session)
    assert "a logout cannot be noted in" in caplog.text


def test_no_session_can_be_made_up_or_prolonged():
    book = Sessions("a token of the service")
    end, rest = book.open().split(".", 1)
    assert book.holds(f"{end}.{rest}")
    forged = [f"{int(end) + 1}.{rest}", f"{end}.{rest[:-1]}", f"{end}.x{rest}", f"inf.{rest}"]
    for session in [*forged, "", ".", "..", "inf..", end, f"{end}.", "é.ü.ß", "9" * 500 + ".a.b"]:
        assert not book.holds(session)
        book.close(session)


def test_sessions_that_were_closed_are_forgotten_once_they_have_ended(monkeypatch):
    book = Sessions("a token of the service")
    sessions_ = [book.open() for _ in range(3)]
    for session in sessions_:
        book.close(session)
    assert not any(map(book.holds, sessions_))
    now_s = sessions.time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now_s + 13 * 3600)
    book.close(book.open())
    assert len(book._closed) == 1


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
