# make demo, production-demo, test, test-all, check, docs, bench, soak: each sets up what it needs in
# .venv first.
PYTHON ?= python3.11
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -n 3
# Which tests `make test-all` runs, as pytest -m takes it; nothing means all of them.
MARKS ?=
# Compiled files are kept: the tests start many processes.
unexport PYTHONDONTWRITEBYTECODE

# Installs luthier with some of its extras. pip compiles files one by one; here all cores do it.
define install
$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -e ".[$(1)]"
$(BIN)/python -m compileall -qq -j 0 -x /tests/ .venv/lib || true # some templates are no Python
endef

.PHONY: demo production-demo test test-all check lint typing mypy basedpyright wheel docs coverage bench soak servers clean

demo: .venv/demo
	$(BIN)/luthier demo

# A model's life in production, told by build/production/production.html.
production-demo: .venv/demo
	rm -rf build/production
	$(BIN)/python examples/production/demo.py build/production

# All but the slow tests. Needs Python and make, no root and no packages of the system.
test: .venv/test
	$(PYTEST) -m "not slow"

# All tests but those of types, which `make check` runs; with the large packages and, where this user
# may install them, MariaDB and Chromium.
test-all: .venv/dev-all servers
	$(PYTEST) -m "$(MARKS)" --ignore=tests/typing

# Two at a time, each of which uses one core, once what they need is installed.
check: .venv/dev .venv/docs
	$(MAKE) --no-print-directory -j 2 docs typing lint

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The source and a user's file, and the user's file beside the installed wheel.
typing: mypy basedpyright wheel

mypy basedpyright: .venv/dev
	$(BIN)/$@

wheel: .venv/dev
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
	$(call install,sklearn)
	touch $@

.venv/test: .venv/bin/python pyproject.toml
	$(call install,test)
	touch $@ .venv/demo

.venv/dev: .venv/bin/python pyproject.toml
	$(call install,dev)
	touch $@ .venv/test .venv/demo

.venv/dev-all: .venv/bin/python pyproject.toml
	$(call install,dev-all)
	touch $@ .venv/dev .venv/test .venv/demo

.venv/docs: .venv/bin/python pyproject.toml
	$(call install,docs)
	touch $@

.venv/bench: .venv/dev-all
	$(call install,bench)
	touch $@

clean:
	rm -rf .venv
