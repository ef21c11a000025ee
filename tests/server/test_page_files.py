"""The page's files and its login, by real requests; what a page of somebody else can do."""

import contextlib
import gzip
import http.client
import json
import re
from importlib import resources

import pytest

from luthier.server.page_files import read_page_files
from luthier.storages import InMemory

SCRIPT = next(path for path in read_page_files() if path.endswith("/js/app.js"))


def own(service, **more):
    """The headers of the page's own requests."""
    origin = f"http://127.0.0.1:{service.port}"
    return {"Origin": origin, "Sec_Fetch_Site": "same-origin", "X_Luthier": "1"} | more


def log_in(service, token=None, **more):
    body = {"token": service.token if token is None else token}
    return service.raw("POST", "/ui/login", body, token="", **own(service, **more))


def cookie_of(answer):
    return answer[1]["set-cookie"].partition(";")[0]


@pytest.fixture
def local(serve):
    """A service without a token."""
    return serve(InMemory(), token="")


@pytest.mark.parametrize("path", sorted(read_page_files()))
def test_each_file_is_served_and_held_in(service, path):
    status, headers, content = service.raw("GET", path, token="")
    assert status == 200
    assert content
    assert ("immutable" in headers["cache-control"]) == (path != "/")
    policy = headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    again = service.raw("GET", path, token="", If_None_Match=headers["etag"])
    assert (again[0], again[2]) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/ui/page/app.css",
        "/ui/page/js/app.js",
        "/ui/page/0123456789abcdef/app.css",
        "/ui/page/../app.py",
        "/ui/page/%2e%2e/app.py",
        "/ui/page/..%2fapp.py",
        "/ui/page//etc/passwd",
        "/ui/page/js",
        "/ui/page/index.html",
        f"{SCRIPT}/",
        SCRIPT.replace("app.js", ""),
        SCRIPT.replace("app.js", "../../../../app.py"),
        SCRIPT.replace("app.js", "..%2f..%2fapp.py"),
    ],
)
def test_nothing_but_the_page_is_served(service, path):
    assert service.raw("GET", path)[0] == 404


def test_the_page_links_to_files_that_have_a_version_in_their_address():
    files = read_page_files()
    linked = re.findall(r'(?:href|src)="(ui/[^"]*)"', files["/"].content.decode())
    assert {path.rpartition(".")[2] for path in linked} == {"svg", "css", "js"}
    assert {f"/{path}" for path in linked} < files.keys()
    versions = {
        re.fullmatch(r"/ui/page/([0-9a-f]{16})/.*", path)[1] for path in files if path != "/"
    }
    assert len(versions) == 1  # so that a script finds its words beside it


