"""The service as a storage: storage="http://host:8700"."""

import contextlib
import json
import os
import pickle
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

import luthier
from luthier import errors
from luthier.errors import (
    LeaseLostError,
    LuthierError,
    StorageDeniedError,
    StorageError,
    StorageFullError,
    StorageReadOnlyError,
    StorageUnreachableError,
    StudyExistsError,
    StudyNotFoundError,
)
from luthier.server import Limits
from luthier.storages import InMemory, SQLite
from luthier.storages.http import HTTP
from luthier.storages.retrying import Retrying
from luthier.trial.record import State, TrialRow


@pytest.fixture
def storage(service):
    with contextlib.closing(service.client()) as made:
        yield made


def test_a_study_lives_there(service):
    study = luthier.create_study("s", service.url, direction="maximize", seed=3)
    study.optimize(
        lambda t: t.suggest_float("x", 0, 1) + len(str(t.suggest_categorical("c", (1, (2, 3))))),
        n_trials=10,
    )
    again = luthier.load_study("s", service.url)
    assert again.best_value == study.best_value == max(r.values[0] for r in service.storage.rows(1))
    assert {type(r.params["c"]) for r in again.trials} == {int, tuple}
    study.storage.close()
    again.storage.close()


def test_what_goes_wrong_there_goes_wrong_here_in_the_same_words(service, storage):
    study = storage.create_study("s", {}).id
    for wrong, verb in [
        (StudyExistsError, lambda s: s.create_study("s", {})),
        (StudyNotFoundError, lambda s: s.study("t")),
        (StudyNotFoundError, lambda s: s.changes(study + 7, 0)),
    ]:
        with pytest.raises(wrong) as there:
            verb(service.storage)
        with pytest.raises(wrong) as here:
            verb(storage)
        assert str(here.value) == str(there.value)
    storage.add_trials(study, [TrialRow(number=-1, state=State.RUNNING)])
    with pytest.raises(LeaseLostError, match=r"trial 0 .*refused"):
        storage.release(study, 0, 7, False)


ERRORS = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, LuthierError)]


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_arrives_as_itself(service, storage, error):
    def fail():
        raise error("why: <b>ü</b>")

    service.storage.studies = fail
    with pytest.raises(error) as got:
        storage.studies()
    assert type(got.value) is error
    assert str(got.value) == "why: <b>ü</b>"


def test_leases_are_those_of_the_service(serve):
    service = serve(InMemory(lease_s=7.0, max_retries=5))
    service.storage.now = lambda: 1e6 + time.monotonic()
    with (
        contextlib.closing(service.client()) as storage,
        contextlib.closing(service.client(lease_s=3.0)) as own,
    ):
        assert (storage.lease_s, storage.max_retries, own.lease_s, own.max_retries) == (
            7.0,
            5,
            3.0,
            5,
        )
        assert abs(storage.now() - service.storage.now()) < 5


def test_it_travels_and_is_there_on_both_sides_of_a_fork(service, storage, monkeypatch):
    monkeypatch.delenv("LUTHIER_TOKEN", raising=False)
    storage.create_study("s", {})
    with contextlib.closing(pickle.loads(pickle.dumps(storage))) as copy:
        assert [s.name for s in copy.studies()] == ["s"]
        assert copy.url == storage.url
    child = os.fork() if hasattr(os, "fork") else None
    if child == 0:
        ok = [s.name for s in storage.studies()] == ["s"]
        os._exit(0 if ok else 1)
    assert [s.name for s in storage.studies()] == ["s"]
    assert child is None or os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_token_is_in_the_url_or_in_the_environment_and_nowhere_else(service, monkeypatch):
    bare = f"http://127.0.0.1:{service.port}"
    for url in (bare, f"http://wrong-{service.token}@127.0.0.1:{service.port}"):
        with pytest.raises(StorageDeniedError, match="LUTHIER_TOKEN") as told:
            HTTP(url)
        assert service.token not in str(told.value)
    with pytest.raises(StorageDeniedError, match="characters"):
        HTTP(f"http://{service.token}%0a@127.0.0.1:{service.port}")
    monkeypatch.setenv("LUTHIER_TOKEN", service.token)
    with contextlib.closing(HTTP(bare)) as storage:
        assert storage.studies() == []
        assert service.token not in repr(storage)
        assert service.token in storage.url  # so that workers on other machines can reach it


@pytest.mark.parametrize(
    "url", ["http://", "http://host:bad", "ftp://host", "http://[::1", "http://h?timeout_s=x"]
)
def test_what_is_no_address_is_refused(url):
    place, _, query = url.partition("?")
    with pytest.raises(StorageError, match="expected"):
        HTTP(place, dict([query.split("=")]) if query else None)


