"""Attacks on the page, each tried: what is stored, what other pages send, who guesses."""

import contextlib
import http.server
import logging
import re
import threading

import pytest
from tests.support.browser import Visit, open_browser

import luthier
from luthier.errors import StudyNotFoundError
from luthier.server.page_files import read_page_files
from luthier.storages import InMemory

ATTACK = """"'><img src=x onerror=alert(1)><svg onload=alert(2)><script>alert(3)</script>"""
SCRIPT = next(path for path in read_page_files() if path.endswith("/js/app.js"))
browsed = [pytest.mark.external("chromium", "playwright"), pytest.mark.slow]


@pytest.fixture
def study():
    """A study in which everything that can be named is an attack."""
    space = {
        ATTACK: luthier.Categorical([ATTACK, "b"]),
        "x": luthier.Float(0, 1),
        f"{ATTACK} 2": luthier.Float(1, 2),
    }
    study = luthier.create_study(
        storage=InMemory(),
        name=ATTACK,
        space=space,
        sampler="random",
        seed=0,
        objectives={ATTACK: "minimize", "javascript:alert(4)": "minimize"},
    )

    def objective(trial):
        trial.set_tag(ATTACK, ATTACK)
        trial.set_constraint(ATTACK, trial.params["x"] - 0.9)
        trial.attach("attack.svg", ATTACK.encode())
        trial.attach("attack.png", f"<html>{ATTACK}".encode())
        trial.log(ATTACK)
        for step in range(3):
            trial.report([trial.params["x"] + step, step], step)
        if trial.number % 7 == 3:
            raise ValueError(ATTACK)
        return trial.params["x"], 1 - trial.params["x"]

    study.engine.worker = ATTACK
    study.optimize(objective, n_trials=40, catch=ValueError)
    running = study.ask()
    running.report([0.1, 0.1], 1)
    study.enqueue({ATTACK: ATTACK}, tags={ATTACK: ATTACK})
    for number in (0, 3, 40):
        study.controls.note(number, ATTACK)
        study.controls.tag(number, ATTACK, ATTACK)
        study.controls.star(number)
    study.controls.hide(5)
    study.controls.fail_trial(41, ATTACK)
    study.controls.pause()
    return study


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def service(serve, study):
    return serve(study.storage)


def find_links(page):
    """The views that the navigation leads to."""
    return set(page.locator("nav a").evaluate_all("links => links.map(a => a.hash)"))


class TestInABrowser:
    pytestmark = browsed

    def test_nothing_that_is_stored_becomes_markup_in_any_view(self, browser, service):
        visit = Visit(browser, service)
        visit.log_in(service.token)
        page = visit.open("#/s/1/summary")
        views = find_links(page)
        for group in tuple(views):
            views |= find_links(visit.open(group))
        assert len(views) >= 16
        trials = [f"#/s/1/trials/{number}" for number in (0, 3, 5, 40, 41)]
        for view in ["", "#/new", *views, *trials, "#/s/1/controls?from=0"]:
            page = visit.open(view)
            page.wait_for_timeout(300)
            # What is drawn of data has no element that could load or run something.
            bad = page.locator("main :is(script, iframe, object, embed, [onerror], [onload])")
            assert (view, bad.count()) == (view, 0)
            assert (view, page.locator("main img").count()) == (view, 0)
            links = page.locator("main a").evaluate_all("links => links.map(a => a.href)")
            assert [link for link in links if not link.startswith(("http:", "blob:"))] == []
        own = (visit.root, f"blob:{visit.root}")
        assert [url for url in visit.asked if not url.startswith(own)] == []
        assert visit.said == []
        page.close()

    def test_an_address_cannot_bring_markup_or_lead_elsewhere(self, browser, service):
        visit = Visit(browser, service)
        visit.log_in(service.token)
        for address in (
            f"#/s/1/{ATTACK}",
            f"#/s/{ATTACK}/summary",
            f"#/s/1/trials?sort={ATTACK}&states={ATTACK}",
            f"#/s/1/controls?from={ATTACK}",
            "#/s/1/trials/javascript:alert(1)",
            f"?{ATTACK}#/",
        ):
            visit.page.goto(visit.root + address)
            visit.page.wait_for_timeout(300)
            assert visit.page.locator("main :is(script, img, iframe)").count() == 0
            assert visit.page.url.startswith(visit.root)
        alerts = [text for text in visit.said if text in "1234"]
        assert alerts == []
        visit.page.close()

    def test_a_page_of_another_port_cannot_act_with_the_session(self, browser, service, study):
        """The cookie comes along, as the site is the same: host and scheme count, not the port."""
        visit = Visit(browser, service)
        visit.log_in(service.token)
        target = f"http://127.0.0.1:{service.port}/v1/studies/1"
        study.controls.resume()
        with _foreign_page(
            f"""<form id=f method=post enctype=text/plain action="{target}/stop" target=o>
            <input name='{{"trials":true,"a":"' value='"}}'></form><iframe name=o></iframe>"""
        ) as port:
            page = visit.context.new_page()
            page.goto(f"http://127.0.0.1:{port}/")
            page.evaluate("document.getElementById('f').submit()")
            page.wait_for_timeout(500)
            for options in (
                "{method: 'POST', body: '{}', credentials: 'include', mode: 'no-cors'}",
                "{method: 'POST', body: '{}', credentials: 'include', "
                "headers: {'Content-Type': 'application/json', 'X-Luthier': '1'}}",
                "{method: 'POST', body: new Blob(['{}'], {type: 'application/json'}), "
                "credentials: 'include', mode: 'no-cors'}",
            ):
                page.evaluate(f"fetch('{target}/stop', {options}).catch(() => 0)")
            page.evaluate(f"navigator.sendBeacon('{target}/stop', '{{}}')")
            read = page.evaluate(
                f"fetch('http://127.0.0.1:{service.port}/ui/studies', {{credentials: 'include'}})"
                ".then((r) => r.text()).catch(() => 'refused')"
            )
            page.wait_for_timeout(300)
        assert read == "refused"
        assert study.controls.course == "running"
        assert service("GET", "/v1/studies/1/controls")[1]["log"][-1]["what"] != "stopped the study"
        visit.context.close()


