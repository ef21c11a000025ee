"""Servers that hang: they take a request and never answer."""

import contextlib
import signal

import psutil
import pytest
from tests.support.servers import KINDS, parameters

from luthier import attempts, storages
from luthier.errors import StorageUnreachableError


@contextlib.contextmanager
def hanging(server):
    top = psutil.Process(server.process.pid)
    processes = [top, *top.children(recursive=True)]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


@pytest.mark.slow
@pytest.mark.parametrize("kind", parameters("postgresql", "mysql", "redis"))
def test_it_is_given_up_and_then_left_alone_for_a_moment(kind, monkeypatch):
    monkeypatch.setattr(storages, "_SHORTEST_ANSWER_S", 1.5)
    with KINDS[kind]() as server:
        storage = storages.from_url(f"{server.fresh()}?reconnect_s=0.5")
        study = storage.create_study("s", {}).id
        asked = []
        read = storage.inner.changes
        monkeypatch.setattr(storage.inner, "changes", lambda *args: asked.append(1) or read(*args))

        with hanging(server):
            for _ in range(30):  # as many as the trials that a run gives back when it ends
                with pytest.raises(StorageUnreachableError, match="does not answer"):
                    storage.changes(study, 0)
            assert len(asked) == 1

        monkeypatch.setattr(attempts, "_SOON_S", 0.0)
        assert list(storage.changes(study, 0).rows) == []
