# The two commands of the README; what the tests cover, mutants of the model answers, catalogues of words, benchmarks.
# On Windows, README.md has the plain lines of the two.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Tests take half as long again when coverage is measured.
.PHONY: demo test coverage mutants words bench clean

demo: $(VENV)/.ready
	$(BIN)/autograder demo

test: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto --dist worksteal

coverage: $(VENV)/.ready-dev
	$(BIN)/pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered

mutants: $(VENV)/.ready-dev
	$(BIN)/python -m tests.mutants

words: $(VENV)/.ready-dev
	$(BIN)/python -m autograder.locale.update

# Everything, or make bench ENTRY=cnn; results go to benchmarks/results and benchmarks/README.md.
bench: $(VENV)/.ready-bench
	$(BIN)/python -m benchmarks $(ENTRY)

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

$(VENV)/.ready-bench: $(VENV)/.ready
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	touch $@

clean:
	rm -rf $(VENV) build dist