@contextlib.contextmanager
def _foreign_page(html):
    """A page of somebody else on this machine; its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


# -- without a browser ----------------------------------------------------------------------------

ACTS = [
    ("", {"space": {"x": {"low": 0.0, "high": 1.0}}}),
    ("/1/pause", {}),
    ("/1/resume", {}),
    ("/1/stop", {}),
    ("/1/enqueue", {"params": {}}),
    ("/1/trials/0/stop", {}),
    ("/1/trials/0/fail", {}),
    ("/1/trials/0/retry", {}),
    ("/1/trials/0/nearby", {}),
    ("/1/propose", {}),
    ("/1/trials/0/enter", {"value": 0.0}),
    ("/1/trials/0/remark", {"star": True}),
]


def own(service, **more):
    origin = f"http://127.0.0.1:{service.port}"
    return {"Origin": origin, "Sec_Fetch_Site": "same-origin", "X_Luthier": "1"} | more


def session_of(service):
    answer = service.raw("POST", "/ui/login", {"token": service.token}, "", **own(service))
    return answer[1]["set-cookie"].partition(";")[0]


@pytest.fixture
def plain(serve):
    """A service with a study that has one running trial."""
    storage = InMemory()
    study = luthier.create_study(storage=storage, space={"x": luthier.Float(0, 1)}, name="s")
    study.ask()
    return serve(storage)


@pytest.mark.parametrize(("path", "body"), ACTS)
def test_no_act_is_done_for_another_page(plain, path, body):
    cookie = session_of(plain)
    before = plain.raw("GET", "/v1/studies/1/controls")[2]
    for foreign in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://127.0.0.1:{plain.port + 1}"},
        {"Origin": f"http://127.0.0.1:{plain.port}.evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"X_Luthier": ""},
        {"X_Luthier": "0"},
    ):
        headers = own(plain, **foreign)
        status, got, _ = plain.raw("POST", f"/v1/studies{path}", body, "", Cookie=cookie, **headers)
        assert (foreign, status) == (foreign, 401)
        assert "access-control-allow-origin" not in {name.lower() for name in got}
    headers = own(plain)
    assert plain.raw("POST", f"/v1/studies{path}", body, "", **headers)[0] == 401  # no cookie
    stale = cookie.partition("=")[0] + "=" + "x" * 43
    assert plain.raw("POST", f"/v1/studies{path}", body, "", Cookie=stale, **headers)[0] == 401
    assert plain.raw("GET", "/v1/studies/1/controls")[2] == before


@pytest.mark.parametrize(("path", "body"), ACTS)
def test_no_act_is_done_by_a_form_or_by_reading(plain, path, body):
    cookie = session_of(plain)
    headers = own(plain, Content_Type="text/plain")
    status, _, _ = plain.raw("POST", f"/v1/studies{path}", b"{}", "", Cookie=cookie, **headers)
    assert status == 415
    status, _, _ = plain.raw("GET", f"/v1/studies{path}", None, "", Cookie=cookie, **own(plain))
    assert status in (401, 405)


@pytest.mark.parametrize(("path", "body"), ACTS)
def test_a_page_that_only_reads_acts_by_no_way(serve, path, body):
    storage = InMemory()
    luthier.create_study(storage=storage, space={"x": luthier.Float(0, 1)}, name="s").ask()
    for service in (
        serve(storage, read_only="it was asked to"),
        serve(storage, token="", read_only="it was asked to"),
    ):
        if service.token:
            cookie = session_of(service)
        else:
            cookie = service.raw("GET", "/")[1]["set-cookie"].partition(";")[0]
        got = service("POST", f"/v1/studies{path}", body, token="", Cookie=cookie, **own(service))
        assert (got[0], got[1]["error"]["type"]) == (403, "ReadOnly")
        assert not service("GET", "/ui/session", Cookie=cookie, token="")[1]["acts"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", ""])
def test_a_name_that_points_here_can_do_nothing(serve, host):
    """DNS rebinding: the attacker's page has the service's address, and its own name."""
    storage = InMemory()
    study = luthier.create_study(storage=storage, space={"x": luthier.Float(0, 1)}, name="s")
    service = serve(storage, token="")
    cookie = service.raw("GET", "/")[1]["set-cookie"].partition(";")[0]
    name = f"{host}:{service.port}"
    headers = {"Host": name, "Origin": f"http://{name}", "X_Luthier": "1", "Cookie": cookie}
    for method, path, body in [
        ("GET", "/", None),
        ("GET", "/ui/studies", None),
        ("GET", SCRIPT, None),
        ("POST", "/ui/login", {"token": ""}),
        *(("POST", f"/v1/studies{path}", body) for path, body in ACTS),
    ]:
        assert (path, service.raw(method, path, body, **headers)[0]) == (path, 403)
    assert study.controls.log == ()


def test_every_answer_of_the_page_can_be_framed_by_nobody(plain):
    cookie = session_of(plain)
    for path in ("/", SCRIPT, "/ui/session", "/ui/studies", "/ui/studies/1/summary"):
        headers = plain.raw("GET", path, token="", Cookie=cookie)[1]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_no_secret_is_logged_or_repeated(serve, caplog):
    caplog.set_level(logging.DEBUG)
    service = serve(InMemory())
    wrong = "a-wrong-token-of-somebody"
    cookie = session_of(service)
    answers = [
        service.raw("POST", "/ui/login", {"token": wrong}, "", **own(service)),
        service.raw("POST", "/ui/login", {"code": wrong}, "", **own(service)),
        service.raw("GET", "/ui/studies", token="", Cookie=cookie),
        service.raw("GET", "/ui/session", token="", Cookie=cookie),
        service.raw("GET", "/v1/studies", token=wrong),
        service.raw("POST", "/ui/logout", {}, "", Cookie=cookie, **own(service)),
    ]
    secrets = (service.token, wrong, cookie.partition("=")[2])
    said = caplog.text + "".join(str(answer) for answer in answers)
    assert [secret for secret in secrets if secret in said] == []


def test_codes_cannot_be_tried_one_after_another(plain):
    statuses = [
        plain.raw("POST", "/ui/login", {"code": f"{i:043}"}, "", **own(plain))[0] for i in range(30)
    ]
    assert statuses.count(401) <= 6
    assert set(statuses) == {401, 429}
    right = {"token": plain.token}
    assert plain.raw("POST", "/ui/login", right, "", **own(plain))[0] == 429  # from there


def test_an_act_names_its_address_and_no_one_elses(plain):
    """Who acts is what the connection says, not what the request claims."""
    cookie = session_of(plain)
    headers = own(plain, X_Forwarded_For="10.0.0.1", Forwarded="for=10.0.0.1")
    plain.raw("POST", "/v1/studies/1/pause", {}, "", Cookie=cookie, **headers)
    log = plain("GET", "/v1/studies/1/controls")[1]["log"]
    assert [act["who"] for act in log] == ["the page at 127.0.0.1"]


def test_a_study_that_is_made_of_an_attack_is_text(plain):
    cookie = session_of(plain)
    body = {"name": ATTACK, "space": {ATTACK: [ATTACK, "b"]}}
    status, made = plain("POST", "/v1/studies", body, token="", Cookie=cookie, **own(plain))
    assert (status, made["name"]) == (201, ATTACK)
    for bad in ({"name": "", "space": {}}, {"name": "n", "space": {"x": {"low": 1, "high": 0}}}):
        got = plain("POST", "/v1/studies", bad, token="", Cookie=cookie, **own(plain))
        assert got[0] == 422
    with pytest.raises(StudyNotFoundError):
        luthier.load_study("n", plain.storage)
    assert re.fullmatch(r"application/json.*", plain.raw("GET", "/v1/studies")[1]["content-type"])
