"""Who is let in, how much is taken, and what is kept to itself."""

import asyncio
import contextlib
import http.client
import json
import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from luthier.errors import StorageDeniedError, UnstorableError
from luthier.samplers.random import Random
from luthier.server import Limits, application, serve, token_file
from luthier.storages import InMemory, SQLite

STUDY = {"space": {"x": {"low": 0.0, "high": 1.0}}}


# -- the token
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token", ["", "wrong", "a-token-for-tests-onl", "a-token-for-tests-onlyy", "ü"]
)
@pytest.mark.parametrize(
    "path", ["/v1/studies", "/v1/storage/hello", "/metrics", "/openapi.json", "/nothing"]
)
def test_nothing_is_served_without_the_token(service, path, token):
    head = {"Authorization": f"Bearer {token}".encode()} if token else {}
    status, headers, answer = service.raw("GET", path, token="", **head)
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert json.loads(answer)["error"]["type"] == "Unauthorized"


def test_whether_it_runs_is_said_to_anybody_and_nothing_else(service):
    status, headers, answer = service.raw("GET", "/health", token="")
    assert (status, json.loads(answer)) == (200, {"status": "ok"})
    assert (headers["content-type"], headers["x-content-type-options"]) == (
        "application/json",
        "nosniff",
    )
    assert "server" not in {name.lower() for name in headers}


def test_figures_may_be_open(serve):
    assert serve(open_metrics=True).raw("GET", "/metrics", token="")[0] == 200


def test_the_token_is_never_logged(service, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(UnstorableError) as told:
        service.client().create_study("a", {"x": "y" * 2**25})
    service("POST", "/v1/studies", STUDY)
    service("POST", "/v1/studies", b"{")
    wrong = service.client(options={"timeout_s": "5"})
    said = [repr(wrong), str(told.value), caplog.text, *capfd.readouterr()]
    service.storage.studies = None  # whatever it does now fails
    status, _, answer = service.raw("GET", "/v1/studies")
    assert status == 500
    assert json.loads(answer)["error"]["type"] == "InternalError"
    said += [answer.decode(), caplog.text]
    assert "Traceback" in caplog.text
    assert "Traceback" not in answer.decode()
    assert not any(service.token in text for text in said)


def running(folder, stdout=subprocess.PIPE):
    code = "import sys; from luthier.server import serve; serve(sys.argv[1], port=0)"
    argv = [sys.executable, "-c", code, f"sqlite:///{folder}/s.db"]
    with (folder / "log").open("w") as log:
        return subprocess.Popen(argv, stdout=stdout, stderr=log, text=True)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
def test_a_new_token_is_shown_on_a_terminal(tmp_path):
    here, there = os.openpty()
    process, said = running(tmp_path, there), b""
    os.close(there)
    while b"its token" not in said or not said.endswith(b"\n"):
        said += os.read(here, 1000)
    process.send_signal(signal.SIGTERM)
    process.wait()
    os.close(here)
    assert token_file(SQLite(tmp_path / "s.db")).read_text().strip() in said.decode()


def test_a_token_is_made_at_the_first_start_and_elsewhere_its_file_is_named(tmp_path, eventually):
    said = []
    for _ in range(2):
        process = running(tmp_path)
        lines = [process.stdout.readline()]
        port = int(lines[0].rpartition(":")[2])
        file = token_file(SQLite(tmp_path / "s.db"))
        assert eventually(file.exists)
        token = file.read_text().strip()
        line = http.client.HTTPConnection("127.0.0.1", port)
        line.request("GET", "/v1/studies?token=x", headers={"Authorization": f"Bearer {token}"})
        assert line.getresponse().status == 422
        line.close()
        process.send_signal(signal.SIGTERM)
        said.append(process.stdout.read())
        process.wait()
        process.stdout.close()
        err = (tmp_path / "log").read_text()
        assert token not in err + lines[0] + said[-1]
        record = json.loads(err.splitlines()[0])
        assert (record["path"], record["status"]) == ("/v1/studies", 422)
    assert [str(file) in text for text in said] == [True, False]
    assert len(token) >= 32
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600


def test_a_token_that_others_can_read_is_none(tmp_path):
    file = tmp_path / "token"
    file.write_text("x" * 32)
    file.chmod(0o644)
    with pytest.raises(StorageDeniedError, match="chmod 600"):
        serve(InMemory(), port=0, file=file)
    file.chmod(0o600)
    for text in ("short", "", "\n"):
        file.write_text(text)
        for host in ("127.0.0.1", "0.0.0.0"):
            with pytest.raises(StorageDeniedError, match="at least 16 characters"):
                serve(InMemory(), host, 0, file=file)


def other_user(path, uid=12345):
    os.chown(path, uid, -1, follow_symlinks=False)


needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)


