"""Who only connects keeps nobody out."""

import contextlib
import http.client
import logging
import signal
import socket
import subprocess
import sys
import time

import pytest

from luthier.server import Limits

resource = pytest.importorskip("resource")


@pytest.fixture
def strangers():
    """Opens connections, which are closed with the test."""
    with contextlib.ExitStack() as stack:

        def connect(port, n, said=b""):
            made = []
            for _ in range(n):
                made.append(
                    stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
                )
                made[-1].sendall(said)
            return made

        yield connect


def is_open(line):
    """Whether the service has not hung up."""
    line.setblocking(False)
    try:
        return line.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


@pytest.mark.parametrize("said", [b"", b"GET /", b"POST /health HTTP/1.1\r\nContent-Length: 9\r\n"])
def test_strangers_close_each_other_and_no_client(serve, strangers, eventually, said):
    service = serve(limits=Limits(max_connections=40, processes=0))
    head = {"Authorization": f"Bearer {service.token}"}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", service.port)) as client:
        client.request("GET", "/v1/studies", headers=head)
        assert client.getresponse().read()
        lines = strangers(service.port, 100, said)
        assert eventually(lambda: sum(map(is_open, lines)) <= 10)
        assert all(map(is_open, lines[-5:]))  # the oldest are closed
        client.request("GET", "/v1/studies", headers=head)  # over the same connection
        assert client.getresponse().status == 200
    assert service("GET", "/v1/studies")[0] == 200  # and over a new one


def test_clients_are_not_closed_for_others(serve, strangers):
    service = serve(limits=Limits(max_connections=4, processes=0))
    said = f"GET /v1/studies HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {service.token}\r\n\r\n"
    clients = []
    for _ in range(4):
        clients += strangers(service.port, 1, said.encode())
        assert clients[-1].recv(1000).startswith(b"HTTP/1.1 200")
    [further] = strangers(service.port, 1)
    with contextlib.suppress(ConnectionError):
        assert further.recv(1) == b""
    for line in clients:
        line.sendall(said.encode())
        assert line.recv(1000).startswith(b"HTTP/1.1 200")


def test_who_does_not_take_in_the_answer_is_hung_up_on(serve, strangers, eventually):
    service = serve(limits=Limits(idle_s=1, processes=0))
    study = service.study()
    for _ in range(5):
        asked = service("POST", f"{study}/ask", {})[1]
        told = {"token": asked["token"], "value": 1, "tags": {"a": "x" * 2**19}}
        service("POST", f"{study}/trials/{asked['number']}/tell", told)
    head = f"Host: a\r\nAuthorization: Bearer {service.token}\r\n\r\n"
    [line] = strangers(service.port, 1, f"GET {study}/trials HTTP/1.1\r\n{head}".encode())
    connections = service.server_connections
    assert eventually(lambda: connections() == 1)
    assert eventually(lambda: connections() == 0)
    del line


def test_there_are_files_left_for_the_client(tmp_path):
    """Strangers open more connections than the service may open files."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)); "
        "from luthier.server import serve; serve(sys.argv[1], port=0, token='x' * 20)"
    )
    argv = [sys.executable, "-c", code, f"sqlite:///{tmp_path}/s.db"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True)
    lines = []
    try:
        port = int(process.stdout.readline().rpartition(":")[2])
        lines += [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(400)]
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        client.request("GET", "/v1/studies", headers={"Authorization": f"Bearer {'x' * 20}"})
        assert client.getresponse().status == 200
        client.close()
    finally:
        for line in lines:
            line.close()
        process.send_signal(signal.SIGTERM)
        process.wait()
        process.stdout.close()
    assert len((tmp_path / "log").read_text().splitlines()) < 20


def test_garbage_is_not_logged(serve, strangers, caplog):
    caplog.set_level(logging.INFO)
    service = serve()
    for line in strangers(service.port, 20, b"\x16\x03\x01 garbage\r\n\r\n"):
        assert b"400" in line.recv(1000)
    time.sleep(0.1)
    assert [r for r in caplog.records if "nvalid" in r.getMessage()] == []
