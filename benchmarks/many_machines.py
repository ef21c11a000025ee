"""The cost of a server: luthier beside Optuna on the same PostgreSQL, MariaDB and Redis.

    python -m benchmarks.many_machines                            # everything, some minutes
    python -m benchmarks.many_machines --only postgresql --save

The objective costs nothing. The servers are those of the tests, started in a temporary folder with
their default settings: every commit is on disk before it is acknowledged, Redis has
appendfsync=always. Both libraries run against the same server process, one after the other.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import luthier
from benchmarks.common.peers import import_optuna, optuna_sampler
from benchmarks.common.results import describe_run, save_results
from benchmarks.common.servers import server_folder, start_servers
from benchmarks.common.tables import Comparison, comparison_head
from benchmarks.common.workers import rate, run_together
from luthier.trial import State, TrialRow

N_JOIN = 100_000  # trials of a study that is joined
N_WARM_UP = 2  # trials of each worker before the clock starts: imports and connections
PARAMS = [f"x{i}" for i in range(5)]

Prepare = Callable[[str, int], Callable[[], object]]


def objective(trial: Any) -> float:
    """Five numbers, at no cost."""
    return float(sum((trial.suggest_float(name, 0, 1) - 0.3) ** 2 for name in PARAMS))


# -- both libraries ------------------------------------------------------------------------------


def prepare_luthier(url: str, n: int) -> Callable[[], object]:
    """The work of one process: n trials of luthier's study."""

    def work(n: int) -> None:
        study = luthier.load_study("s", url, sampler="random")
        study.optimize(objective, n_trials=n, progress=False)

    work(N_WARM_UP)
    return lambda: work(n)


def prepare_optuna(url: str, n: int) -> Callable[[], object]:
    """The work of one process: n trials of Optuna's study."""

    def work(n: int) -> None:
        study = import_optuna().load_study(
            study_name="s", storage=optuna_storage(url), sampler=optuna_sampler("random")
        )
        study.optimize(objective, n_trials=n)

    work(N_WARM_UP)
    return lambda: work(n)


def optuna_storage(url: str) -> Any:
    """Optuna's storage for one of our URLs."""
    optuna = import_optuna()
    if url.startswith("redis"):
        from optuna.storages.journal import JournalRedisBackend

        return optuna.storages.JournalStorage(JournalRedisBackend(url))
    scheme, rest = url.split("://")
    driver = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}[scheme]
    return optuna.storages.RDBStorage(f"{driver}://{rest}")


def complete_luthier(url: str) -> list[int]:
    """The numbers of luthier's trials that are complete."""
    trials = luthier.load_study("s", url).trials
    return [t.number for t in trials if t.state == State.COMPLETE]


def complete_optuna(url: str) -> list[int]:
    """The numbers of Optuna's trials that are complete."""
    study = import_optuna().load_study(study_name="s", storage=optuna_storage(url))
    return [t.number for t in study.trials if t.state.name == "COMPLETE"]


def luthier_rate(url: str, n_trials: int, n_workers: int) -> float:
    """Trials a second of luthier."""
    luthier.create_study("s", url).storage.close()
    return measure_rate(prepare_luthier, complete_luthier, url, n_trials, n_workers)


def optuna_rate(url: str, n_trials: int, n_workers: int) -> float:
    """Trials a second of Optuna."""
    import_optuna().create_study(study_name="s", storage=optuna_storage(url))
    return measure_rate(prepare_optuna, complete_optuna, url, n_trials, n_workers)


def measure_rate(
    prepare: Prepare,
    complete: Callable[[str], list[int]],
    url: str,
    n_trials: int,
    n_workers: int,
) -> float:
    """Trials a second, from the first worker's beginning to the last one's end.

    Raises:
        RuntimeError: A trial was lost, or has a number twice.
    """
    n_each = n_trials // n_workers
    spans = run_together(n_workers, prepare, url, n_each)
    counts = Counter(complete(url))
    expected = n_workers * (n_each + N_WARM_UP)
    if len(counts) != expected or max(counts.values()) > 1:
        raise RuntimeError(f"expected {expected} trials, once each, got {sum(counts.values())}")
    return rate(n_trials, spans)


