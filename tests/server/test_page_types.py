"""The types that the scripts of the page state."""

import subprocess
from importlib import resources

import pytest

OPTIONS = (
    "--noEmit --checkJs --allowJs --strict --noImplicitAny false --target es2023 --module es2022"
)


@pytest.mark.slow
@pytest.mark.external("tsc")
def test_the_stated_types_hold():
    folder = resources.files("luthier.server") / "page" / "js"
    scripts = [folder / "app.js", folder / "stream.js", *sorted((folder / "views").iterdir())]
    done = subprocess.run(
        ["tsc", *OPTIONS.split(), *map(str, scripts)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    assert done.returncode == 0
