# `make help` says what there is.
PYTHON ?= $(shell tools/find-python)
VENV := .venv
BIN := $(VENV)/bin
# What compares rates and times runs first in a soak, and by itself otherwise: `make test-timed`.
TIMED := tests/faults/test_overload.py tests/test_event_loop.py tests/test_equal_times.py tests/tokens/test_flood.py
# Tests of clients build packages and start browsers; `make test-clients` runs them.
WITHOUT_OTHERS := --ignore=tests/clients $(addprefix --ignore=,$(TIMED))
# By itself pytest runs a test on one engine.
EVERY_ENGINE := --engines all
# Many tests wait more than they compute, so there are more workers than CPUs.
PARALLEL := --workers 6
PYTHONS ?= $(shell tools/find-python --versions)
TESTS ?= test-quick
SOAKED := $(TIMED) $(filter-out $(TIMED),$(wildcard tests/faults/test_*.py)) tests/clients/test_schemathesis.py tests/tasks/test_list_model.py
# `make setup UV=uv` installs with uv, in a third of the time. It is not the default, because uv does not read pip's settings.
UV ?=
# Modules are compiled when they are first imported, and most never are: it halves pip's time.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input
# Installs into the environment $(1).
install = $(if $(UV),$(UV) pip install --quiet --python $(1)/bin/python,$(PIP) --python $(1)/bin/python install --no-compile)

# Bytecode, of rewritten tests too, is kept even where the environment says otherwise: it halves the start.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup setup-tests setup-test-clients serve wheel test test-faults test-timed test-quick test-clients test-stepwise test-newest test-pythons check lint coverage soak mutants bench bench-writes bench-spaces bench-agenda bench-pages bench-growth bench-profile bench-copy bench-citus bench-rls bench-units bench-smoke bench-tables bench-webhooks request-path clients web-app screenshots docs fix requirements clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## Create the virtual environment, with .venv/bin/taskward

setup-tests: $(VENV)/.ready-to-test ## Install what the tests need, too

setup-test-clients: $(VENV)/.ready-to-test-clients ## Install what the tests of the clients need, too

serve: setup ## Start the service on http://127.0.0.1:8000, on an embedded database
	@$(BIN)/taskward serve

wheel: $(VENV)/.ready ## Build the wheel of the service into dist/
	@rm -rf dist
	@$(BIN)/python -m hatchling build -t wheel -d dist

test: $(VENV)/.ready-to-test ## Run the tests of the service, on SQLite and on a real PostgreSQL
	@$(BIN)/python -m pytest $(WITHOUT_OTHERS) --ignore=tests/faults $(EVERY_ENGINE) $(PARALLEL)

test-faults: $(VENV)/.ready-to-test ## Run the tests in which processes, servers, networks and disks fail
	@$(BIN)/python -m pytest tests/faults $(WITHOUT_OTHERS) $(EVERY_ENGINE) $(PARALLEL)

test-timed: $(VENV)/.ready-to-test ## Run the tests that compare rates and times, one at a time; three minutes
	@$(BIN)/python -m pytest $(TIMED) $(EVERY_ENGINE)

test-quick: $(VENV)/.ready-to-test ## Run the tests that need only SQLite in memory and no other process; 40 seconds
	@$(BIN)/python -m pytest $(WITHOUT_OTHERS) --workers 3 --quick -r fE

test-stepwise: $(VENV)/.ready-to-test ## Run the tests on PostgreSQL with the statements as for Citus, or with TEST_CITUS_URL on a cluster
	@TEST_POSTGRES_FORM=stepwise $(BIN)/python -m pytest $(WITHOUT_OTHERS) $(PARALLEL)

test-newest: $(VENV)/.ready-to-test ## Run test-quick and test-stepwise as one; a test of both runs on PostgreSQL only
	@TEST_POSTGRES_FORM=stepwise $(BIN)/python -m pytest $(WITHOUT_OTHERS) --quick $(PARALLEL)

test-clients: $(VENV)/.ready-to-test-clients ## Run the tests of the clients and of what runs in a browser; needs npm and Chromium
	@$(BIN)/python -m pytest tests/clients $(EVERY_ENGINE) --workers 3

test-pythons: ## Run TESTS (test-quick) on each supported Python that is installed; PYTHONS="3.11 3.13"
	@for version in $(PYTHONS); do \
	  echo "Python $$version"; \
	  $(MAKE) --no-print-directory VENV=.venv-$$version PYTHON="$$(tools/find-python $$version)" $(TESTS) \
	    || exit 1; \
	done

