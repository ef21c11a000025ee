"""Draws docs/_static/demo.svg: runs `luthier demo` on a terminal and draws the last screen.

python scripts/draw_demo.py            # as long as the demo takes
python scripts/draw_demo.py --seconds 20
"""

from __future__ import annotations

import io
import os
import pty
import re
import sys
import tempfile
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

from rich.console import Console
from rich.text import Text

WIDTH, HEIGHT = 120, 60
_PARTS = re.compile(
    r"(\x1b\[[0-9;?]*[A-Za-z]|[\r\n])"
)  # what moves the cursor or changes the colour


def screen(output: str) -> list[str]:
    """The lines that stand on the terminal at the end; colour codes stay in them."""
    lines, row = [""], 0
    for part in filter(None, _PARTS.split(output)):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part.endswith("A") and part.startswith("\x1b"):  # up
            row -= int(part[2:-1] or 1)
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part == "\r" or part.startswith("\x1b[?"):
            continue
        else:
            lines[row] += part
    return lines


def record(argv: list[str]) -> str:
    """What a program writes on a terminal."""
    pid, terminal = pty.fork()
    if not pid:
        os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        os.execvp(argv[0], argv)
    ioctl(terminal, TIOCSWINSZ, pack("HHHH", HEIGHT, WIDTH, 0, 0))
    told = b""
    while True:
        try:
            got = os.read(terminal, 65536)
        except OSError:  # the program has ended
            break
        if not got:
            break
        told += got
    _, status = os.waitpid(pid, 0)
    if status:
        sys.exit(f"{argv} ended with {os.waitstatus_to_exitcode(status)}:\n{told.decode()}")
    return told.decode().replace("\r\n", "\n")


def main() -> None:
    """Runs the demo and writes the picture beside this file."""
    argv = ["luthier", "demo", *sys.argv[1:]]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    picture = Path(__file__).resolve().parents[1] / "docs" / "_static" / "demo.svg"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        lines = screen(record(argv))
        os.chdir(picture.parent)
    while lines and not lines[-1].strip():
        lines.pop()
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text(f"$ {' '.join(argv)}", "bold"))
    for line in lines:
        console.print(Text.from_ansi(line), soft_wrap=True)
    svg = console.export_svg(title="luthier demo", unique_id="demo")
    picture.write_text(
        re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    )  # fonts would come over the network


if __name__ == "__main__":
    main()
