# The few commands of this project; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
# 3.11 first: it is what the tests run on. A name that exists but does not start (a shim) is passed over.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

.PHONY: help install run test check exhaustive format bench lock lint types layers first-run simulation diagram interop fuzz screenshots

help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## set up .venv with the locked dependencies and the `aeo` command

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found. Install it (Debian: apt-get install python3 python3-venv)."; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment. Install its venv package (Debian: apt-get install python3-venv)."; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: install ## start the web pages, the clock and the mail on http://127.0.0.1:8000 with demonstration data
	@$(BIN)/aeo db upgrade
	@$(BIN)/aeo demo load
	@exec $(BIN)/aeo serve

test: install ## run the test suite on SQLite, on a PostgreSQL server that it starts itself, and in Chromium if it is there
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q

check: install lint types layers ## what CI runs: format, lint, types, layers, then the tests and the bounded fuzzing
	$(MAKE) --no-print-directory test
	$(MAKE) --no-print-directory fuzz

fuzz: install ## send the API 2,000 requests made from its own description
	$(BIN)/python -m pytest -q -m fuzz tests/web/api

exhaustive: install ## the full sweeps: every date, every history
	$(BIN)/python -m pytest -n 2 -q -m "exhaustive or not exhaustive"

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: install
	$(BIN)/mypy

layers: install
	$(BIN)/lint-imports

format: install ## format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install ## measure against the raw floors and the peers, as ratios
	$(BIN)/python -m bench

interop: install ## let other people's tools check what we export (installs them into .interop/)
	$(BIN)/python -m interop.run

first-run: install ## write docs/first-run.md by running what it shows
	$(BIN)/python docs/make_first_run.py

simulation: install ## write docs/simulation.md by simulating three years of the demonstration
	$(BIN)/python docs/make_simulation.py

screenshots: install ## write docs/screenshots/ by opening every page of a demonstration in Chromium
	$(BIN)/python docs/make_screenshots.py

lock: ## make requirements.lock anew from requirements.in (needs uv)
	uv pip compile --generate-hashes --universal --no-config --python-version 3.11 --no-header -q requirements.in -o requirements.lock
