# Everything from a bare Python (3.11 or newer) with make. `make help` lists the targets.
PYTHON ?= python3
PORT ?= 8000
SEEDS ?= 100000
BIN := .venv/bin
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --require-virtualenv
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help serve test check format lock proof engines

help:
	@echo "make serve    start Kefu with the demo tenant on http://127.0.0.1:$(PORT)"
	@echo "make test     run the tests"
	@echo "make check    what CI runs: format, lint, types, import contracts, schema, tests"
	@echo "make proof    the long run: $(SEEDS) seeds of the desk under fire (SEEDS=…)"
	@echo "make format   let the formatter and the safe fixes have their way"
	@echo "make lock     renew the pinned dependencies"

serve: .venv/serve
	$(BIN)/kefu serve --demo --port $(PORT)

test: .venv/check
	@command -v npm >/dev/null && $(MAKE) --no-print-directory engines || echo "No npm: tests on its DynamoDB engines are skipped."
	$(BIN)/python -m pytest --numprocesses 2

proof: .venv/check
	$(BIN)/python -m kefu.testing.proof $(SEEDS)

engines: .engines/installed

.engines/installed: requirements/engines/package.json requirements/engines/package-lock.json requirements/engines/.npmrc
	@echo "Installing the DynamoDB engines for tests (once) …"
	mkdir -p .engines && cp $^ .engines/
	npm ci --prefix .engines --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

check: .venv/check
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

format: .venv/check
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lock: .venv/check
	$(LOCK) --upgrade --extra serve --extra dynamodb --extra build --extra check \
		--output-file requirements/check.txt pyproject.toml
	$(LOCK) --upgrade --extra serve --extra build --constraint requirements/check.txt \
		--output-file requirements/serve.txt pyproject.toml

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Kefu needs Python 3.11 or newer. Name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/serve: requirements/serve.txt pyproject.toml | .venv/bin/pip
	@echo "Installing Kefu (once, about a minute) …"
	$(PIP_INSTALL) --require-hashes --requirement requirements/serve.txt
	$(PIP_INSTALL) --no-build-isolation --no-deps --editable .
	@touch $@

.venv/check: requirements/check.txt .venv/serve
	@echo "Installing the test set (once, about a minute) …"
	$(PIP_INSTALL) --require-hashes --requirement requirements/check.txt
	@touch $@