# -- joining -------------------------------------------------------------------------------------

_JOIN = """
import resource, sys, time
import luthier
study_name, url = sys.argv[1:]
begin_s = time.perf_counter()
study = luthier.load_study(study_name, url)
trial = study.ask()
joined_s = time.perf_counter() - begin_s
study.tell(trial, 1.0)
print(joined_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def join(url: str) -> dict[str, Any]:
    """Seconds and megabytes of joining a study of 100,000 trials and asking for the next one."""
    space = {name: luthier.Float(0, 1) for name in PARAMS}
    study = luthier.create_study("large", url, space=space)
    rows = [
        TrialRow(
            number=-1,
            state=State.COMPLETE,
            params={name: (i * (k + 3) % 1009) / 1009 for k, name in enumerate(PARAMS)},
            values=((i * 7919 % 100_003) / 100_003,),
            started_s=float(i),
            finished_s=float(i + 1),
            worker="host:1:abc",
        )
        for i in range(10_000)
    ]
    for _ in range(N_JOIN // len(rows)):
        study.add_trials(rows)
    study.storage.close()

    argv = [sys.executable, "-c", _JOIN, "large", url]
    out = subprocess.run(argv, capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, out.stdout.split())
    return {"seconds": seconds, "megabytes": megabytes, "at most": [5.0, 300.0]}


# -- rows ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """Trials with the sampler Random on a server.

    Attributes:
        server: Which one.
        n_trials: Of all workers together.
        n_workers: Processes.
        at_least: How many times quicker luthier must be, or None.
    """

    server: str
    n_trials: int
    n_workers: int
    at_least: float | None = None

    @property
    def name(self) -> str:
        """The label of the row."""
        workers = "one worker" if self.n_workers == 1 else f"{self.n_workers} workers"
        return f"{self.server}, random, {self.n_trials:,} trials, {workers}"


ROWS = [
    Row("postgresql", 500, 1, 8),
    Row("postgresql", 2_000, 8, 20),
    Row("mysql", 500, 1),
    Row("mysql", 2_000, 8),
    Row("redis", 500, 1, 5),
    Row("redis", 2_000, 8),
]


def measure_server(kind: str, server: Any, only: str) -> dict[str, Any]:
    """Print and return the rows of one server whose name contains `only`."""
    figures: dict[str, Any] = {}
    for row in ROWS:
        if row.server == kind and only in row.name:
            mine = luthier_rate(server.fresh(), row.n_trials, row.n_workers)
            peer = optuna_rate(server.fresh(), row.n_trials, row.n_workers)
            comparison = Comparison(
                row.name, mine, peer, "trials/s", row.at_least, more_is_better=True
            )
            figures[row.name] = comparison.as_dict()
            print(comparison, flush=True)
    return figures | measure_join(kind, server.fresh, only)


def measure_join(kind: str, fresh: Callable[[], str], only: str) -> dict[str, Any]:
    """Print and return the row of joining, if its name contains `only`."""
    name = f"{kind}, joining a study of {N_JOIN:,} trials"
    if only not in name:
        return {}
    figures = join(fresh())
    print(f"{name:48s} {figures['seconds']:.2f} s, {figures['megabytes']:.0f} MB", flush=True)
    return {name: figures}


def main() -> None:
    """Measure the rows that were asked for, print them and save them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument(
        "--save", action="store_true", help="write the figures to benchmarks/results"
    )
    args = parser.parse_args()

    head = describe_run("optuna", "numpy")
    figures: dict[str, Any] = {}
    print(comparison_head())
    with server_folder() as folder:
        for kind, server in start_servers():
            figures |= measure_server(kind, server, args.only)
        figures |= measure_join("sqlite", lambda: f"sqlite:///{folder}/join.db", args.only)
    if args.save:
        print(save_results("many-machines", head, "figures", figures))


if __name__ == "__main__":
    main()
