"""Where the programs of the servers come from that other tests start."""

import os
import subprocess
import sys

import pytest
from tests.support import servers


@pytest.mark.parametrize("name", ["initdb", "postgres", "valkey-server"])
def test_wheels_bring_the_programs(name, monkeypatch):
    monkeypatch.setenv("PATH", "")
    found = servers.find(name)
    assert found.is_relative_to(sys.prefix) or found.is_relative_to(os.environ[servers.RUN])
    assert subprocess.run([found, "--version"], stdout=subprocess.PIPE, check=True).stdout


def test_programs_of_the_machine_serve_where_there_is_no_wheel(tmp_path, monkeypatch):
    monkeypatch.setattr(servers, "_WHEELS", {"no_such_package": ("bin", [])})
    monkeypatch.setattr(servers, "_FOLDERS", [])
    monkeypatch.setenv("PATH", str(tmp_path))
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert servers.find("valkey-server", "redis-server") == program
    with pytest.raises(FileNotFoundError, match="no mariadbd or mysqld"):
        servers.program("mariadbd", "mysqld")


@pytest.mark.skipif(os.getuid() != 0, reason="an ordinary user runs the programs where they are")
def test_programs_in_a_closed_folder_are_copied(tmp_path, monkeypatch):
    package = tmp_path / "closed" / "package"
    (package / "bin").mkdir(parents=True)
    (package / "bin" / "server").write_text("#!/bin/sh\n")
    (package / "bin" / "server").chmod(0o755)
    package.parent.chmod(0o700)
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setattr(servers, "_WHEELS", {"package": ("package/bin", ["package"])})
    found = servers.find("server")
    assert found.is_relative_to(os.environ[servers.RUN])
    assert os.access(found, os.X_OK)