@needs_root
@pytest.mark.parametrize("whose", ["file", "link", "file behind a link", "folder", "one above"])
def test_a_token_that_another_user_could_choose_is_none(tmp_path, whose):
    place = tmp_path / "above" / "folder"
    place.mkdir(parents=True, mode=0o700)
    file = place / "token"
    file.write_text("x" * 32)
    file.chmod(0o600)
    link = tmp_path / "link"
    link.symlink_to(file)
    named = link if "link" in whose else file
    other_user(
        {"file": file, "link": link, "folder": place, "one above": place.parent}.get(whose, file)
    )
    with pytest.raises(
        StorageDeniedError, match=r"belongs to another user \(12345\).*--token-file"
    ):
        serve(InMemory(), port=0, file=named)


@pytest.mark.skipif(os.name != "posix", reason="others have other rights")
@pytest.mark.parametrize(("mode", "whom"), [(0o777, "every user"), (0o770, "a group")])
def test_a_token_in_a_folder_that_others_can_write_to_is_none(tmp_path, mode, whom):
    folder = tmp_path / "folder"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, -1, 54321)
    elif whom == "a group":
        pytest.skip("only root gives folders to a group of others")
    folder.chmod(mode)
    for exists in (False, True):
        if exists:
            (folder / "token").write_text("x" * 32)
            (folder / "token").chmod(0o600)
        with pytest.raises(StorageDeniedError, match=f"can be written by {whom}"):
            serve(InMemory(), port=0, file=folder / "token")
        assert (folder / "token").exists() == exists  # none is made there


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_token_stands_in_a_file(tmp_path):
    os.mkfifo(tmp_path / "token", 0o600)
    with pytest.raises(StorageDeniedError, match="is no file"):
        serve(InMemory(), port=0, file=tmp_path / "token")


def test_without_a_token_only_this_machine_is_served(serve):
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        from luthier.server import serve as start

        with pytest.raises(StorageDeniedError, match="without a token only this machine"):
            start(InMemory(), host, 0, token="")
    service = serve(token="")
    for host, status in [
        ("localhost", 200),
        ("127.0.0.1:8700", 200),
        ("[::1]:8700", 200),
        ("[::1]", 200),
        ("evil.example", 403),
        ("localhost.evil.example:80", 403),
        ("127.0.0.1:8@evil.example", 403),
        ("user@127.0.0.1", 403),
        ("", 403),
    ]:
        assert service.raw("GET", "/v1/studies", Host=host)[0] == status, host


def test_without_a_token_no_page_of_a_browser_is_served(serve):
    service = serve(token="")
    study = service.study()
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{service.port}"):
        assert service.raw("POST", f"{study}/ask", {}, Origin=origin)[0] == 403
    for site in ("cross-site", "same-site", "same-origin"):  # also where it says no origin
        assert service.raw("GET", study, Sec_Fetch_Site=site)[0] == 403
    assert service.raw("GET", study, Referer="http://evil.example/")[0] == 403
    assert service.raw("GET", study, Sec_Fetch_Site="none")[0] == 200  # typed by the user
    assert service.raw("POST", f"{study}/ask", b"", Content_Type="text/plain")[0] == 415
    assert service.raw("POST", f"{study}/ask")[0] == 415
    assert service("GET", study)[1]["n_trials"] == 0


