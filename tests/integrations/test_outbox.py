import threading

from luthier.integrations.outbox import Outbox


def test_work_is_done_in_order_and_the_end_waits_for_it():
    outbox, done = Outbox("here"), []
    for i in range(50):
        outbox.put(lambda i=i: done.append((i, threading.current_thread().name)))
    outbox.close()
    assert done == [(i, "here") for i in range(50)]
    outbox.put(lambda: done.append("later"))
    outbox.close()
    assert done[-1] == "later"
    outbox.close()


def test_what_may_pass_is_tried_again_and_what_may_not_is_left_out(caplog):
    tries = []

    def fail():
        tries.append("fail")
        raise ValueError("no")

    def fail_twice():
        tries.append("twice")
        if tries.count("twice") < 3:
            raise OSError("away")

    outbox = Outbox("here", lambda e: isinstance(e, OSError))
    for work in (fail, fail_twice, fail, lambda: tries.append("end")):
        outbox.put(work)
    outbox.close()
    assert tries == ["fail", "twice", "twice", "twice", "fail", "end"]
    assert outbox.n_failed == 2
    assert "here: 2 left out so far; the last: ValueError: no" in caplog.messages


def test_the_end_waits_no_longer_than_it_is_told(caplog, eventually):
    go_on, begun = threading.Event(), threading.Event()

    def hang():
        begun.set()
        go_on.wait()

    outbox = Outbox("here", wait_s=0.05)
    for _ in range(3):
        outbox.put(hang)
    assert begun.wait(60)
    outbox.close()
    assert "here: 3 messages were not sent in 0.05 s: there is no answer yet" in caplog.messages
    assert outbox.n_failed == 3
    go_on.set()
    assert eventually(lambda: outbox.n_failed == 0)  # they were sent after all


def test_the_end_says_what_failed_last(caplog, eventually):
    tries, tried = [], threading.Event()

    def fail():
        tries.append(1)
        if len(tries) == 2:  # the first failure is known by now
            tried.set()
        raise OSError("away")

    outbox = Outbox("here", lambda e: True, wait_s=0.0)
    outbox.put(fail)
    assert tried.wait(60)
    outbox.close()
    assert any("OSError: away" in message for message in caplog.messages)
    assert outbox.n_failed
    assert eventually(lambda: outbox.n_failed == 1)


def test_what_is_too_much_is_left_out(monkeypatch, caplog):
    monkeypatch.setattr("luthier.integrations.outbox._MAX_WAITING", 2)
    go_on, begun, done = threading.Event(), threading.Event(), []
    outbox = Outbox("here")
    outbox.put(lambda: (begun.set(), go_on.wait()))
    assert begun.wait(60)
    for i in range(5):
        outbox.put(lambda i=i: done.append(i))
    assert outbox.n_failed == 3
    go_on.set()
    outbox.close()
    assert done == [0, 1]
    assert "here: 2 left out so far; the last: 2 pieces of work wait already" in caplog.messages


def test_a_program_that_just_ends_has_done_its_work(script):
    out = script("""
        from luthier.integrations.outbox import Outbox
        import time

        outbox = Outbox("here")
        for i in range(3):
            outbox.put(lambda i=i: (time.sleep(0.01), print(i, flush=True)))
    """)
    assert out.split() == ["0", "1", "2"]
