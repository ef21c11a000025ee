"""The command line of this benchmark."""

from __future__ import annotations

import argparse
import json
from typing import Any

from benchmarks import scaling
from benchmarks.common.results import describe_run, latest_results, save_results
from benchmarks.common.tables import rounded
from benchmarks.scaling.scenarios import simulate_all
from benchmarks.scaling.tables import tables


def main() -> None:
    """Measure, simulate, print the tables and save the figures, as far as that was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scaling",
        description=scaling.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--measure", action="store_true", help="measure the costs first")
    parser.add_argument("--tables", action="store_true", help="only print what was saved")
    parser.add_argument(
        "--save", action="store_true", help="write the figures to benchmarks/results"
    )
    args = parser.parse_args()

    file = latest_results("scaling")
    results: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file else {}
    if args.tables and not results:
        parser.error("--tables: no results were saved; run with --measure --save first")
    if args.measure or not results:
        from benchmarks.scaling.measurement import measure

        results = {**describe_run("numpy"), "constants": rounded(measure())}
    if not args.tables:
        results["simulated"] = rounded(simulate_all(results["constants"]))
        if args.save:
            print(save_results("scaling", results, "simulated", results["simulated"]))

    for name, text in tables(results).items():
        print(f"\n{name}\n\n{text}")


if __name__ == "__main__":
    main()