@pytest.mark.parametrize(
    ("client", "server", "status"),
    [
        (("127.0.0.1", 5000), ("127.0.0.1", 80), 200),
        (None, ("/run/luthier.sock", None), 200),
        (("192.0.2.1", 5000), ("192.0.2.7", 80), 403),
        (("127.0.0.1", 5000), ("192.0.2.7", 80), 403),
    ],
)
def test_without_a_token_a_host_header_is_not_taken_at_its_word(client, server, status):
    """Whoever serves the application where others reach it."""
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/health",
        "raw_path": b"/health",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": client,
        "server": server,
    }
    asyncio.run(application(InMemory())(scope, None, send))
    assert sent[0]["status"] == status


def test_a_body_is_read_only_where_one_is_asked_for_and_of_whom_is_let_in(service):
    known = f"\r\nAuthorization: Bearer {service.token}"
    for line, head, status in [
        ("GET /health", "", 200),
        ("POST /health", "", 405),
        ("GET /v1/studies", "", 401),
        ("POST /v1/studies", "", 401),
        ("PUT /v1/studies", known, 405),
        ("POST /v1/nothing", known, 404),
    ]:
        with socket.create_connection(("127.0.0.1", service.port)) as end:
            head += "\r\nContent-Length: 1000000\r\n\r\n"
            end.sendall(f"{line} HTTP/1.1\r\nHost: localhost{head}".encode())
            assert end.recv(1000).startswith(
                f"HTTP/1.1 {status}".encode()
            )  # although none of it has come


# -- places
# ----------------------------------------------------------------------------------------------


def kept_in(service, folder, name="s"):
    space = {"params": {"x": {"type": "float", "low": 0, "high": 1}}}
    spec = {"directions": ["minimize"], "seed": 0, "space": space, "declared": True}
    spec["checkpoints"] = {"url": str(folder), "keep": "all"}
    made = service("POST", "/v1/storage/create_study", {"name": name, "spec": spec})[1]
    return f"/v1/studies/{made['id']}"


def report(service, study, checkpoint):
    asked = service("POST", f"{study}/ask", {})[1]
    told = {"token": asked["token"], "step": 1, "value": 1, "checkpoint": checkpoint}
    return service("POST", f"{study}/trials/{asked['number']}/report", told)


def test_clients_do_not_say_where_the_service_writes_and_deletes(serve, tmp_path):
    place = tmp_path / "other"
    place.mkdir()
    (place / "3-7-0123abcd.npz").write_text("of somebody else")
    allowed = tmp_path / "allowed"
    service = serve(SQLite(tmp_path / "s.db"), checkpoints=str(allowed))
    for i, named in enumerate(
        (place, f"{allowed}/../other", f"{allowed}ed", f"{allowed}::file://{place}")
    ):
        study = kept_in(service, named, f"s{i}")
        status, answer = report(service, study, {"weights": "x" * 5000})
        assert (status, answer["error"]["type"]) == (422, "CheckpointError")
        assert service("DELETE", study)[0] == 200
    assert os.listdir(place) == ["3-7-0123abcd.npz"]
    assert not any(p.name.startswith("allowed") for p in tmp_path.iterdir())
    study = kept_in(service, allowed / "s")
    assert report(service, study, {"weights": "x" * 5000})[0] == 200
    assert len(list((allowed / "s").glob("*.npz"))) == 1
    assert service("DELETE", study)[0] == 200
    assert list((allowed / "s").glob("*.npz")) == []


# -- sizes, rates, times
# -----------------------------------------------------------------------------------------------


def test_a_body_that_is_too_large_is_refused_also_in_chunks(serve):
    service = serve(limits=Limits(max_body=1000))
    assert service("POST", "/v1/studies", b" " * 1001)[1]["error"]["type"] == "BodyTooLarge"
    assert service("POST", "/v1/studies", json.dumps(STUDY).ljust(1000).encode())[0] == 201
    line = http.client.HTTPConnection("127.0.0.1", service.port)
    head = {"Authorization": f"Bearer {service.token}", "Content-Type": "application/json"}
    line.request("POST", "/v1/studies", iter([b" " * 300] * 5), head, encode_chunked=True)
    assert line.getresponse().status == 413
    line.close()
    with pytest.raises(UnstorableError, match="takes requests up to 1000 bytes"):
        service.client().create_study("s", {"x": "y" * 1000})


