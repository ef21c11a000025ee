"""Results files: one JSON file for each benchmark and day, with the circumstances of the run."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import psutil

import luthier

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"


def describe_run(*packages: str, **settings: Any) -> dict[str, Any]:
    """Return the head of a results file.

    Args:
        packages: Distributions whose versions matter, beside luthier's; None stands for one that is
            missing.
        settings: What the benchmark was called with.

    Returns:
        `date`, `commit`, `machine`, `python`, `versions` and `settings`.
    """
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "machine": machine(),
        "python": platform.python_version(),
        "versions": {"luthier": luthier.__version__, **{name: _version(name) for name in packages}},
        "settings": settings,
    }


def commit() -> str | None:
    """The commit that is measured, with "+" where files differ from it; None outside a clone."""
    try:
        revision = _git("rev-parse", "--short=10", "HEAD")
        changes = _git("status", "--porcelain", "--untracked-files=no", "--", "src")
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{revision}+" if changes else revision


def machine() -> dict[str, Any]:
    """The hardware, and the load average of the last minute: other work makes figures worse."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "load": round(psutil.getloadavg()[0], 2),
    }


def latest_results(name: str) -> Path | None:
    """The newest results file of a benchmark, or None."""
    return max(RESULTS.glob(f"{name}-[0-9]*.json"), default=None)


def save_results(name: str, head: dict[str, Any], part: str, rows: dict[str, Any]) -> Path:
    """Write rows to today's results file of a benchmark.

    What was measured earlier the same day stays, if it comes from the same commit, machine,
    versions and settings; figures of different runs are never mixed.

    Args:
        name: The benchmark.
        head: What `describe_run` returned.
        part: The key under which the rows stand.
        rows: Figures by name.

    Returns:
        The file.
    """
    file = RESULTS / f"{name}-{head['date']}.json"
    file.parent.mkdir(exist_ok=True)
    before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    kept = before if _comparable(before) == _comparable(head) else {}
    found = {**kept, **head, part: {**kept.get(part, {}), **rows}}
    file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return file


def _comparable(head: dict[str, Any]) -> dict[str, Any]:
    """A head without the load, which changes from minute to minute."""
    kept = {key: head.get(key) for key in ("date", "commit", "python", "versions", "settings")}
    return kept | {"machine": {**(head.get("machine") or {}), "load": None}}


def _git(*args: str) -> str:
    done = subprocess.run(["git", *args], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    """The model of the processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