check: lint test test-timed bench-smoke ## Check a change: format, lint, types, import directions, tests, times, cost of a request

lint: $(VENV)/.ready-to-test ## Check format, lint, types and import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# It would measure the tests too, which pytest compiles, and warns that it cannot.
coverage: $(VENV)/.ready-to-test ## Run what `make test` and `make test-faults` run, and fail if fewer than 97 % of the lines and branches are covered
	@$(BIN)/python -W "ignore:Unable to activate pytest" -m slipcover --json --out .coverage.json \
	  -m pytest $(WITHOUT_OTHERS) $(EVERY_ENGINE) $(PARALLEL)
	@$(BIN)/python -m slipcover --merge .coverage.json --out .coverage.json --fail-under 97

soak: $(VENV)/.ready-to-test ## Inject every fault, at length, then SOAK_MINUTES (10) of work; writes docs/reliability.md
	@RELIABILITY_TABLE=docs/reliability.md $(BIN)/python -m pytest $(SOAKED) $(EVERY_ENGINE) -m "soak or fault" --verbose

mutants: $(VENV)/.ready-to-test ## Apply each defect of tests/mutation, and name those that no test notices; AREA=tokens, REPORT=file
	@PYTHONPATH=tests $(BIN)/python -W ignore -m mutation.run $(if $(AREA),--area $(AREA)) $(if $(REPORT),--report $(REPORT))

bench: $(VENV)/.ready-to-bench ## Measure 1 to 64 connections against Fastify and pgbench; needs wrk and npm; eighteen minutes
	@$(BIN)/python -W ignore benchmarks/bench.py

bench-writes: export BENCH_ONLY = create,create-real,create-full,update,update-priority,update-due,update-labels
bench-writes: export BENCH_CONNECTIONS = 1,16
bench-writes: export BENCH_PEERS = off
bench-writes: export BENCH_SECONDS ?= 1
bench-writes: export BENCH_ROUNDS ?= 2
bench-writes: $(VENV)/.ready-to-bench ## Measure writes of optional fields against bare ones; needs wrk; two minutes
	@$(BIN)/python -W ignore benchmarks/bench.py

bench-tables: $(VENV)/.ready-to-bench ## Write the figures of `make bench` into docs/performance.md; BEFORE=file adds earlier ones
	@$(BIN)/python benchmarks/tables.py $(BEFORE)

bench-growth: $(VENV)/.ready-to-bench ## Measure with 10 thousand to 5 million tasks, draw docs/growth.svg; thirteen minutes
	@$(BIN)/python -W ignore benchmarks/growth.py

bench-spaces: export BENCH_ONLY = one-own,one-space,list-own,list-space,feed-own,feed-space,create,create-space,create-real,create-real-space,update,update-space,update-due,update-due-space,complete,complete-space
bench-spaces: export BENCH_CONNECTIONS = 1,16
bench-spaces: export BENCH_PEERS = off
bench-spaces: export BENCH_SECONDS ?= 1
bench-spaces: export BENCH_ROUNDS ?= 3
bench-spaces: $(VENV)/.ready-to-bench ## Measure requests in a space against private ones; needs wrk; five minutes; ACTIVITY_DAYS=0 without activity
	@$(BIN)/python -W ignore benchmarks/bench.py

bench-agenda: $(VENV)/.ready-to-bench ## Measure the agenda of a member of a hundred large spaces; two minutes
	@PYTHONPATH=tests $(BIN)/python -W ignore benchmarks/agenda.py

bench-pages: $(VENV)/.ready-to-test ## Measure pages of a long list and searches; a minute
	@PYTHONPATH=tests $(BIN)/python -W ignore benchmarks/pages.py

bench-profile: $(VENV)/.ready-to-bench ## Print the profile of a request, by module and function; a minute
	@$(BIN)/python -W ignore benchmarks/profiles.py

bench-copy: $(VENV)/.ready-to-test ## Copy a million tasks to PostgreSQL and back, killed twice on the way; ten minutes
	@$(BIN)/python -W ignore benchmarks/copying.py

bench-rls: $(VENV)/.ready-to-test ## Measure what row-level security costs; three minutes
	@PYTHONPATH=tests $(BIN)/python -W ignore benchmarks/rls.py

