# What a person, CI and later work call. `make help` lists the targets.
# Needs Python 3.11 or later with venv and pip, and nothing else; `make test` uses more where it is found.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Compiling Django anew costs each command two seconds where the environment forbids to keep the result.
unexport PYTHONDONTWRITEBYTECODE

export PORT ?= 8000
PROCESSES ?= 2
BIN := .venv/bin
READY := .venv/.ready
AXE := node_modules/axe-core/axe.min.js
MANAGE := $(BIN)/python manage.py
# The number in front of a name is its place: what a file points at stands in an earlier one.
FIXTURES = $(sort $(wildcard fixtures/*.json))

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: $(READY) ## make .venv with the locked packages, nothing else

# Each candidate is really run: a name on PATH may be a shim for an interpreter that is not there. Its own pip puts
# uv into an empty .venv (a pip inside takes five seconds to make), and uv takes 8 seconds where pip takes 30.
$(READY): requirements/uv.txt requirements/dev.txt
	@for candidate in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
	  if $$candidate -c 'import sys, venv, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "No Python 3.11 or later with venv and pip was found. Install one, or name it: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; \
	  exit 1; \
	fi; \
	if ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "Making .venv with $$python"; \
	  rm -rf .venv && $$python -m venv --without-pip .venv; \
	fi && \
	$$python -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
	@touch $@

.PHONY: load
load: setup ## migrate the database (DATABASE_URL, or SQLite in var/) and load the fixtures
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) loaddata $(FIXTURES)

# Only an empty database is loaded: the fixtures would put back what was edited here since.
# The shell becomes gunicorn, so that its number is gunicorn's: the worker ends with it, and is started again should it
# fail before.
.PHONY: run
run: setup ## set up, load, make a local editor account, serve on 127.0.0.1:$PORT with a worker
	@$(MANAGE) migrate --verbosity 0
	@if $(MANAGE) shell --no-imports -c 'import sys; from relations.models import Source; sys.exit(Source.objects.exists())'; \
	then $(MANAGE) loaddata $(FIXTURES); \
	else echo "The database keeps what was edited in it; \`make load\` loads the fixtures over it."; fi
	@$(MANAGE) collectstatic --noinput --verbosity 0
	@$(MANAGE) make_local_editor
	@until $(MANAGE) db_worker --beside $$$$ --no-reload --verbosity 0 || ! kill -0 $$$$ 2>/dev/null; do sleep 1; done & \
	exec $(BIN)/gunicorn --config config/gunicorn.py

# Both runs happen even where the first fails; the second says what it skipped where there is no server. Each process
# begins with tests that stand together, so that what a file sets up is set up once, and takes of the other's at the end.
.PHONY: test
test: setup axe ## run the whole suite on SQLite, and again on PostgreSQL where it is found
	@status=0; \
	env -u DATABASE_URL $(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal || status=$$?; \
	$(BIN)/python -m tests.postgres -- $(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal || status=$$?; \
	exit $$status

.PHONY: axe
axe:
	@if [ ! -e $(AXE) ] && command -v npm >/dev/null; then npm ci --ignore-scripts --no-audit --no-fund --loglevel error; fi

.PHONY: check
check: setup ## style, types, templates, layers, migrations, deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/lint-imports --no-logo
	$(MANAGE) makemigrations --check --dry-run
	HTTPS=1 SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')" $(MANAGE) check --deploy --fail-level WARNING

.PHONY: bench
bench: setup ## measure what should be fast
	@$(BIN)/python -m benchmarks

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command "make lock" $(UPGRADE)

.PHONY: lock
lock: setup ## lock requirements/*.in anew (UPGRADE=--upgrade for newer versions)
	$(COMPILE) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) requirements/base.in -o requirements/base.txt
	$(COMPILE) -c requirements/base.txt requirements/dev.in -o requirements/dev.txt
	npm install --package-lock-only --ignore-scripts --no-audit --no-fund
