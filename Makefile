# Everything a newcomer needs is `make run` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
TESTS_IN_PARALLEL ?= 2
export PYTHONDONTWRITEBYTECODE ?= 1

.PHONY: help run test install install-test lock format lint types imports translations catalogues \
        definitions unit integration web migrations architecture readers journeys chaos pictures benchmarks clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: install ## set up and run the app with demo data (PORT=9000 elsewhere, RESET=1 anew)
	@exec $(BIN)/pro-app demo --port $(PORT) $(if $(RESET),--reset)

test: install-test lint types imports catalogues definitions unit architecture migrations integration readers web journeys chaos-brief ## set up and run every check and test
	@echo "All checks and tests passed."

install: .venv/run.done ## set up the virtual environment for running
install-test: .venv/test.done chromium ## set up the virtual environment for testing, and a browser

.venv/run.done: requirements/run.lock pyproject.toml $(wildcard translations/*/LC_MESSAGES/messages.po)
	@echo "Setting up .venv (once; about half a minute)…"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -e .venv/test.done || $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/pybabel --quiet compile --directory translations
	@touch $@

.venv/test.done: requirements/test.lock requirements/run.lock pyproject.toml
	@echo "Setting up .venv for the tests (once; about a minute)…"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements/test.lock
	@touch $@
	@$(MAKE) --no-print-directory .venv/run.done

.PHONY: chromium
chromium: .venv/test.done
	@$(BIN)/python tests/journeys/install_chromium.py

lock: ## pin the newest allowed versions of all dependencies, with hashes
	$(BIN)/uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --upgrade -o requirements/run.lock
	$(BIN)/uv pip compile pyproject.toml --extra build --extra test --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --upgrade -c requirements/run.lock -o requirements/test.lock

format: ## format the code
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: install-test ## ruff: style and mistakes
	$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: install-test ## mypy, strict
	$(BIN)/mypy

imports: install-test ## import-linter: imports point down only
	$(BIN)/lint-imports

translations: install-test ## extract messages and update the catalogues
	$(BIN)/python tests/architecture/catalogues.py --update

catalogues: install-test ## refuse missing or stale translations
	$(BIN)/python tests/architecture/catalogues.py

definitions: install-test ## check questionnaires and protocols
	$(BIN)/pro-app check-definitions && $(BIN)/pytest -q tests/definitions

unit: install-test ## tests of the pure core
	$(BIN)/pytest -q -n $(TESTS_IN_PARALLEL) tests/unit

architecture: install-test ## tests of the house itself
	$(BIN)/pytest -q tests/architecture

migrations: install-test ## every migration, up and down, on both databases
	$(BIN)/pytest -q tests/migrations

integration: install-test ## services on SQLite and PostgreSQL, real SMTP, commands
	$(BIN)/pytest -q -n $(TESTS_IN_PARALLEL) tests/integration

readers: install-test ## exported files opened by R and other readers
	$(BIN)/python tests/readers/install_r.py && $(BIN)/pytest -q -n $(TESTS_IN_PARALLEL) tests/readers

web: install-test ## pages over HTTP
	$(BIN)/pytest -q -n $(TESTS_IN_PARALLEL) tests/web

journeys: install-test ## journeys in a real browser
	$(BIN)/pytest -q tests/journeys

.PHONY: chaos-brief
chaos-brief: install-test
	$(BIN)/pytest -q -rP tests/chaos

chaos: install-test ## lose requests, kill servers and tabs: no answer is lost (SESSIONS=1000 SEED=1 ONLY=17)
	@cd tests && ../$(BIN)/python -m chaos --sessions $(or $(SESSIONS),1000) --seed $(or $(SEED),1) $(if $(ONLY),--only $(ONLY))

.PHONY: chaos-webkit
chaos-webkit: install-test ## the same in WebKitGTK, where the whole browser is killed as well (SESSIONS=20 SEED=1 ONLY=17)
	@$(BIN)/python tests/chaos/webkit_install.py
	@cd tests && ../$(BIN)/python -m chaos --browser webkitgtk --sessions $(or $(SESSIONS),20) --seed $(or $(SEED),1) $(if $(ONLY),--only $(ONLY))

pictures: install-test ## take the pictures of docs/screens anew
	$(BIN)/python docs/screens/take_patient_pictures.py && $(BIN)/python docs/screens/take_pictures.py

benchmarks: install-test ## print the ratios of benchmarks/
	@failed=0; for file in benchmarks/*.py; do $(BIN)/python $$file || failed=1; done; exit $$failed

clean: ## remove what the commands above made (the demo's data too)
	rm -rf .venv var build .mypy_cache .ruff_cache .pytest_cache .hypothesis