bench-units: $(VENV)/.ready-to-test ## Measure what a task, a request, a stream and a connection cost; writes the tables of docs/scaling.md; four minutes
	@$(BIN)/python -W ignore benchmarks/unit_costs.py

bench-webhooks: $(VENV)/.ready-to-bench ## Measure what webhooks cost a write on PostgreSQL; five minutes
	@$(BIN)/python -W ignore benchmarks/delivery.py

bench-citus: $(VENV)/.ready-to-bench ## Measure a service on CITUS_URL beside one on PLAIN_URL; two minutes
	@$(BIN)/python -W ignore benchmarks/distributed.py

bench-smoke: $(VENV)/.ready-to-test ## Fail if a request costs more than recorded; RECORD=1 records its cost
	@$(BIN)/python -W ignore benchmarks/smoke.py

bench-web-app: $(VENV)/.ready-to-test ## Measure the web app in Chromium; a minute
	@PYTHONPATH=tests $(BIN)/python -W ignore benchmarks/web_app.py

request-path: $(VENV)/.ready-to-test ## Print the files and functions that a read and a write pass through
	@PYTHONPATH=benchmarks $(BIN)/python -W ignore tools/request_path.py

clients: $(VENV)/.ready-to-test ## Write what is generated of the clients: types from the OpenAPI document, the synchronous half, the web app; needs npm
	@PYTHONPATH=tools $(BIN)/python tools/client_types.py
	@PYTHONPATH=tools $(BIN)/python tools/rxdb_properties.py
	@PYTHONPATH=tools $(BIN)/python tools/client_sync.py
	@cd clients/typescript && npm ci --no-audit --no-fund --loglevel=error
	@$(BIN)/python tools/openapi_document.py | (cd clients/typescript && node scripts/types.js /dev/stdin)
	@$(MAKE) --no-print-directory web-app

web-app: ## Build the web app into the package of the service; needs npm
	@cd clients/web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent check && npm run --silent build

screenshots: $(VENV)/.ready-to-test-clients $(VENV)/.ready-to-bench ## Write the screenshots of docs/nextjs.md and docs/web-app.md; needs npm and Chromium; a minute
	@PYTHONPATH=tests:tools $(BIN)/python -W ignore tools/screenshots.py

docs: $(VENV)/.ready ## Write the table of settings in docs/configuration.md
	@PYTHONPATH=tools $(BIN)/python tools/settings_table.py

fix: $(VENV)/.ready-to-test ## Format, and apply the linter's fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

requirements: $(VENV)/.ready-to-test ## Pin the newest versions of everything, with hashes
	@for name in pip uv run build otel dev bench clients; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	    --no-emit-index-url --no-header --no-annotate requirements/$$name.in -o requirements/$$name.txt; \
	done

clean: ## Remove generated files, except databases
	rm -rf $(VENV) .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage.json

$(VENV)/.ready: requirements/pip.txt requirements/run.txt requirements/build.txt pyproject.toml
	@test -x $(BIN)/python || { python="$(PYTHON)"; \
	  test -n "$$python" || { echo "No supported Python with venv was found (3.11 or later; on Debian also" \
	    "python3-venv); set PYTHON=…" >&2; exit 1; }; \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "$$python is older than Python 3.11; set PYTHON=…" >&2; exit 1; }; \
	  echo "Using $$("$$python" --version), $$python"; \
	  $(if $(UV),$(UV) venv --quiet --clear --python "$$python","$$python" -m venv) $(VENV); }
	@echo "Setting up $(VENV) (once; about a minute)"
	@$(call install,$(VENV)) --require-hashes -r requirements/pip.txt
	@$(call install,$(VENV)) --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(call install,$(VENV)) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-to-test: $(VENV)/.ready requirements/dev.txt
	@echo "Installing what the tests need (once)"
	@$(call install,$(VENV)) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.ready-to-test-clients: $(VENV)/.ready-to-test $(VENV)/clients/.ready
	@touch $@

$(VENV)/clients/.ready: $(VENV)/.ready requirements/clients.txt
	@echo "Installing what generates clients (once)"
	@test -x $(VENV)/clients/bin/python || $(BIN)/python -m venv --without-pip $(VENV)/clients
	@$(call install,$(VENV)/clients) --require-hashes -r requirements/clients.txt
	@touch $@

$(VENV)/.ready-to-bench: $(VENV)/.ready-to-test requirements/bench.txt
	@echo "Installing what the drawings need (once)"
	@$(call install,$(VENV)) --require-hashes -r requirements/bench.txt
	@touch $@
