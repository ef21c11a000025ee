"""Cores and GPUs: what this machine offers, and how workers share them."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Mapping

import msgspec

from ..errors import PlatformError, ResourceError
from ..validation import is_number
from ..wording import agree, count_of


class Slot(msgspec.Struct, frozen=True):
    """Resources that one worker may use.

    Attributes:
        cpus: Numbers of cores; empty for any.
        gpus: Names of GPUs; None for any.
    """

    cpus: tuple[int, ...] = ()
    gpus: tuple[str, ...] | None = None


def cores() -> list[int]:
    """Return the numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def require_cores_can_be_bound() -> None:
    """Refuse a system that cannot bind a process to some of the cores.

    Raises:
        PlatformError: It is such a system.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise PlatformError(
            f"resources={{'cpu': ...}} binds workers to cores, which {sys.platform!r} cannot do; "
            "leave it out, and choose n_jobs so that the cores suffice"
        )


def gpus() -> list[str]:
    """Return the GPUs that this process may use: CUDA_VISIBLE_DEVICES, or all of the driver's."""
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


def check_amount(name: str, amount: float) -> None:
    """Refuse an amount of a resource that is no finite number >= 0.

    Raises:
        ResourceError: It is not.
    """
    if not is_number(amount) or not 0 <= amount < math.inf:
        raise ResourceError(f"{name!r} is a number >= 0, got {amount!r}")


def workers_per_gpu(share: float) -> int:
    """Return how many workers share one GPU, of which each needs this share of it."""
    return math.floor(1 / share + 1e-9)


def slots(
    n_workers: int, resources: Mapping[str, float], cpus: list[int], gpus: list[str]
) -> list[Slot]:
    """Return what each of several workers may use.

    Args:
        n_workers: How many workers.
        resources: What each needs: "cpu" (a whole number), "gpu" (a whole number, or a fraction of
            one).
        cpus: The cores there are.
        gpus: The GPUs there are.

    Raises:
        ResourceError: There are too few, or the need makes no sense.
    """
    n_cpus, n_gpus, per_gpu = _needs(resources)
    need_gpus = math.ceil(n_workers / per_gpu) * n_gpus
    for what, need, have in (("cores", n_cpus * n_workers, cpus), ("GPUs", need_gpus, gpus)):
        if need > len(have):
            raise ResourceError(
                f"{count_of(n_workers, 'worker')} with {dict(resources)} each "
                f"{agree(n_workers, 'needs', 'need')} {need} {what}, this machine offers "
                f"{len(have)}; lower n_jobs or the resources"
            )

    out = []
    for i in range(n_workers):
        mine = tuple(cpus[i * n_cpus : (i + 1) * n_cpus])
        if n_gpus:
            first = i // per_gpu * n_gpus
            out.append(Slot(mine, tuple(gpus[first : first + n_gpus])))
        else:
            out.append(Slot(mine, () if "gpu" in resources else None))
    return out


def capacity(resources: Mapping[str, float] | None) -> int:
    """Return how many workers with these resources fit on this machine; at least 1.

    Raises:
        ResourceError: The need makes no sense.
    """
    n_cpus, n_gpus, per_gpu = _needs(resources or {})
    n = len(cores()) // (n_cpus or 1)
    if n_gpus:
        on_gpus = len(gpus()) // n_gpus * per_gpu
        n = min(n, on_gpus) if n_cpus else on_gpus
    return max(n, 1)


def _needs(resources: Mapping[str, float]) -> tuple[int, int, int]:
    """Return what a worker needs, checked.

    Returns:
        The number of its cores, the number of its GPUs, and how many workers share those.
    """
    if unknown := set(resources) - {"cpu", "gpu"}:
        raise ResourceError(f"resources are 'cpu' and 'gpu', got {sorted(unknown)}")
    for name, amount in resources.items():
        check_amount(name, amount)

    n_cpus = resources.get("cpu", 0)
    share = resources.get("gpu", 0)
    if n_cpus != int(n_cpus):
        raise ResourceError(f"'cpu' is a whole number of cores, got {n_cpus!r}")
    if share > 1 and share != int(share):
        raise ResourceError(f"'gpu' is a fraction of one GPU, or a whole number, got {share!r}")
    if 0 < share <= 1:
        return int(n_cpus), 1, workers_per_gpu(share)
    return int(n_cpus), int(share), 1