def test_who_asks_too_often_is_told_to_wait(serve):
    service = serve(limits=Limits(rate=4.0))
    answers = [service.raw("GET", "/health") for _ in range(10)]
    assert [status for status, _, _ in answers][:8] == [200] * 8
    status, headers, _ = answers[-1]
    assert (status, headers["retry-after"]) == (429, "1")
    storage = service.client()  # it waits as it is told
    assert storage.studies() == []
    storage.close()


def test_strangers_use_up_nothing_of_a_client_at_their_address(serve):
    service = serve(limits=Limits(rate=5.0, stranger_rate=2.0, processes=0), open_metrics=True)
    guesses = [service.raw("GET", "/v1/studies", token="wrong")[0] for _ in range(30)]
    assert guesses[:4] == [401] * 4
    assert 429 in guesses
    assert service.raw("GET", "/metrics", token="")[0] == 429  # open, but not for nothing
    assert [service.raw("GET", "/v1/studies")[0] for _ in range(10)] == [200] * 10


def test_strangers_cannot_make_it_seem_dead(serve):
    service = serve(limits=Limits(stranger_rate=1.0, processes=0))
    assert {service.raw("GET", "/health", token="")[0] for _ in range(30)} == {200}


def test_strangers_cannot_fill_the_log(service, caplog):
    caplog.set_level(logging.INFO, "luthier.server")
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", service.port)) as line:
        for _ in range(300):
            line.request("GET", "/" + "a" * 190)
            line.getresponse().read()
    time.sleep(1.1)  # then there is a line again
    service.raw("GET", "/", token="")
    lines = [json.loads(r.getMessage()) for r in caplog.records if r.name == "luthier.server"]
    assert len(lines) < 150
    assert sum(line.get("left_out", 0) for line in lines) + len(lines) == 301


def test_the_bodies_that_are_held_are_bounded_together(serve):
    storage, go = InMemory(), threading.Event()
    limits = Limits(max_body=1000, processes=0, threads=20)
    service = serve(storage, limits=limits)
    create = storage.create_study
    storage.create_study = lambda *args: (go.wait(), create(*args))[1]
    body = json.dumps(STUDY).ljust(1000).encode()
    with ThreadPoolExecutor(10) as pool:
        sent = [pool.submit(service, "POST", "/v1/studies", body) for _ in range(10)]
        while sum(f.done() for f in sent) < 2:
            time.sleep(0.01)
        go.set()
        statuses = sorted(f.result()[0] for f in sent)
    assert statuses == [201] * 8 + [503] * 2
    assert service("POST", "/v1/studies", body)[0] == 201


def test_only_so_many_requests_are_taken_at_a_time(serve):
    storage = InMemory()
    service = serve(storage, limits=Limits(max_requests=2, threads=2))
    go = threading.Event()
    storage.studies = lambda: go.wait() and []
    threads = [threading.Thread(target=service, args=("GET", "/v1/studies")) for _ in range(2)]
    for t in threads:
        t.start()
    while (answer := service.raw("GET", "/health"))[0] == 200:
        time.sleep(0.01)
    assert (answer[0], answer[1]["retry-after"]) == (503, "1")
    go.set()
    for t in threads:
        t.join()
    assert service.raw("GET", "/health")[0] == 200


def in_the_end(service, *args, **options):
    """What is answered once the service is neither out of time nor full of earlier requests."""
    while (answer := service(*args, **options))[0] in (503, 504):
        time.sleep(0.05)
    return answer


def test_what_takes_too_long_is_answered_and_goes_on(serve):
    storage = InMemory()
    service = serve(storage, limits=Limits(work_s=0.2))
    create, go = storage.create_study, threading.Event()

    def slowly(name, spec):
        go.wait()
        return create(name, spec)

    storage.create_study = slowly
    status, answer = service("POST", "/v1/studies", STUDY, Idempotency_Key="k")
    assert (status, answer["error"]["type"]) == (504, "Timeout")
    go.set()
    status, made = in_the_end(service, "POST", "/v1/studies", STUDY, Idempotency_Key="k")
    assert (status, made["id"]) == (201, 1)
    assert len(storage.studies()) == 1


