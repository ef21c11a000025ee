"""make soak: studies under random faults, until N of them have been survived.

Usage: python -m tests.support.soak [RUNS] [SEED]
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.support import servers

os.environ.setdefault(servers.RUN, tempfile.mkdtemp(prefix="luthier-soak-"))

from tests.support import faults


def main() -> None:
    n_runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    total = Counter()
    by_kind = Counter()
    began = time.monotonic()
    try:
        for i in range(n_runs):
            rng = random.Random(f"{seed} {i}")
            kind = rng.choice(sorted(faults.KINDS))
            known = [fault for fault, kinds in faults.FAULTS.values() if kind in kinds]
            chosen = rng.choices(known, k=rng.randint(1, 3))
            jump_s = rng.choice([0.0, 0.0, 0.0, 3_600.0]) if kind != "sqlite" else 0.0
            label = (
                f"{i:4d} {kind:10s} "
                f"{', '.join(f.__name__ for f in chosen)}{' clock' if jump_s else ''}"
            )
            sys.stdout.write(f"{label}: ")
            sys.stdout.flush()
            began_s = time.monotonic()
            folder = Path(os.environ[servers.RUN]) / f"run-{i}"
            counts = faults.survive(kind, chosen, folder, seed * 1_000_003 + i, 24, 3, jump_s)
            total.update(counts)
            by_kind[kind] += 1
            said = ", ".join(f"{v} {k}" for k, v in counts.items())
            sys.stdout.write(f"{time.monotonic() - began_s:.1f} s, {said}\n")
            sys.stdout.flush()
        runs = ", ".join(f"{n} {kind}" for kind, n in by_kind.items())
        sys.stdout.write(f"\n{n_runs} runs survived in {time.monotonic() - began:.0f} s ({runs})\n")
        sys.stdout.write(", ".join(f"{v} {k}" for k, v in total.items()) + "\n")
    finally:
        servers.end_all(Path(os.environ[servers.RUN]))


if __name__ == "__main__":
    main()