class Strange(BaseHTTPRequestHandler):
    """Some other web server."""

    answer = (200, {}, b"<html>")

    def do_POST(self):
        self.server.seen.append(self.headers.get("Authorization"))
        self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        ((200, {}, b"<html>"), StorageError, "is no luthier service"),
        ((404, {}, b"<html>"), StorageError, "is no luthier service"),
        (
            (302, {"Location": "http://127.0.0.1:1/"}, b""),
            StorageError,
            "redirect, which is not followed",
        ),
        ((502, {}, b""), StorageUnreachableError, "502"),
        ((503, {}, b"[]"), StorageUnreachableError, "503"),
        ((403, {}, b""), StorageDeniedError, "or got none; set LUTHIER_TOKEN"),
        ((500, {}, b'{"error": {"type": "__class__", "message": "m"}}'), StorageError, "m"),
    ],
)
def test_other_servers_are_told_from_ours(answer, error, says):
    server = HTTPServer(("127.0.0.1", 0), type("Answers", (Strange,), {"answer": answer}))
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        with pytest.raises(error, match=says) as told:
            HTTP(f"http://some-token@127.0.0.1:{server.server_port}").studies()
        assert type(told.value) is error
        assert "some-token" not in str(told.value)
        assert set(server.seen) == {"Bearer some-token"}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Proxy:
    """Passes bytes on until it is told to cut the line."""

    def __init__(self, port):
        self.target = port
        self.up = True
        self.lines = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                here, _ = self.listener.accept()
                if not self.up:
                    here.close()
                    continue
                there = socket.create_connection(("127.0.0.1", self.target))
                self.lines += [here, there]
                for a, b in ((here, there), (there, here)):
                    self.threads.append(threading.Thread(target=self.carry, args=(a, b)))
                    self.threads[-1].start()

    def carry(self, a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
        for line in (a, b):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def cut(self):
        for line in self.lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.up = False
        self.cut()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()
        for line in self.lines:
            line.close()


def test_a_network_that_is_cut_and_restored_loses_and_doubles_nothing(serve, tmp_path):
    service = serve(SQLite(tmp_path / "s.db"))
    proxy, over = Proxy(service.port), threading.Event()

    def trouble():
        while not over.wait(0.15):
            proxy.up = False
            proxy.cut()
            over.wait(0.05)
            proxy.up = True

    url = f"http://{service.token}@127.0.0.1:{proxy.port}"
    cutting = threading.Thread(target=trouble)
    try:
        study = luthier.create_study(
            "s", url, space={"x": luthier.Float(0, 1)}, sampler="random", seed=0
        )
        told = []
        cutting.start()
        study.optimize(
            lambda t: t.params["x"], n_trials=60, callbacks=[lambda _, row: told.append(row.number)]
        )
        over.set()
        cutting.join()
        rows = service.storage.rows(1)
        assert told == list(range(60))
        assert [row.state for row in rows] == [State.COMPLETE] * 60
        study.storage.close()
    finally:
        over.set()
        proxy.stop()


def test_a_server_that_is_away_is_said_to_be_away_and_waited_for(serve, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    away = HTTP(f"http://a-token-for-tests-only@127.0.0.1:{port}")
    with pytest.raises(StorageUnreachableError, match=r"\*\*\*@127.0.0.1.* does not answer"):
        away.studies()
    assert abs(away.now() - time.time()) < 5
    threading.Timer(0.3, serve, (SQLite(tmp_path / "s.db", lease_s=9.0),), {"port": port}).start()
    assert Retrying(away).studies() == []
    away._read_clock_s = 0.0
    away.now()
    assert away.lease_s == 9.0
    away.close()


def test_connections_are_kept_and_hung_up_ones_are_not_used(serve):
    service = serve(limits=Limits(idle_s=1.0))
    with contextlib.closing(service.client()) as storage:
        storage.studies()
        [line] = storage._idle
        storage.studies()
        assert storage._idle == [line]
        time.sleep(1.5)
        assert storage.studies() == []  # over a new one, without having failed
        assert storage._idle != [line]


def test_what_a_storage_that_is_only_read_refuses_is_refused_with_the_reason(service, storage):
    study = service.study()

    def refuse(*_):
        raise StorageReadOnlyError("the file cannot be written")

    service.storage.create_study = service.storage.add_trials = refuse
    with pytest.raises(StorageReadOnlyError, match="the file cannot be written"):
        storage.create_study("s", {})
    status, answer = service("POST", f"{study}/ask", {})
    assert status == 409
    assert answer["error"]["type"] == "StorageReadOnlyError"
    assert answer["error"]["message"] == "the file cannot be written"


def test_a_full_disk_there_is_a_full_disk_here(service, storage):
    def full(*_):
        raise StorageFullError("no space is left")

    service.storage.create_study = full
    with pytest.raises(StorageFullError, match="no space is left"):
        storage.create_study("s", {})
    assert json.loads(
        service.raw("POST", "/v1/studies", {"space": {"x": {"low": 0.0, "high": 1.0}}})[2]
    )["error"] == {
        "type": "StorageFullError",
        "message": "no space is left",
        "retry_after_s": None,
    }


def test_an_extra_that_is_missing_there_is_no_failure_of_the_service(service):
    def missing():
        raise errors.MissingDependencyError("the sampler needs scikit-learn")

    service.storage.studies = missing
    status, answer = service("GET", "/v1/studies")
    assert (status, answer["error"]["type"]) == (422, "MissingDependencyError")


@pytest.mark.parametrize(
    "url", ["http://h:some-token", "http://user:some-token[@h", "http://some-token\u2100@h"]
)
def test_a_url_that_is_none_is_not_quoted(url):
    with pytest.raises(StorageError, match="expected a URL") as told:
        HTTP(url)
    assert "some-token" not in str(told.value)
