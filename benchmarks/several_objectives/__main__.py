"""The command line of this benchmark."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path

from benchmarks import several_objectives
from benchmarks.several_objectives.problems import CONSTRAINED, FRONTS, MORE_FRONTS
from benchmarks.several_objectives.report import measure_times, save, show
from benchmarks.several_objectives.studies import PEERS, known_runs, run_missing


def read_arguments() -> argparse.Namespace:
    """The arguments of the command line; `log` holds paths."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.several_objectives",
        description=several_objectives.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words = functools.partial(str.split, sep=",")
    parser.add_argument(
        "--parts",
        type=words,
        default=["fronts", "constrained", "time"],
        help="fronts, constrained, time",
    )
    parser.add_argument(
        "--samplers", type=words, default=["luthier:auto"], help="luthier:NAME, with commas"
    )
    parser.add_argument("--peers", choices=["recorded", "run", "none"], default="recorded")
    parser.add_argument(
        "--peer-samplers", type=words, default=PEERS, help="tpe is Optuna's default"
    )
    parser.add_argument("--problems", type=words, help=f"also {', '.join(MORE_FRONTS)}")
    parser.add_argument(
        "--seeds",
        type=lambda text: [int(s) for s in text.split(",")],
        default=[0, 1, 2, 3, 4],
        help="with commas",
    )
    parser.add_argument(
        "--log",
        type=lambda text: [Path(file) for file in text.split(",")],
        default=[],
        help="files of runs that are not run again; new ones go to the first",
    )
    parser.add_argument(
        "--save", action="store_true", help="write all runs on record to benchmarks/results"
    )
    args = parser.parse_args()
    if missing := [str(file) for file in args.log[1:] if not file.exists()]:
        parser.error(f"--log: no such file: {', '.join(missing)}; only the first is created")
    return args


def main() -> None:
    """Run what is missing, print the tables and save the runs."""
    args = read_arguments()
    runs = known_runs(args.log)
    log = next(iter(args.log), None)
    peers = [] if args.peers == "none" else args.peer_samplers

    for part, names, more in (
        ("fronts", FRONTS, MORE_FRONTS),
        ("constrained", CONSTRAINED, []),
    ):
        chosen = [name for name in args.problems or names if name in (*names, *more)]
        if part in args.parts and chosen:
            run_missing(runs, args.samplers, chosen, args.seeds, log)
            if args.peers == "run":
                run_missing(runs, peers, chosen, args.seeds, log)
            show(runs, chosen, args.samplers, peers, args.seeds)

    times = measure_times() if "time" in args.parts else {}
    if args.save:
        print(save(runs, times))


if __name__ == "__main__":
    main()
