"""A cluster of one machine: sbatch, squeue, scancel and scontrol that really run jobs.

Programs of these names call this file by their name. The folder SLURM_FAKE holds the state: one
file a job, with the process group of what runs. `fail` kills a job as the failure of its node does.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

NAMES = ("sbatch", "squeue", "scancel", "scontrol", "fail")


def install(folder):
    """Makes the programs, and returns the environment in which they are found."""
    programs, state = folder / "bin", folder / "state"
    programs.mkdir()
    state.mkdir()
    for name in NAMES:
        (programs / name).write_text(
            f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" {name} "$@"\n'
        )
        (programs / name).chmod(0o755)
    places = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    return {"PATH": os.pathsep.join(places), "SLURM_FAKE": str(state)}


def state():
    return Path(os.environ["SLURM_FAKE"])


def read_options(script):
    found = re.findall(r"^#SBATCH --([a-z-]+)(?:=(.*))?$", script, re.MULTILINE)
    return dict(found)


def sbatch(*args):
    files = [arg for arg in args if not arg.startswith("--")]
    script = Path(files[0]).read_text() if files else sys.stdin.read()
    if not script.startswith("#!"):
        sys.exit("sbatch: error: This does not look like a batch script.")
    number = 1
    while True:
        try:
            (state() / f"{number}.script").open("x").write(script)
            break
        except FileExistsError:
            number += 1
    first, _, last = read_options(script).get("array", "").partition("-")
    tasks = range(int(first), int(last or first) + 1) if first else [None]
    for task in tasks:
        name = str(number) if task is None else f"{number}_{task}"
        (state() / f"{name}.job").write_text("")
        subprocess.Popen(
            [sys.executable, __file__, "run", name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    answer = str(number) if "--parsable" in args else f"Submitted batch job {number}"
    sys.stdout.write(answer + "\n")


def run(name):
    """Runs a job, again as long as it was put back into the queue."""
    number, _, task = name.partition("_")
    script = state() / f"{number}.script"
    options = read_options(script.read_text())
    again = state() / f"{name}.again"
    n_restarts = 0
    while True:
        again.unlink(missing_ok=True)
        env = os.environ | {"SLURM_JOB_ID": number, "SLURM_RESTART_COUNT": str(n_restarts)}
        if task:
            env |= {"SLURM_ARRAY_JOB_ID": number, "SLURM_ARRAY_TASK_ID": task}
        log = options.get("output", "slurm-%j.out")
        for sign, text in {"%A": number, "%a": task, "%j": number}.items():
            log = log.replace(sign, text)
        with open(log, "a") as out:
            process = subprocess.Popen(
                ["sh", script], env=env, stdout=out, stderr=out, start_new_session=True
            )
        (state() / f"{name}.job").write_text(str(process.pid))
        process.wait()
        if not again.exists():
            break
        n_restarts += 1
    with open(state() / "ended", "a") as ended:
        ended.write(f"{name} {process.returncode} {n_restarts}\n")
    (state() / f"{name}.job").unlink()


def send(name, signum):
    pid = (state() / f"{name}.job").read_text()
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(pid), signum)


def squeue(*args):
    for file in sorted(state().glob("*.job")):
        sys.stdout.write(f"{file.stem}\n")


def scancel(*names):
    for name in names:
        if not (state() / f"{name}.job").exists():
            sys.exit(f"scancel: error: Invalid job id {name}")
        send(name, signal.SIGTERM)


def scontrol(verb, name):
    assert verb == "requeue"
    (state() / f"{name}.again").touch()
    send(name, signal.SIGTERM)


def fail(name):
    options = read_options((state() / f"{name.partition('_')[0]}.script").read_text())
    if "requeue" in options:
        (state() / f"{name}.again").touch()
    send(name, signal.SIGKILL)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
