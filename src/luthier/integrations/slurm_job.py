"""What a job of SLURM runs: a task from a file, whose result goes into another file."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

from ..executors.pickling import to_pickle


def run_task(folder: Path, task: str) -> None:
    """Run a task, and write down what it returned or raised.

    Args:
        folder: The executor's folder.
        task: The name of the task.
    """
    try:
        with (folder / f"{task}.task").open("rb") as stored:
            sys.path[:] = pickle.load(stored)
            fn, args, kwargs = pickle.load(stored)
        result = False, fn(*args, **kwargs)
    except Exception as e:
        result = True, e
    try:
        content = to_pickle(result)
    except Exception as e:
        text = f"what the task returned or raised cannot be pickled: {type(e).__name__}: {e}"
        content = to_pickle((True, TypeError(text)))
    file = folder / f"{task}.part"
    file.write_bytes(content)
    os.replace(file, folder / f"{task}.result")


if __name__ == "__main__":
    run_task(Path(sys.argv[1]), sys.argv[2])
