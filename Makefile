# make alone lists the targets. Each of setup, demo and test works on a fresh clone by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint fix check bench update conformance bot-commits fidelity clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "fluxsim needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make setup PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable . --group dev
	@touch $@

setup: $(STAMP)  ## make .venv with fluxsim and what its tests need

lint: $(STAMP)  ## ruff, formatting, mypy strict, pyright strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright --level error
	$(BIN)/lint-imports

demo: $(STAMP)  ## the lab in virtual time: the rollback that passes the check, then every scenario; writes demo.html
	$(BIN)/fluxsim demo

test: lint  ## everything that must hold: lint, types, import contracts, all tests
	$(BIN)/pytest -n 2 --dist worksteal

check: test conformance  ## all that can be checked here

CASES ?= ../shared/conformance
conformance: $(STAMP)  ## run tables of upstream cases: make conformance CASES=DIR
	$(BIN)/python -m tests.conformance $(CASES)

FILE ?= ../shared/realworld/bot_commits.json.gz
bot-commits: $(STAMP)  ## set the markers of real bot commits, byte for byte: make bot-commits FILE=…
	$(BIN)/python -m tests.conformance.bot_commits $(FILE)

fidelity: $(STAMP)  ## write docs/fidelity.md, after a run where the tables are at hand
	$(BIN)/python -m tests.fidelity --cases $(CASES) --bot-commits $(FILE)

EXAMPLES ?= 500
differential: $(STAMP)  ## generated input through fluxsim, kubectl and git: make differential EXAMPLES=500
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[clients]'
	EXAMPLES=$(EXAMPLES) $(BIN)/pytest -n 2 --dist worksteal tests/differential

bench: $(STAMP)  ## the budgets, as ratios and absolute numbers
	$(BIN)/python -m bench

update: $(STAMP)  ## rewrite the snapshots of what people see
	$(BIN)/pytest -q --snapshot-update tests

fix: $(STAMP)  ## let ruff repair and format what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove what make made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
