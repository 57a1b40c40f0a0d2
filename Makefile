# Python 3.11 or later; `make demo PYTHON=python3.13` chooses another one.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint types unit e2e render bed bench format generate schemas build package clean

help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-10s %s\n", $$1, $$2}' Makefile

$(VENV)/.run: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version.split()[0])'
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "Setting up $(VENV) for development ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(VENV)/.run ## Preview two examples: what would run where, the URL, and why not more
	$(BIN)/modelplane preview examples/quickstart
	$(BIN)/modelplane preview examples/quickstart/fleet examples/reasons

ifdef T
test: unit
else
test: lint types unit ## Lint, import rules, strict types, and all tests that need no cluster (T=path: only these tests)
endif

lint: $(VENV)/.dev ## Lint, check the format, and check which room imports which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo

types: $(VENV)/.dev ## Check the types
	$(BIN)/mypy

unit: $(VENV)/.dev ## Run the tests that need no cluster, or those of T=path
	$(BIN)/pytest --quiet $(if $(T),$(T),--numprocesses auto)

$(VENV)/.e2e: $(VENV)/.dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,e2e]'
	@touch $@

e2e: render bed ## Run everything that needs Go: render, then bed

render: $(VENV)/.e2e ## Run our answers through Crossplane itself (needs Go; the first build takes some minutes)
	@$(BIN)/python -m tests.e2e.binaries >/dev/null
	$(BIN)/pytest --quiet tests/e2e

bed: $(VENV)/.e2e ## Run the quickstart on a real control plane (needs Go; the first build takes half an hour)
	@$(BIN)/python -m tests.e2e.binaries bed >/dev/null
	$(BIN)/pytest --quiet --maxfail=10 -o faulthandler_timeout=2700 tests/e2e/bed

bench: $(VENV)/.dev ## Measure answers over fleets of up to 10,000 clusters, and the server (minutes; BENCH=--gate for less)
	$(BIN)/python -m bench $(BENCH)

format: $(VENV)/.dev ## Format the code and mend what lint can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: $(VENV)/.dev ## Write xrds/, compositions/, package/ and the reference pages from the code
	$(BIN)/python -m tests.generate

schemas: $(VENV)/.dev ## Write tests/schemas/ anew from the definitions of third-party kinds that are at hand
	$(BIN)/python -m tests.schemas.extract

build: $(VENV)/.dev ## Build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

package: $(VENV)/.dev ## Build both packages into dist/, for REGISTRY=, on BASE= or from RUNTIME= (see docs/install.md)
	$(BIN)/python -m package.build $(REGISTRY:%=--registry %) $(BASE:%=--base %) $(RUNTIME:%=--runtime %)

clean: ## Remove what was built and the virtual environment
	rm -rf $(VENV) build dist *.egg-info
