"""Cores and GPUs: what this machine offers, and how workers share them."""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Mapping

import msgspec

from ..errors import ResourceError


class Slot(msgspec.Struct, frozen=True):
    """What one worker may use: core numbers (empty for any) and GPU names (None for any)."""

    cpus: tuple[int, ...] = ()
    gpus: tuple[str, ...] | None = None


def cores() -> list[int]:
    """The cores this process may use."""
    return (
        sorted(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else list(range(os.cpu_count() or 1))
    )


def gpus() -> list[str]:
    """The GPUs this process may use: CUDA_VISIBLE_DEVICES, or what the driver lists."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [g.strip() for g in named.split(",") if g.strip() not in ("", "-1")]
    try:
        listed = subprocess.run(
            ["nvidia-smi", "-L"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [str(i) for i, _ in enumerate(listed.strip().splitlines())]


def _needs(resources: Mapping[str, float]) -> tuple[int, float]:
    """Cores and GPUs of one worker, checked."""
    if unknown := set(resources) - {"cpu", "gpu"}:
        raise ResourceError(f"resources are 'cpu' and 'gpu', got {sorted(unknown)}")
    for name, need in resources.items():
        if (
            isinstance(need, bool)
            or not isinstance(need, int | float)
            or not math.isfinite(need)
            or need < 0
        ):
            raise ResourceError(f"{name!r} is a number >= 0, got {need!r}")
    n_cpus, share = resources.get("cpu", 0), resources.get("gpu", 0)
    if n_cpus != int(n_cpus):
        raise ResourceError(f"'cpu' is a whole number of cores, got {n_cpus!r}")
    if share > 1 and share != int(share):
        raise ResourceError(f"'gpu' is a fraction of one GPU, or a whole number, got {share!r}")
    return int(n_cpus), share


def _on_one(share: float) -> int:
    """How many workers share one GPU."""
    return math.floor(1 / share + 1e-9)


def slots(
    n_workers: int, resources: Mapping[str, float], cpus: list[int], gpus: list[str]
) -> list[Slot]:
    """Shares cores and GPUs out among workers.

    Args:
        n_workers: How many.
        resources: What each needs: "cpu" (a whole number), "gpu" (a whole number, or a fraction of
            one).
        cpus: The cores there are.
        gpus: The GPUs there are.

    Raises:
        ResourceError: There are too few, or the need makes no sense.
    """
    n_cpus, share = _needs(resources)
    a_gpu = _on_one(share) if 0 < share <= 1 else 1
    need_gpus = math.ceil(n_workers / a_gpu) if 0 < share <= 1 else int(share) * n_workers
    for what, need, have in (("cores", n_cpus * n_workers, cpus), ("GPUs", need_gpus, gpus)):
        if need > len(have):
            raise ResourceError(
                f"{n_workers} workers with {dict(resources)} each need {need} {what}, this machine "
                f"offers {len(have)}; "
                "lower n_jobs or the resources"
            )
    out = []
    for i in range(n_workers):
        mine = tuple(cpus[i * n_cpus : (i + 1) * n_cpus])
        if not share:
            out.append(Slot(mine, () if "gpu" in resources else None))
        else:
            first, many = (i // a_gpu, 1) if share <= 1 else (i * int(share), int(share))
            out.append(Slot(mine, tuple(gpus[first : first + many])))
    return out


def capacity(resources: Mapping[str, float] | None) -> int:
    """How many workers with these resources fit on this machine; at least one.

    Raises:
        ResourceError: The need makes no sense.
    """
    n_cpus, share = _needs(resources or {})
    n = len(cores()) // (n_cpus or 1)
    if share:
        on_gpus = _on_one(share) * len(gpus()) if share <= 1 else len(gpus()) // int(share)
        n = min(n, on_gpus) if n_cpus else on_gpus
    return max(n, 1)
