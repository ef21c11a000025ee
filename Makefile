# make demo, test, test-all, check, docs, bench, soak: each sets up what it needs in .venv first.
PYTHON ?= python3.11
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest -n 3
# Which tests `make test-all` runs, as pytest -m takes it; nothing means all of them.
MARKS ?=
# Compiled files are kept: the tests start many processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all check lint typing docs coverage bench soak servers clean

demo: .venv/demo
	$(BIN)/luthier demo

# All but the slow tests. Needs Python and make, no root and no packages of the system.
test: .venv/test
	$(PYTEST) -m "not slow"

# All tests, with the large packages and, where this user may install them, MariaDB and Chromium.
test-all: .venv/dev-all servers
	$(PYTEST) -m "$(MARKS)"

check: lint typing docs

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The source and a user's file, then the user's file beside the installed wheel.
typing: .venv/dev
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/python -m pytest tests/typing

# The site, in build/docs; a warning is an error, and nothing is loaded from the network.
docs: .venv/docs
	$(BIN)/python -m sphinx -q -E -W --keep-going -n docs build/docs
	@echo "open build/docs/index.html"

# All tests, with the lines and branches of the source that they reach; fails below `fail_under` of
# pyproject.toml.
coverage: export COVERAGE_FILE = $(CURDIR)/.coverage/data
coverage: .venv/dev-all servers
	rm -rf .coverage
	$(BIN)/python -m coverage run -m pytest -n 3 -m "$(MARKS)"
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

bench: .venv/bench
	$(BIN)/python -m benchmarks.speed

soak: .venv/test
	$(BIN)/python -m tests.support.soak

servers:
	scripts/install_servers.sh
	scripts/install_browser.sh

.venv/bin/python:
	$(PYTHON) -m venv .venv || python3 -m venv .venv

.venv/demo: .venv/bin/python pyproject.toml
	$(PIP) -e ".[sklearn]"
	touch $@

.venv/test: .venv/bin/python pyproject.toml
	$(PIP) -e ".[test]"
	touch $@ .venv/demo

.venv/dev: .venv/bin/python pyproject.toml
	$(PIP) -e ".[dev]"
	touch $@ .venv/test .venv/demo

.venv/dev-all: .venv/bin/python pyproject.toml
	$(PIP) -e ".[dev-all]"
	touch $@ .venv/dev .venv/test .venv/demo

.venv/docs: .venv/bin/python pyproject.toml
	$(PIP) -e ".[docs]"
	touch $@

.venv/bench: .venv/bin/python pyproject.toml
	$(PIP) -e ".[dev-all,bench]"
	touch $@ .venv/dev-all .venv/dev .venv/test .venv/demo

clean:
	rm -rf .venv
