# Everything from a bare Python (3.11 or newer) with make. `make help` lists the targets.
PYTHON ?= python3
PORT ?= 8000
ARCHITECTURE ?= x86_64
PYTHON_VERSION ?=
BUNDLE_PYTHON ?=
PARAMS ?=
SEEDS ?= 100000
HISTORIES ?= 100
BIN := .venv/bin
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --require-virtualenv
CONTENTION := PYTHONPATH=tests $(BIN)/python tests/contention/on_engine.py
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help serve test e2e check format lock proof bench engines package build

help:
	@echo "make serve    start Kefu with the demo tenant on http://127.0.0.1:$(PORT)"
	@echo "make test     run the tests"
	@echo "make e2e      whole servers from outside: the API's tests behind our strict gateway and under serverless-offline,"
	@echo "              the graphql-ws client, two hundred sockets"
	@echo "make check    what CI runs: format, lint, types, import contracts, schema, tests"
	@echo "make bench    what DynamoDB is asked for, and what a cold start takes, against the targets; twenty minutes"
	@echo "make proof    the long runs, two hours: $(SEEDS) seeds of the desk under fire (SEEDS=…), a week of 10,000 visits, then"
	@echo "              125,000 operations of 32 workers on one DynamoDB table, $(HISTORIES) histories with a socket cut behind every"
	@echo "              event, and 200 sockets: how much later the living are told when a fifth dies"
	@echo "make build    the bundle for Lambda, build/lambda.zip, for .venv's Python on x86_64 (PYTHON_VERSION=3.11, 3.12"
	@echo "              or 3.13, and BUNDLE_PYTHON=… if that is not on the path; ARCHITECTURE=arm64)"
	@echo "make package  what would be deployed, packaged and checked without a login, into build/serverless (PARAMS='tenant=acme …')"
	@echo "make format   let the formatter and the safe fixes have their way"
	@echo "make lock     renew the pinned dependencies"

serve: .venv/serve
	$(BIN)/kefu serve --demo --port $(PORT)

test: .venv/check
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory engines; \
		else echo "No npm: tests on its DynamoDB engines are skipped."; fi
	$(BIN)/python -m pytest --numprocesses 2 --ignore tests/e2e

e2e: .venv/check
	@command -v npm >/dev/null || echo "No npm: tests of other people's clients and under serverless-offline are skipped."
	$(BIN)/python -m pytest tests/e2e --numprocesses 2

proof: .venv/check engines build/clients/installed
	$(BIN)/python -m kefu.testing.proof $(SEEDS)
	$(BIN)/python -m kefu.testing.week 10000
	$(CONTENTION) dynoxide --operations 100000
	$(CONTENTION) dynamodb_local --operations 20000
	$(CONTENTION) dynoxide --operations 5000 --faults --throttled-for 5
	PYTHONPATH=tests $(BIN)/python -m e2e.sockets.cut_histories $(HISTORIES)
	PYTHONPATH=tests $(BIN)/python -m e2e.sockets.crowd

bench: .venv/check engines build
	$(BIN)/python -m benchmarks.dynamodb --output build/bench/dynamodb
	$(BIN)/python -m benchmarks.coldstart --instructions

build: .venv/serve
	$(BIN)/python -m bundle --architecture $(ARCHITECTURE) \
		$(if $(PYTHON_VERSION),--python-version $(PYTHON_VERSION)) $(if $(BUNDLE_PYTHON),--python $(BUNDLE_PYTHON))

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
	$(LOCK) --upgrade --extra serve --extra dynamodb --extra lambda --extra build --extra check \
		--output-file requirements/check.txt pyproject.toml
	$(LOCK) --upgrade --extra serve --extra build --constraint requirements/check.txt \
		--output-file requirements/serve.txt pyproject.toml
	$(LOCK) --upgrade --extra lambda --extra dynamodb --no-emit-package click --constraint requirements/check.txt \
		--output-file requirements/lambda.txt pyproject.toml

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

# W3005: the packager says twice what a function waits for.
package: build .venv/check build/osls/installed
	build/osls/node_modules/.bin/osls package --package build/serverless $(addprefix --param ,$(PARAMS))
	$(BIN)/cfn-lint --ignore-checks W3005 -- build/serverless/cloudformation-template-*.json infra/table.yml

ifneq ($(shell command -v npm),)
test e2e: build/osls/installed
e2e: engines build/clients/installed
endif

build/osls/installed: requirements/serverless/package.json requirements/serverless/package-lock.json requirements/serverless/.npmrc
	@echo "Installing what packages and runs serverless.yml (once) …"
	mkdir -p build/osls && cp $^ build/osls/
	npm ci --prefix build/osls --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

build/clients/installed: requirements/clients/package.json requirements/clients/package-lock.json requirements/clients/.npmrc
	@echo "Installing the GraphQL client that tests subscribe with (once) …"
	mkdir -p build/clients && cp $^ build/clients/
	npm ci --prefix build/clients --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@
