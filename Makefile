# The commands of the project. Each installs what it needs, from exact versions with hashes, and
# installs nothing that is there already. `make` alone lists them.

VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --no-compile --no-deps

# What `make demo` runs.
DEMO ?= run examples/orders/flow.yaml --input orders=@examples/orders/orders.csv

# How the tests are spread; `make test PYTEST="-n 0 -x tests/unit"` runs some of them in one process.
PYTEST ?= -n auto --dist loadgroup

# With --system-certs uv trusts what the machine trusts, as pip does; no index is written into a lock.
LOCK_OPTIONS ?=
COMPILE := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --system-certs $(LOCK_OPTIONS)
WITHIN_DEV := --constraint requirements/dev.lock

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench chaos lock package clean
.SUFFIXES:

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile | expand -t 18

demo: $(VENV)/.laptop ## install what a laptop needs and run the example flow
	@$(VENV)/bin/thermik $(DEMO)

test: check ## everything that must hold: the checks, then all tests in parallel
	@$(PY) -m pytest $(PYTEST)

check: $(VENV)/.dev ## lint, formatting, types, layers
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-logo

format: $(VENV)/.dev ## put the sources in their form and repair what ruff can
	@$(PY) -m ruff check --fix --quiet . ; $(PY) -m ruff format .

bench: $(VENV)/.dev ## the benchmark, beside its reference floor
	@$(PY) tests/performance

chaos: $(VENV)/.dev ## thousands of executions while processes die (CHAOS="--seed N" replays a run)
	@$(PY) tests/chaos $(CHAOS)

package: $(VENV)/.dev ## build/lambda.zip, what the Lambda functions carry
	@$(PY) -m infra.package

lock: $(VENV)/.dev ## resolve the versions anew (LOCK_OPTIONS=--upgrade for newer ones)
	@$(COMPILE) pyproject.toml --extra aws --group dev --output-file requirements/dev.lock
	@$(COMPILE) pyproject.toml --group build $(WITHIN_DEV) --output-file requirements/laptop.lock
	@$(COMPILE) --group lambda $(WITHIN_DEV) --output-file requirements/lambda.lock
	@$(COMPILE) --group sam --output-file requirements/sam.lock
	@$(COMPILE) --group emulator --output-file requirements/emulator.lock

clean: ## remove what the commands above made, the environment included
	rm -rf $(VENV) .cache build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find functions infra tests -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment that suits is kept; one whose Python is gone or too old is made anew.
SUITS := $(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
$(shell test -e $(VENV)/.made && { $(SUITS) || rm -f $(VENV)/.made; })

$(VENV)/.made:
	@$(SUITS) || { python=$$(infra/find-python.sh) && rm -rf $(VENV) && "$$python" -m venv $(VENV); }
	@touch $@

# The project itself is installed in place, built by the locked hatchling: --no-build-isolation
# keeps pip from fetching another one.
INSTALL_PROJECT = $(PIP_INSTALL) --no-build-isolation --editable .

# Bytecode, by all processors at once, whatever PYTHONDONTWRITEBYTECODE says: without it every start compiles all that
# it imports, which takes several times as long. What only tests use is left out; edited sources are compiled anew.
BYTECODE = $(PY) -m compileall -qq -j 0 -x '/(moto|botocore|boto3|mypy|pip)/' functions $(VENV)/lib

$(VENV)/.laptop: requirements/laptop.lock pyproject.toml $(VENV)/.made
	@echo "Installing Thermik into $(VENV)" >&2
	@$(PIP_INSTALL) --require-hashes --requirement requirements/laptop.lock
	@$(INSTALL_PROJECT)
	@$(BYTECODE)
	@touch $@

$(VENV)/.dev: requirements/dev.lock pyproject.toml $(VENV)/.made
	@echo "Installing Thermik and its developers' tools into $(VENV)" >&2
	@$(PIP_INSTALL) --require-hashes --requirement requirements/dev.lock
	@$(INSTALL_PROJECT)
	@$(BYTECODE)
	@touch $@ $(VENV)/.laptop
