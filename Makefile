# Every target sets up what it needs by itself; the second time that costs nothing.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# A stamp is named after what it stands for: another pin or another Python makes a new environment.
key = $(shell { $(PYTHON) --version; cat $(1); } 2>&1 | cksum | cut -d' ' -f1)
READY := $(VENV)/ready-$(call key,requirements.txt)
READY_DEV := $(VENV)/ready-dev-$(call key,requirements.txt requirements-dev.txt)
LOWEST := $(VENV)-lowest
READY_LOWEST := $(LOWEST)/ready-$(call key,requirements.txt requirements-dev.txt requirements-lowest.txt)
DOCS := $(VENV)-docs
READY_DOCS := $(DOCS)/ready-$(call key,requirements-docs.txt)
READY_SERVERS := $(VENV)/ready-servers-$(call key,requirements.txt requirements-dev.txt requirements-servers.txt)
READY_BENCH := $(VENV)/ready-bench-$(call key,requirements.txt requirements-bench.txt)
READY_PEERS := $(VENV)/ready-peers-$(call key,requirements.txt requirements-bench.txt requirements-bench-peers.txt)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Three processes keep two cores busy while servers start and stop; in the way of tests/distribution.py.
PYTEST := $(BIN)/python -m pytest -n 3

# $(error) is the way to end with one line; a recipe that fails adds a line of make's own.
stop_if = $(if $(strip $(1)),$(error $(1)))
too_old = $(shell $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || echo \
	"Python 3.11 or newer is needed: install it, or name one, as in: make $(MAKECMDGOALS) PYTHON=python3.12")
no_venv = $(shell $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || echo \
	"This python3 has no venv: install it (on Debian and Ubuntu: apt install python3-venv) and try again")
cannot_serve = $(shell PORT="$(PORT)" HOST="$(HOST)" $(BIN)/python run.py --check 2>&1 >/dev/null)

.DEFAULT_GOAL := help
.PHONY: help run test test-long test-lowest test-servers format check demo demo-traffic docs reference screenshots bench bench-peers bench-growth

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: $(READY) ## Serve on http://127.0.0.1:5000 (PORT=…, HOST=…)
	$(call stop_if,$(cannot_serve))@$(BIN)/python run.py

test: $(READY_DEV) ## Run the test suite
	@$(PYTEST)

test-long: $(READY_DEV) ## Run the tests that take their time
	@$(PYTEST) -m long

test-lowest: $(READY_LOWEST) ## Run the test suite on the lowest versions that pyproject.toml accepts
	@$(LOWEST)/bin/python -m pytest -n 3 --deselect tests/app/test_project.py::test_what_is_pinned_is_what_the_suite_runs_on

test-servers: $(READY_SERVERS) ## Install servers of every kind and run the matrix of docs/deployment.md
	@$(BIN)/python -m pytest -m long tests/processes/test_matrix.py

format: $(READY_DEV) ## Format the code, and mend what the linter can mend
	@$(BIN)/python -m ruff format .
	@$(BIN)/python -m ruff check --fix .

check: $(READY_DEV) docs ## Check format, lint, types and the site, then run the test suite (what CI runs)
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy
	@$(PYTEST)

demo: $(READY) ## Import a CSV of 100,000 rows over HTTP with a progress bar
	@$(BIN)/python -m app.demo

demo-traffic: $(READY) ## Serve a minute of mixed jobs to look at in the dashboard (PORT=…)
	@$(BIN)/python -m app.demo_traffic $(if $(PORT),--port $(PORT))

docs: $(READY_DOCS) ## Build docs/ into a site (site/index.html)
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/python -m mkdocs build --quiet

reference: $(READY_DEV) ## Make docs/reference.md anew from the docstrings
	@$(BIN)/python -m docs.make_reference

screenshots: $(READY_DEV) ## Take the pictures of the dashboard in docs/ anew (needs chromium)
	@$(BIN)/python -m docs.screenshots

bench: $(READY_BENCH) ## Measure the speed beside its targets, and write bench/results.json
	@$(BIN)/python -m bench

bench-peers: $(READY_PEERS) ## Measure the same work done by Celery, RQ, Huey and Procrastinate
	@$(BIN)/python -m bench peers --output bench/results-peers.json

bench-growth: $(READY_BENCH) ## Measure how the cost grows, and draw the charts in docs/
	@$(BIN)/python -m bench.growth

$(READY):
	$(call stop_if,$(too_old))$(call stop_if,$(no_venv))@echo "Making $(VENV) and installing what requirements.txt pins"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --requirement requirements.txt
	@touch $@

$(READY_DEV): $(READY)
	@$(PIP) install --requirement requirements-dev.txt
	@touch $@

$(READY_LOWEST):
	$(call stop_if,$(too_old))$(call stop_if,$(no_venv))@$(PYTHON) -m venv --clear $(LOWEST)
	@$(LOWEST)/bin/python -m pip --disable-pip-version-check --quiet install --requirement requirements-dev.txt
	@$(LOWEST)/bin/python -m pip --disable-pip-version-check --quiet install --requirement requirements-lowest.txt
	@touch $@

$(READY_DOCS):
	$(call stop_if,$(too_old))$(call stop_if,$(no_venv))@$(PYTHON) -m venv --clear $(DOCS)
	@$(DOCS)/bin/python -m pip --disable-pip-version-check --quiet install --requirement requirements-docs.txt
	@touch $@

$(READY_SERVERS): $(READY_DEV)
	@$(PIP) install --requirement requirements-servers.txt
	@touch $@

$(READY_BENCH): $(READY)
	@$(PIP) install --requirement requirements-bench.txt
	@touch $@

$(READY_PEERS): $(READY_BENCH)
	@$(PIP) install --requirement requirements-bench-peers.txt
	@touch $@