def test_what_nobody_waits_for_any_more_is_not_begun(serve):
    storage = InMemory()
    service = serve(storage, limits=Limits(work_s=0.3, threads=1, max_requests=3))
    studies, began, go = storage.studies, threading.Event(), threading.Event()
    storage.studies = lambda: (began.set(), go.wait(), studies())[2]
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(service, "GET", "/v1/studies")
        began.wait()
        others = [pool.submit(service, "POST", "/v1/studies", STUDY) for _ in range(2)]
        assert [f.result()[0] for f in (first, *others)] == [504] * 3
        keyed = [
            pool.submit(service, "POST", "/v1/studies", STUDY, Idempotency_Key=f"k{i}")
            for i in range(3)
        ]
        assert sorted(f.result()[0] for f in keyed) == [
            503,
            504,
            504,
        ]  # those with a key go on, and are counted
    go.set()
    for i in range(3):
        key = f"k{i}"
        assert in_the_end(service, "POST", "/v1/studies", STUDY, Idempotency_Key=key)[0] == 201
    assert len(storage.studies()) == 3


def test_answers_are_kept_up_to_a_size(service, monkeypatch):
    monkeypatch.setattr("luthier.server.response_cache.MAX_BYTES", 10_000)
    study = service.study()
    first, *_, last = [
        service("POST", f"{study}/ask", {}, Idempotency_Key=f"k{i}")[1] for i in range(100)
    ]
    assert service("POST", f"{study}/ask", {}, Idempotency_Key="k99")[1] == last
    tell = f"{study}/trials/{first['number']}/tell"
    assert service("POST", tell, {"token": first["token"], "value": 1})[0] == 200
    assert (
        service("POST", f"{study}/ask", {}, Idempotency_Key="k0")[1] != first
    )  # forgotten, and no longer running
    assert (
        service("POST", f"{study}/ask", {}, Idempotency_Key="k1")[1]["number"] == 1
    )  # forgotten, but still running


def test_a_slow_study_does_not_hold_up_others(serve, monkeypatch):
    service, go = serve(limits=Limits(threads=3)), threading.Event()
    slow, quick = service.study(sampler="random"), service.study(sampler="qmc")
    held = service("POST", f"{slow}/ask", {})[1]
    sample = Random.sample
    monkeypatch.setattr(Random, "sample", lambda *a, **k: (go.wait(), sample(*a, **k))[1])
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(service, "POST", f"{slow}/ask", {}) for _ in range(6)]
        time.sleep(0.2)
        assert service("POST", f"{quick}/ask", {})[0] == 200
        assert (
            service("POST", f"{slow}/trials/{held['number']}/heartbeat", {"token": held["token"]})[
                0
            ]
            == 200
        )
        assert not any(f.done() for f in asked)
        go.set()
        assert [f.result()[0] for f in asked] == [200] * 6


def test_answers_that_are_kept_for_their_keys_are_small(service):
    study = service.study()
    for tags in ({"a": "b"}, {"a": "x" * 2**17}):
        asked = service("POST", f"{study}/ask", {})[1]
        path = f"{study}/trials/{asked['number']}"
        told = {"token": asked["token"], "value": 1, "tags": tags}
        first, again = (
            service("POST", f"{path}/tell", told, Idempotency_Key="k") for _ in range(2)
        )
        assert first == again
        assert first[1]["tags"] == (tags if len(tags["a"]) == 1 else {})
        stored = service("GET", f"{study}/trials?since={asked['number']}")[1]["trials"][0]
        assert (stored["tags"], stored["values"]) == (tags, [1.0])


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /v1/st",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: b",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea",
    ],
)
def test_who_does_not_finish_a_request_is_hung_up_on(serve, sent):
    service = serve(limits=Limits(read_s=0.3))
    with socket.create_connection(("127.0.0.1", service.port)) as line:
        line.sendall(sent)
        with_dots = threading.Event()

        def drip():  # a byte now and then is no progress
            while not with_dots.wait(0.05):
                try:
                    line.sendall(b"x")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            while line.recv(1000):
                pass
        except ConnectionError:
            pass
        finally:
            with_dots.set()
            dripping.join()
    assert service.raw("GET", "/health")[0] == 200


