"""Whatever clients with the token send: no failure, bounded memory, and the others are served."""

import threading
from collections import Counter

import pytest
from tests.support.hostile import attack
from tests.support.service import Service

from luthier.server import Limits
from luthier.storages import from_url
from luthier.storages.wrapper import Wrapper


@pytest.mark.slow
def test_hostile_clients_keep_nobody_out(tmp_path):
    outcome = attack(tmp_path, seconds=25, seed=1)
    assert outcome.failures == []
    assert outcome.log_tracebacks == 0
    assert outcome.statuses.total() > 100
    assert set(outcome.witness) == {"read 200", "ask 200"}
    assert outcome.most_mb < 1000
    assert outcome.most_worker_mb < 2200


class Watched(Wrapper):
    """A storage that counts the studies that it reads, and may be slow to answer."""

    n_read = 0
    wait = staticmethod(lambda: None)

    def studies(self):
        raise AssertionError("all studies at once")

    def page_of_studies(self, *args):
        self.wait()
        page = super().page_of_studies(*args)
        self.n_read += len(page)
        return page


def test_an_unknown_study_costs_one_look_however_many_there_are(tmp_path):
    storage = Watched(from_url(str(tmp_path / "a.db")))
    service = Service(storage)
    for i in range(30):
        service.study(name=f"s{i}")
    storage.n_read = 0
    for study in (1, 31, 10**6):
        for path in ("", "/trials", "/best"):
            assert service("GET", f"/v1/studies/{study}{path}")[0] in (200, 404, 409)
    assert storage.n_read <= 9
    service.stop()


def test_a_study_that_others_delete_is_not_found_and_nothing_fails(tmp_path):
    service = Service(from_url(str(tmp_path / "a.db")))
    found = Counter()

    def look(study):
        for _ in range(20):
            found[service("GET", f"/v1/studies/{study}")[0]] += 1

    for i in range(5):
        service.study(name=f"s{i}")
        threads = [threading.Thread(target=look, args=(i + 1,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        service("DELETE", f"/v1/studies/{i + 1}")
        for thread in threads:
            thread.join()
    assert set(found) <= {200, 404}
    assert found[404]
    service.stop()


def test_a_request_that_outlasts_the_service_is_told_to_come_again(tmp_path):
    """With 500 a worker would end; with 503 it waits for the next service."""
    storage = Watched(from_url(str(tmp_path / "a.db")))
    service = Service(storage, limits=Limits(processes=0, grace_s=0.2))
    service.study(name="s")
    begun, may_end = threading.Event(), threading.Event()
    answers = []

    def wait():
        begun.set()
        may_end.wait(60)

    def ask():
        answers.append(service("GET", "/v1/studies/1"))
        may_end.set()

    storage.wait = wait
    thread = threading.Thread(target=ask)
    thread.start()
    assert begun.wait(60)
    service.stop()
    thread.join()
    [(status, answer)] = answers
    assert status == 503
    assert "come again" in answer["error"]["message"]
