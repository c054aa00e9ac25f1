# Everything here needs only Python 3.11 or later, make and git. `make` shows the targets.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup drill test check format torture bench docs clean

# The first Python that is new enough; `make PYTHON=/path/to/python3 …` decides otherwise.
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
endif

BIN := .venv/bin
RUN := $(BIN)/python -m

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## install what uv.lock names into .venv, nothing else
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'setup: no Python 3.11 or later was found' >&2; \
		echo '  remedy: install one (python3 of Debian 12, Ubuntu 24.04 or later will do), or say make PYTHON=/path/to/it' >&2; \
		exit 3; }
	@"$(PYTHON)" tools/setup.py

drill: setup ## the main job: boot Meridian, lose a data centre under load, come back, prove it
	$(BIN)/holdfast drill lose-dc-a --model examples/meridian

test: check ## every check and every test
	@# What boots the range or crashes something has the machine to itself; all the rest shares its cores.
	$(RUN) pytest -n auto --dist worksteal -m "not range and not torture"
	$(RUN) pytest -m "range or torture"

check: setup ## format, lint, types, import contracts
	$(RUN) ruff format --check
	$(RUN) ruff check
	$(RUN) mypy
	$(BIN)/lint-imports --no-cache

format: setup ## format the code and mend what the linter can mend by itself
	$(RUN) ruff format
	$(RUN) ruff check --fix

torture: setup ## crash it at random instants, the full count; takes some ten minutes
	HOLDFAST_TORTURE=full $(RUN) pytest -m torture

bench: setup ## measure, as docs/benchmarks.md says
	@for name in $(filter-out figures,$(basename $(notdir $(wildcard bench/*.py)))); do \
		echo "== $$name"; $(RUN) "bench.$$name" || exit 1; done

docs: setup ## write again the pages that are made from the code
	$(RUN) tests.repository.write_commands

clean: ## remove everything that was made here, evidence excepted
	rm -rf .venv .cache .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
	find . -path ./.git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