def test_the_page_is_small_in_each_language_and_has_no_script_or_style_in_its_html():
    files = read_page_files()
    words = {path: len(file.packed) for path, file in files.items() if "/words/" in path}
    size = sum(len(file.packed) for path, file in files.items() if path not in words)
    assert size <= 52_000
    assert size + max(words.values(), default=0) <= 60_000
    html = files["/"].content.decode()
    assert re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", html) == []
    for path, file in files.items():
        text = file.content.decode()
        if path.endswith(".js"):
            assert not re.search(
                r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(", text
            )
        assert not re.search(r"(src|href)=\"https?:|@import|url\(", text)


def test_each_script_is_short():
    root = resources.files("luthier.server") / "page" / "js"
    scripts = [file for folder in (root, root / "views") for file in folder.iterdir()]
    for file in scripts:
        if file.name.endswith(".js"):
            assert len(file.read_text(encoding="utf-8").splitlines()) <= 400, file.name


def test_files_are_sent_packed_to_whoever_can_read_that(service):
    _, headers, plain = service.raw("GET", SCRIPT, token="")
    assert "content-encoding" not in headers
    _, headers, packed = service.raw("GET", SCRIPT, token="", Accept_Encoding="br, gzip")
    assert (headers["content-encoding"], headers["vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(packed) == plain


def test_whoever_sends_the_token_has_a_session_by_a_cookie(service):
    assert service("GET", "/ui/session", token="")[1] == {
        "open": False,
        "token": True,
        "acts": True,
        "why": "",
    }
    answer = log_in(service)
    assert answer[0] == 204
    assert service.token not in str(answer)
    cookie = cookie_of(answer)
    assert service("GET", "/ui/session", token="", Cookie=cookie)[1]["open"]
    assert service("GET", "/ui/studies", token="", Cookie=cookie)[0] == 200

    status, headers, _ = service.raw("POST", "/ui/logout", {}, "", Cookie=cookie, **own(service))
    assert (status, "Max-Age=0" in headers["set-cookie"]) == (204, True)
    assert service("GET", "/ui/studies", token="", Cookie=cookie)[0] == 401


def test_a_session_reads_what_the_page_shows_and_nothing_else(service):
    cookie = cookie_of(log_in(service))
    study = service.study()
    for method, path in [
        ("GET", "/v1/studies"),
        ("DELETE", study),
        ("POST", f"{study}/ask"),
        ("POST", f"{study}/trials/0/tell"),
        ("POST", "/v1/storage/studies"),
        ("GET", "/metrics"),
    ]:
        body = {} if method == "POST" else None
        assert service.raw(method, path, body, "", Cookie=cookie, **own(service))[0] == 401


@pytest.mark.parametrize("token", ["", "wrong", "a-token-for-tests-onl", "ü"])
def test_a_wrong_token_opens_nothing(service, token):
    status, headers, _ = log_in(service, token)
    assert status == 401
    assert "set-cookie" not in headers


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"token": 1}', b"x" * 10_000])
def test_what_is_no_login_is_refused(service, body):
    status, headers, _ = service.raw("POST", "/ui/login", body, "", **own(service))
    assert status == 400
    assert "set-cookie" not in headers


def test_tokens_cannot_be_tried_one_after_another(service):
    tried = [log_in(service, f"wrong-{i}")[0] for i in range(8)]
    assert tried == [401] * 5 + [429] * 3
    assert log_in(service)[0] == 429


@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_page_of_another_origin_can_neither_log_in_nor_read_nor_log_out(service, foreign):
    assert log_in(service, **foreign)[0] == 403
    cookie = cookie_of(log_in(service))
    assert service.raw("GET", "/ui/studies", None, "", Cookie=cookie, **foreign)[0] == 401
    headers = own(service, **foreign)
    assert service.raw("POST", "/ui/logout", {}, "", Cookie=cookie, **headers)[0] == 401
    assert service.raw("GET", "/ui/studies", None, "", Cookie=cookie)[0] == 200


def test_a_form_cannot_log_out_for_want_of_the_header(service):
    cookie = cookie_of(log_in(service))
    headers = own(service)
    del headers["X_Luthier"]
    assert service.raw("POST", "/ui/logout", {}, "", Cookie=cookie, **headers)[0] == 401


def test_without_a_token_who_loads_the_page_has_a_session(local):
    status, headers, _ = local.raw("GET", "/", Sec_Fetch_Site="none")
    assert status == 200
    cookie = headers["set-cookie"].partition(";")[0]
    assert local("GET", "/ui/session", Cookie=cookie, **own(local))[1] == {
        "open": True,
        "token": False,
        "acts": True,
        "why": "",
    }
    assert local("GET", "/ui/studies", Cookie=cookie, **own(local))[0] == 200
    assert "set-cookie" not in local.raw("GET", "/", Cookie=cookie)[1]
    assert local("GET", "/ui/studies", **own(local))[0] == 403  # a page without a session
    assert local("GET", "/v1/studies", Cookie=cookie, **own(local))[0] == 403


def test_without_a_token_no_other_name_of_this_machine_is_served(local):
    """The page of an attacker whose name points to this machine (DNS rebinding)."""
    _, headers, _ = local.raw("GET", "/")
    cookie = headers["set-cookie"].partition(";")[0]
    for path in ("/", "/ui/session", "/ui/studies", SCRIPT):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", local.port)) as line:
            host = f"evil.example:{local.port}"
            line.request("GET", path, headers={"Host": host, "Cookie": cookie})
            answer = line.getresponse()
            assert answer.status == 403
            assert json.loads(answer.read())["error"]["type"] == "Forbidden"
