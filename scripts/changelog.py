"""Assembles CHANGELOG.md from the fragments in changelog.d.

python scripts/changelog.py                   # checks the fragments and prints what is unreleased
python scripts/changelog.py --release 0.2.0   # moves it under a heading, deletes the fragments
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")
UNRELEASED = "## [Unreleased]\n"

Sections = dict[str, str]  # kind: Markdown list


def read_fragments(folder: Path) -> tuple[Sections, list[Path]]:
    """Return the fragments by kind, in the order of their names, and their files.

    Raises:
        ValueError: A file is not named `<name>.<kind>.md`, or is not one or more items of a list.
    """
    sections: Sections = {}
    files = sorted(file for file in folder.glob("*.md") if file.name != "README.md")
    for file in files:
        name = re.fullmatch(r".+\.(\w+)\.md", file.name)
        kind = name[1] if name else ""
        if kind not in KINDS:
            expected = ", ".join(f"<name>.{kind}.md" for kind in KINDS)
            raise ValueError(f"{file.name}: expected a name like one of {expected}")
        text = file.read_text(encoding="utf-8").strip()
        if not text.startswith("- "):
            raise ValueError(f"{file.name}: expected an item that begins with '- ', got {text!r}")
        sections[kind] = f"{sections[kind]}\n{text}" if kind in sections else text
    return sections, files


def split_changelog(text: str) -> tuple[str, str, str]:
    """Return what stands before the heading of unreleased changes, below it, and after them.

    Raises:
        ValueError: There is no such heading.
    """
    before, mark, rest = text.partition(UNRELEASED)
    if not mark:
        raise ValueError(f"CHANGELOG.md: expected a line {UNRELEASED.strip()!r}, there is none")
    end = re.search(r"^## |^\[", rest, flags=re.MULTILINE)
    cut = end.start() if end else len(rest)
    return before, rest[:cut], rest[cut:]


def merge(unreleased: str, fragments: Sections) -> str:
    """Add fragments to the sections of the unreleased changes."""
    intro, *parts = re.split(r"^### (.+)\n", unreleased, flags=re.MULTILINE)
    found = {kind.lower(): text.strip() for kind, text in zip(parts[::2], parts[1::2], strict=True)}
    blocks = [intro.strip()] if intro.strip() else []
    for kind in KINDS:
        items = [part[kind] for part in (found, fragments) if kind in part]
        if items:
            blocks.append(f"### {kind.capitalize()}\n\n" + "\n".join(items))
    return "\n\n".join(blocks)


def release(changelog: Path, folder: Path, version: str, date: str) -> None:
    """Move all unreleased changes under the heading of a version and delete the fragments.

    Raises:
        ValueError: There is nothing to release, or the version is no version.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version):
        raise ValueError(f"expected a version such as 0.2.0 or 0.2.0rc1, got {version!r}")
    fragments, files = read_fragments(folder)
    before, unreleased, after = split_changelog(changelog.read_text(encoding="utf-8"))
    body = merge(unreleased, fragments)
    if not body:
        raise ValueError("there are no unreleased changes")
    text = f"{before}{UNRELEASED}\n## [{version}] - {date}\n\n{body}\n"
    changelog.write_text(f"{text}\n{after}" if after else text, encoding="utf-8")
    for file in files:
        file.unlink()


def check_released(changelog: Path, folder: Path, init: Path, version: str) -> None:
    """Check that a version can be published.

    Args:
        changelog: CHANGELOG.md, which must have a heading for the version.
        folder: Of fragments, none of which may be left.
        init: The file that holds `__version__`, which must be the version.
        version: As in the tag, without its v.

    Raises:
        ValueError: One of these does not hold.
    """
    found = re.search(r'^__version__ = "(.+)"$', init.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None or found[1] != version:
        raise ValueError(f"expected version {version} in {init.name}, got {found and found[1]}")
    heading = f"## [{version}] - "
    if heading not in changelog.read_text(encoding="utf-8"):
        raise ValueError(f"{changelog.name}: expected a line that begins with {heading!r}")
    if left := [file.name for file in read_fragments(folder)[1]]:
        raise ValueError(f"expected no fragments after a release, got {', '.join(left)}")


def main() -> None:
    """Check or release."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--release", metavar="VERSION", help="move the changes under this version")
    parser.add_argument("--released", metavar="VERSION", help="check that it can be published")
    parser.add_argument("--date", default=datetime.date.today().isoformat(), help="of the release")
    args = parser.parse_args()
    changelog = ROOT / "CHANGELOG.md"
    folder = ROOT / "changelog.d"
    try:
        if args.release:
            release(changelog, folder, args.release, args.date)
        elif args.released:
            init = ROOT / "src" / "luthier" / "__init__.py"
            check_released(changelog, folder, init, args.released)
        else:
            fragments, _ = read_fragments(folder)
            _, unreleased, _ = split_changelog(changelog.read_text(encoding="utf-8"))
            print(merge(unreleased, fragments))
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
