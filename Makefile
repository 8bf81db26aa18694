# `make` lists the targets.
PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= .local

VENV := .venv/.requirements-installed
BIN := .venv/bin
WEED := .s3/bin/weed
PIP_INSTALL := -m pip install -qq --require-hashes --no-compile
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help demo up down logs stack-test test test-pooler check lock bench test-platform test-platforms test-mms clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# exec: a signal to make has to reach the demo, which a shell in between would not pass on.
demo: $(VENV) $(if $(S3),$(WEED)) ## Run everything on this machine until Ctrl-C: PORT=8000 DATA_DIR=.local S3=1
	@$(if $(S3),WEED="$(CURDIR)/$(WEED)") exec \
	  $(BIN)/python -m app demo --port $(PORT) --data-dir "$(DATA_DIR)" $(if $(S3),--s3)

up: .env ## Run everything in Docker, in the background
	@docker compose up --build --detach --wait

down: ## Stop what `up` started; its data stays
	@docker compose --profile "*" down

logs: ## Follow the logs of what `up` started
	@docker compose logs --follow --tail 100

stack-test: $(VENV) ## Kill and starve the Docker stack, check that nothing is lost (8 minutes)
	@$(BIN)/python -m tests.stack $(ARGS)

test: $(VENV) $(WEED) ## Run the tests; ARGS="tests/api -k label" passes arguments to pytest
	@WEED="$(CURDIR)/$(WEED)" $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-pooler: $(VENV) $(WEED) ## Run the tests that use the database through PgBouncer (needs its program)
	@POOLER=1 WEED="$(CURDIR)/$(WEED)" $(BIN)/python -m pytest tests/api tests/db tests/services $(ARGS)

check: $(VENV) ## Formatting, lint, types, and which module may import which
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

lock: ## Pin pyproject.toml's dependencies anew; ARGS=--upgrade takes the newest of each
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && set -e && \
	$(PYTHON) -m venv "$$tools" && "$$tools/bin/python" -m pip install -qq uv && \
	export PATH="$$tools/bin:$$PATH" && \
	$(LOCK) $(ARGS) pyproject.toml -o requirements.txt >/dev/null && \
	$(LOCK) $(ARGS) pyproject.toml --extra local --extra dev -o requirements-dev.txt >/dev/null && \
	$(LOCK) $(ARGS) pyproject.toml --extra sample -c requirements-dev.txt -o requirements-sample.txt \
	  >/dev/null && \
	$(PYTHON) -c 'import tomllib; \
	  print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["s3"], sep="\n")' \
	  > "$$tools/s3.in" && \
	$(LOCK) $(ARGS) "$$tools/s3.in" -o requirements-s3.txt >/dev/null

bench: $(VENV) ## Measure what the README's numbers say (ten minutes)
	@for benchmark in first_prediction import_sample accuracy single_flight evaluations story bulk http_client; do \
	  $(BIN)/python -m benchmarks.$$benchmark || exit 1; \
	done

test-platform: $(VENV) ## Test one platform's backend with its own server: NAME=mlflow (makes a venv for it)
	@TESTCONTAINERS=0 $(BIN)/python -m pytest -m platform tests/platforms/$(NAME) $(ARGS)

test-platforms: $(VENV) ## The same for all platforms, with a table at the end (4 minutes, and 4 for 4 GB of venvs at first)
	@TESTCONTAINERS=0 $(BIN)/python -m pytest -m platform tests/platforms $(ARGS)

test-mms: $(VENV) ## Compare the local endpoint with AWS's multi-model-server (needs Java 17)
	@$(BIN)/python -m pytest -m mms tests/mms $(ARGS)

clean: ## Remove .venv, .s3 and caches; the demo's data stays
	@rm -rf .venv .s3 .platforms .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Removed .venv, .s3, .platforms and the caches."
	@if [ -e "$(DATA_DIR)" ]; then \
	  echo "Kept $(DATA_DIR), which holds the demo's database; to remove it: rm -rf $(DATA_DIR)"; \
	fi

# The stamp is made last, so a venv that was interrupted half-way is made anew.
$(VENV): requirements-dev.txt
	@command -v "$(PYTHON)" >/dev/null || \
	  { echo "$(PYTHON) was not found; name another: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $$("$(PYTHON)" --version 2>&1) is too old; name another: make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make a venv; on Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Installing requirements-dev.txt into .venv ..."
	@"$(PYTHON)" -m venv --clear .venv
	@$(BIN)/python $(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

# Never made anew: what is in the volumes knows these passwords. Two steps, so none is left half made.
.env:
	@umask 077 && while IFS= read -r line; do case "$$line" in \
	  [A-Z]*=) printf '%s%s\n' "$$line" "$$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" ;; \
	  *) printf '%s\n' "$$line" ;; \
	esac; done < .env.example > .env.half && mv .env.half .env
	@echo "Wrote .env with random passwords."

# One large static binary that only tests use; kept out of .venv.
$(WEED): requirements-s3.txt | $(VENV)
	@echo "Installing requirements-s3.txt into .s3 ..."
	@rm -rf .s3
	@$(BIN)/python $(PIP_INSTALL) --target .s3 -r requirements-s3.txt
	@touch $@
