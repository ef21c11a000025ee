import math
import re
import threading
from pathlib import Path

import pytest
from tests.support.receiver import Receiver

import luthier
from luthier.integrations.webhook import Webhook

SECRET = "T0K3N"


@pytest.fixture(autouse=True)
def nothing_is_sent_later(eventually):
    """Waits for threads that a host holds up, whose log would come during other tests."""
    yield
    assert eventually(lambda: not any(t.name.startswith("webhook") for t in threading.enumerate()))


def run(*answers, values=(2.0, 3.0, 1.0), catch=ValueError, **options):
    """A study whose trials have these values, with None for one that fails; its receiver."""

    def objective(trial):
        trial.suggest_categorical("kernel", ["rbf"])
        value = values[trial.number]
        if value is None:
            raise ValueError("see https://me:pass@host/x")
        return value

    with Receiver(*answers) as receiver:
        study = luthier.create_study("s", seed=0)
        with Webhook(f"{receiver.url}/hooks/{SECRET}", **options) as hook:
            study.optimize(objective, n_trials=len(values), callbacks=[hook], catch=catch)
    assert len(study.trials) == len(values)
    return receiver, hook


def test_messages_tell_of_the_best_of_failures_and_of_the_end():
    receiver, hook = run(values=[2.0, None, 3.0, 1.0], headers={"Authorization": "Bearer abc"})
    assert [m["event"] for m in receiver.messages] == ["best", "failed", "best", "finished"]
    assert [m.get("trial") for m in receiver.messages] == [0, 1, 3, 3]
    first, failure, _, last = receiver.messages
    assert first["text"] == "s: trial 0 is the best so far: 2 (kernel='rbf')"
    assert (first["values"], first["params"]) == ({"value": 2.0}, {"kernel": "rbf"})
    assert failure["text"] == "s: trial 1 failed: ValueError: see https://***@host/x"
    assert last["text"] == (
        "s: finished: 4 trials, 3 complete, 1 failed; the best is trial 3: 1 (kernel='rbf')"
    )
    assert {path for path, _, _ in receiver.requests} == {f"/hooks/{SECRET}"}
    assert {headers["Authorization"] for _, headers, _ in receiver.requests} == {"Bearer abc"}
    assert hook.n_failed == 0


def test_failures_are_told_ever_less_often():
    receiver, _ = run(values=[None] * 9, events=["failed"])
    assert [m["trial"] for m in receiver.messages] == [0, 1, 3, 7]
    assert "(8 failures in this run)" in receiver.messages[-1]["text"]


def test_a_study_that_ends_by_an_error_says_so():
    with (
        Receiver() as receiver,
        pytest.raises(ZeroDivisionError),
        Webhook(receiver.url, "finished") as hook,
    ):
        luthier.create_study("s").optimize(lambda t: 1 / 0, n_trials=3, callbacks=[hook])
    (message,) = receiver.messages
    assert (
        message["text"] == "s: it ended by ZeroDivisionError: division by zero: 1 trial, 1 failed"
    )


def test_another_shape():
    receiver, _ = run(events=["finished"], shape=lambda m: {"content": m["text"], "n": math.inf})
    assert receiver.messages == [
        {
            "content": "s: finished: 3 trials, 3 complete; the best is trial 2: 1 (kernel='rbf')",
            "n": "inf",
        }
    ]


def test_a_busy_host_is_tried_again_and_one_that_refuses_is_not(caplog):
    receiver, hook = run(503, 429, 200, 403, events=["best", "finished"])
    told = [m["event"] for m in receiver.messages]
    assert told == ["best", "best", "best", "best", "finished"]
    assert hook.n_failed == 1
    assert f"{receiver.host} answers with status 403" in caplog.text
    assert SECRET not in caplog.text


def test_another_host_gets_nothing(caplog):
    with Receiver() as other:
        receiver, hook = run(f"{other.url}/else", events=["finished"])
    assert other.requests == []
    assert len(receiver.requests) == hook.n_failed == 1
    assert "answers with status 307" in caplog.text


def test_a_host_that_hangs_holds_up_no_trial(caplog):
    with Receiver() as receiver:
        receiver.may_answer.clear()
        study = luthier.create_study(seed=0)
        hook = Webhook(f"{receiver.url}/{SECRET}", wait_s=0.05)
        study.optimize(lambda t: -t.number, n_trials=20, callbacks=[hook])
        assert receiver.requests == []
        hook.close()
    assert "messages were not sent in 0.05 s" in caplog.text
    assert SECRET not in caplog.text


def test_a_host_that_is_away_fails_no_study(caplog):
    with Receiver() as receiver:
        pass
    with Webhook(f"{receiver.url}/{SECRET}", within_s=0.1, wait_s=0.2) as hook:
        luthier.create_study().optimize(lambda t: 1.0, n_trials=2, callbacks=[hook])
    assert f"{receiver.host} does not answer: ConnectionRefusedError" in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in repr(hook)


def test_a_url_that_holds_a_password_is_refused():
    with pytest.raises(ValueError, match="give it in headers="):
        Webhook(f"https://me:{SECRET}@host/x")


def test_unknown_events_are_refused():
    with pytest.raises(ValueError, match="got 'finishd'; did you mean 'finished'"):
        Webhook("http://host", ["finishd"])


def test_the_script_of_the_page_runs(monkeypatch, tmp_path):
    page = Path(__file__).parents[2] / "docs" / "integrations" / "webhook.md"
    monkeypatch.chdir(tmp_path)
    with Receiver() as receiver:
        monkeypatch.setenv("HOOK_URL", receiver.url)
        script = re.search(r"```py\n(.*?)```", page.read_text(), re.DOTALL)[1]
        exec(script.replace("n_trials=50", "n_trials=5"), {})
    assert [m["event"] for m in receiver.messages][-1] == "finished"
