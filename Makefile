# make demo, make test, make check, make bench, make soak: each sets up what it needs in .venv first.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo test check bench soak servers clean

demo: .venv/demo
	$(BIN)/luthier demo

test: .venv/dev servers
	$(BIN)/python -m pytest -n 3

check: .venv/dev servers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 3

bench: .venv/bench servers
	$(BIN)/python -m benchmarks.speed

soak: .venv/dev servers
	$(BIN)/python tests/soak.py

servers:
	scripts/install_servers.sh

.venv/bin/python:
	$(PYTHON) -m venv .venv || python3 -m venv .venv

.venv/demo: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[sklearn]"
	touch $@

.venv/dev: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@ .venv/demo

.venv/bench: .venv/dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,bench]"
	touch $@

clean:
	rm -rf .venv
