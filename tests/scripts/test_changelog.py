"""scripts/changelog.py: fragments become sections of the changelog, and nothing is lost."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("changelog", ROOT / "scripts" / "changelog.py")
changelog = importlib.util.module_from_spec(spec)
spec.loader.exec_module(changelog)

BEFORE = """# Changelog

## [Unreleased]

### Fixed

- One fault.

## [0.1.0] - 2026-01-01

### Added

- Everything.
"""
AFTER = """# Changelog

## [Unreleased]

## [0.2.0] - 2026-02-01

### Added

- A thing.
- Another thing,
  on two lines.

### Fixed

- One fault.
- Another fault.

## [0.1.0] - 2026-01-01

### Added

- Everything.
"""


@pytest.fixture
def house(tmp_path):
    """A changelog and a folder of fragments."""
    (tmp_path / "CHANGELOG.md").write_text(BEFORE)
    folder = tmp_path / "changelog.d"
    folder.mkdir()
    (folder / "README.md").write_text("How to.")
    return tmp_path / "CHANGELOG.md", folder


def test_a_release_moves_all_changes_and_deletes_the_fragments(house):
    file, folder = house
    (folder / "b.added.md").write_text("- Another thing,\n  on two lines.\n")
    (folder / "a.added.md").write_text("- A thing.\n")
    (folder / "x.y.fixed.md").write_text("\n- Another fault.\n\n")
    changelog.release(file, folder, "0.2.0", "2026-02-01")
    assert file.read_text() == AFTER
    assert [p.name for p in folder.iterdir()] == ["README.md"]


def test_the_first_release_needs_no_fragments_and_keeps_links_at_the_end(house):
    file, folder = house
    file.write_text(BEFORE.split("## [0.1.0]")[0] + "[Unreleased]: https://example.com\n")
    changelog.release(file, folder, "0.1.0", "2026-02-01")
    text = file.read_text()
    assert re.findall(r"^## .*$", text, flags=re.MULTILINE) == [
        "## [Unreleased]",
        "## [0.1.0] - 2026-02-01",
    ]
    assert text.endswith("- One fault.\n\n[Unreleased]: https://example.com\n")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("thing.md", "- A thing.", "thing.md: expected a name like one of <name>.added.md"),
        ("thing.new.md", "- A thing.", "thing.new.md: expected a name like"),
        ("thing.added.md", "A thing.", "expected an item that begins with '- ', got 'A thing.'"),
        ("thing.added.md", "", "expected an item that begins with '- ', got ''"),
    ],
)
def test_a_bad_fragment_is_named(house, name, text, message):
    file, folder = house
    (folder / name).write_text(text)
    with pytest.raises(ValueError, match=re.escape(message)):
        changelog.release(file, folder, "0.2.0", "2026-02-01")
    assert file.read_text() == BEFORE


def test_a_release_needs_a_version_and_changes(house):
    file, folder = house
    with pytest.raises(ValueError, match="expected a version such as"):
        changelog.release(file, folder, "v0.2.0", "2026-02-01")
    file.write_text("# Changelog\n\n## [Unreleased]\n")
    with pytest.raises(ValueError, match="no unreleased changes"):
        changelog.release(file, folder, "0.2.0", "2026-02-01")
    file.write_text("# Changelog\n")
    with pytest.raises(ValueError, match="expected a line"):
        changelog.release(file, folder, "0.2.0", "2026-02-01")


def test_only_what_was_released_whole_can_be_published(house):
    file, folder = house
    init = folder.parent / "__init__.py"
    init.write_text('"""A package."""\n\n__version__ = "0.2.0"\n')
    with pytest.raises(ValueError, match=re.escape("begins with '## [0.2.0] - '")):
        changelog.check_released(file, folder, init, "0.2.0")
    changelog.release(file, folder, "0.2.0", "2026-02-01")
    changelog.check_released(file, folder, init, "0.2.0")
    with pytest.raises(ValueError, match=r"expected version 0\.2\.1 in __init__.py, got 0\.2\.0"):
        changelog.check_released(file, folder, init, "0.2.1")
    (folder / "late.fixed.md").write_text("- Too late.")
    with pytest.raises(ValueError, match=r"got late\.fixed\.md"):
        changelog.check_released(file, folder, init, "0.2.0")


def test_our_own_fragments_and_changelog_can_be_released():
    fragments, _ = changelog.read_fragments(ROOT / "changelog.d")
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    _, unreleased, _ = changelog.split_changelog(text)
    merged = changelog.merge(unreleased, fragments)
    items = [part for part in (unreleased, *fragments.values()) for part in part.splitlines()]
    assert [line for line in items if line.strip() and line not in merged] == []
    headings = re.findall(r"^### (.+)$", unreleased, flags=re.MULTILINE)
    assert {h.lower() for h in headings} <= set(changelog.KINDS)
    assert len(headings) == len(set(headings))
