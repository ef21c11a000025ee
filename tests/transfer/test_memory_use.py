"""What is said of the share that earlier tasks have in a study."""

import re

import numpy as np
from tests.transfer.cases import SPACE, bowl, make

import luthier
from luthier.history.history import History
from luthier.transfer.memory_use import describe_use, summarise_use


def search(n, sign=1.0, memory=True):
    study = luthier.create_study(space=SPACE, memory=[make(25)] if memory else None, seed=0)
    for _ in range(n):
        trial = study.ask()
        study.tell(trial, sign * float(bowl(np.nan_to_num(SPACE.encode(trial.params)))[0]))
    uses = {row.number: row.tags.get("from_memory", "") for row in study.trials}
    return summarise_use(study.history, uses)


def test_a_summary_counts_the_portfolio_and_gives_the_last_weight():
    assert search(1) == "1 trial of their portfolio"
    assert re.fullmatch(r"4 trials of their portfolio, weight [01]\.\d\d in trial 7", search(8))


def test_a_summary_says_that_memory_was_dropped_and_why():
    assert "dropped for the first trials after trial 3, as memory ranked them" in search(6, -1.0)


def test_without_memory_or_trials_there_is_nothing_to_say():
    assert search(0) == search(3, memory=False) == ""


def test_a_weight_is_followed_by_the_three_tasks_with_most_influence():
    tasks = [("a", 2.0), ("b", -1.0), ("c", 1.0), ("d", 0.0)]
    said = describe_use(SPACE, History(SPACE, ["minimize"]), np.zeros((1, 3)), 0.831, tasks)
    assert said == "w=0.83: a +67 %, b -17 %, c +17 %"