def test_a_body_that_does_not_come_is_not_waited_for(serve):
    service = serve(limits=Limits(read_s=0.3))
    head = (
        f"Authorization: Bearer {service.token}\r\nContent-Type: "
        "application/json\r\nContent-Length: 100\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.port)) as line:
        line.sendall(f"POST /v1/studies HTTP/1.1\r\nHost: localhost\r\n{head}\r\n{{".encode())
        answer = line.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 408")


# -- what is sent
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"space": ' + b'{"x":' * 100_000, 400),
        (b"\xff", 400),
        (b"null", 422),
        (b'{"space": {}, "nmae": "x"}', 422),
        (b'{"space": {"x": {"low": 1, "high": 0}}}', 422),
        (b'{"space": {"x": 7}}', 422),
        (b'{"space": {"x": {"low": 0, "high": 1}}, "sampler": "no"}', 422),
        (b'{"space": {"x": {"low": 0, "high": 1}}, "seed": 1e9}', 422),
        (
            b'{"space": {"params": {"x": {"low": 0, "high": 1}}, "constraints": '
            b'["__import__(\\"os\\")"]}}',
            422,
        ),
        (
            b'{"space": {"params": {"x": {"low": 0, "high": 1}}, "constraints": [%s""]}}'
            % (b'"x < 2", ' * 100),
            422,
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(service, body, status):
    got, answer = service("POST", "/v1/studies", body)
    assert got == status
    assert answer["error"]["message"]


DEEP = b"[" * 65 + b"]" * 65


@pytest.mark.parametrize(
    ("deep", "status"),
    [
        (b'"' + b"[" * 1000 + b'"', 200),  # it is text
        (b'"\\"' + b"[" * 1000 + b'"', 200),
        (b"[" * 40 + b"]" * 40, 200),
        (b"[[1]," * 40 + b"1" + b"]" * 40, 200),
        (DEEP, 400),
        (b'["\\\\", ' + DEEP + b"]", 400),
        (b'{"a":' * 900 + b"1" + b"}" * 900, 400),
    ],
)
def test_what_is_too_deep_is_refused(service, deep, status):
    study = service.study()
    asked = service("POST", f"{study}/ask", {})[1]
    body = b'{"token": %d, "value": 1, "tags": {"a": %s}}' % (asked["token"], deep)
    assert service("POST", f"{study}/trials/{asked['number']}/tell", body)[0] == status


def test_a_name_that_stands_twice_is_refused_and_so_is_a_trial_that_is_asked_for_twice(service):
    body = b'{"space": {"x": [1, 2], "x": [3]}}'
    status, answer = service("POST", "/v1/studies", body)
    assert (status, answer["error"]["message"]) == (
        422,
        "'x' stands twice in a dict; leave one out",
    )
    service("POST", f"{service.study()}/ask", {})
    rows = {"study": 1, "numbers": [0, 0]}
    assert service("POST", "/v1/storage/rows", rows)[0] == 422
    assert len(service("POST", "/v1/storage/rows", rows | {"numbers": [0]})[1]) == 1


def test_a_list_of_large_trials_comes_in_parts(service):
    study = service.study()
    for _ in range(12):
        asked = service("POST", f"{study}/ask", {})[1]
        told = {"token": asked["token"], "value": 1, "tags": {"a": "x" * 2**19}}
        service("POST", f"{study}/trials/{asked['number']}/tell", told)
    found, since = [], 0
    while since is not None:
        answer = service("GET", f"{study}/trials?since={since}&limit=1000")[1]
        assert len(answer["trials"]) <= 10
        found += [trial["number"] for trial in answer["trials"]]
        since = answer["next"]
    assert found == list(range(12))


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("studies", {"scheduler": "replay"}),  # it has no default settings
        ("studies", {"space": {f"x{i}": [0, 1] for i in range(1001)}}),
        ("studies", {"space": {"x": [*range(10_000), *range(10_000)]}}),
        ("studies", {"space": {f"x{i}": [*range(999)] for i in range(11)}}),
        ("studies", {"space": {"x" * 100_001: [0, 1]}}),
        ("studies", {"space": {"params": {"x": [0, 1]}, "constraints": ["x < 2"] * 101}}),
        (
            "studies",
            {"space": {"params": {"x": [0, 1]}, "constraints": ["x <" + " " * 2000 + "2"]}},
        ),
        (
            "studies",
            {"space": {"params": {"x": [0, 1]}, "constraints": ["x <" + " " * 1500 + "2"] * 9}},
        ),
        ("studies", {"objectives": ["minimize"] * 21}),
        (
            "studies",
            {
                "sampler": "grid",
                "space": {f"b{i}": [0, 1] for i in range(18)} | {f"c{i}": [0] for i in range(400)},
            },
        ),
    ],
)
def test_what_would_cost_much_is_refused_before_it_is_worked_on(service, path, fields):
    status, answer = service("POST", f"/v1/{path}", {"space": {"x": [1, 2]}} | fields)
    assert status == 422, answer
    assert service("GET", "/v1/studies")[1]["studies"] == []


def test_what_would_cost_much_is_not_proposed_for_either(service):
    """Clients that use the service as a storage may keep it there."""
    wide = {f"x{i}": {"type": "categorical", "choices": [0, 1]} for i in range(1001)}
    spec = {"directions": ["minimize"], "seed": 0, "space": {"params": wide}, "declared": True}
    many = spec | {"directions": ["minimize"] * 100, "space": {"params": {"x": wide["x0"]}}}
    for i, stored in enumerate((spec, many, {}), 1):
        assert (
            service("POST", "/v1/storage/create_study", {"name": f"s{i}", "spec": stored})[0] == 200
        )
        status, answer = service("POST", f"/v1/studies/{i}/ask", {})
        assert status in (409, 422), answer
        assert service("GET", f"/v1/studies/{i}")[0] == 200


def test_stored_nonsense_is_no_failure_of_the_service(service):
    study = service.study()
    rows = [
        {"number": 0, "state": 3, "values": [1, 2, 3], "params": {"x": 0.1}},
        {"number": 0, "state": 0, "params": {"x": 0.2}},
        {"number": 0, "state": 3, "values": [1], "params": {"x": 0.3}},
    ]
    rows[1]["checkpoints"] = [{"step": 1, "value": '{"$int":"0x%s"}' % ("f" * 100_000)}]
    assert service("POST", "/v1/storage/add_trials", {"study": 1, "rows": rows})[0] == 200
    status, asked = service("POST", f"{study}/ask", {})
    assert (status, asked["checkpoint"]) == (200, None)
    status, chosen = service("POST", f"{study}/choose", {"knee": True})
    assert (status, chosen["trial"]["number"]) == (200, 2)
    study = service.study()
    assert service("POST", "/v1/storage/add_trials", {"study": 2, "rows": rows[:1]})[0] == 200
    status, answer = service("POST", f"{study}/choose", {"rule": "value < 1, then smallest value"})
    assert (status, answer["error"]["type"]) == (422, "RuleError")


def test_a_body_says_that_it_is_json(service):
    status, answer = service(
        "POST", "/v1/studies", json.dumps(STUDY).encode(), Content_Type="text/plain"
    )
    assert (status, answer["error"]["type"]) == (415, "UnsupportedMediaType")


def test_markup_and_commands_to_terminals_come_back_as_text(service, caplog):
    caplog.set_level(logging.INFO, "luthier.server")
    name = "<script>alert(1)</script>\x1b[2J\n[red]"
    study = service.study(name=name)
    _, headers, answer = service.raw("GET", study)
    assert headers["content-type"] == "application/json"
    assert b"\x1b" not in answer
    assert json.loads(answer)["name"] == name
    service.raw("GET", "/v1/studies/%1b[2J%0aX")
    logged = [r.getMessage() for r in caplog.records if r.name == "luthier.server"]
    assert all("\x1b" not in line and "\n" not in line for line in logged)
    assert json.loads(logged[-1])["path"] == "/v1/studies/%1b[2J%0aX"


def test_addresses_and_methods_that_there_are_not(service):
    assert service("GET", "/v1/nothing")[1]["error"]["type"] == "NotFound"
    status, headers, _ = service.raw("PUT", "/v1/studies")
    assert (status, set(headers["allow"].split(", ")) >= {"GET"}) == (405, True)
    for number in ("x", "-1", "9" * 5000, str(2**70)):
        assert service("GET", f"/v1/studies/{number}")[0] == 404
