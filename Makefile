# The commands of the house. `make demo` and `make test` need only Python 3.11, make and PyPI.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: help setup dev demo test coverage check format bench bench-large pictures fuzz soak lock wheel clean
.DEFAULT_GOAL := help

help:           ## what can be made
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  *##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/ #/' | awk -F' # ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(BIN)/uv: requirements-setup.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tierwise needs Python 3.11 or newer; set PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed: on Debian, apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.lock
	@touch $@

# What running needs, and nothing else.
$(VENV)/.run: $(BIN)/uv requirements.lock pyproject.toml
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

# What tests and checks need besides.
$(VENV)/.dev: $(VENV)/.run requirements-dev.lock requirements-spark.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-spark.lock
	@touch $@

setup: $(VENV)/.run ## prepare .venv with what running needs
dev: $(VENV)/.dev ## prepare .venv with what tests need besides

demo: $(VENV)/.run ## made-up dealer and retail data in; tiers out
	@$(BIN)/tierwise demo

test: $(VENV)/.dev ## all tests (long forms: make soak)
	@$(BIN)/python -m pytest -n auto --dist loadfile -m "not soak"

coverage: $(VENV)/.dev ## the same, with the lines that no test runs: twice the time
	@$(BIN)/python -m pytest -n auto --dist loadfile --cov=tierwise --cov-report=term-missing:skip-covered -m "not soak"

check: $(VENV)/.dev ## types, lint, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/test_layers.py

format: $(VENV)/.dev ## let ruff put the code in order
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.dev ## speed, side by side with hand-written SQL
	@$(BIN)/python -m benchmarks

bench-large: $(VENV)/.dev ## 100 million orders of 5 million customers, in bounded memory (takes 10 GB of disk)
	@$(BIN)/python -m benchmarks.large

pictures: $(VENV)/.dev ## draw the pictures of the docs anew; every page of the console into artifacts/ (apt-get install chromium)
	@folder=$$(mktemp -d); \
		end() { for home in dealer retail; do TIERWISE_HOME=$$folder/demo/$$home $(BIN)/tierwise stop > /dev/null 2>&1; done; rm -rf $$folder; }; \
		trap end EXIT; \
		TIERWISE_HOME=$$folder $(BIN)/tierwise demo < /dev/null > /dev/null \
		&& $(BIN)/python docs/pictures/make.py $$folder/demo \
		&& $(BIN)/python -m docs.pictures.pages $$folder/demo artifacts/pages \
		&& $(BIN)/python -m docs.pictures.tour

fuzz: $(VENV)/.dev ## mutate what the import parses, SECONDS (60) for each parser; Linux
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60)

soak: $(VENV)/.dev ## the long tests: kills, floods, LibreOffice (apt-get install libreoffice-calc) as judge
	@$(BIN)/python -m pytest -m soak

wheel: $(VENV)/.run ## build the wheel into dist/
	@$(BIN)/uv build --wheel

lock: $(BIN)/uv ## pin everything anew, with hashes and without download addresses
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 --group spark -c requirements.lock -o requirements-spark.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 requirements-setup.in -o requirements-setup.lock

clean: ## remove what was made, not your data
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
