# Two commands set everything up on a fresh machine: `make check` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup check test slow lint bench rocq certify
setup: .venv/.done

# torch first and pinned: an unpinned one may pull a build of several gigabytes.
.venv/.done: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q torch==2.13.0
	$(BIN)/pip install -q -e '.[dev]'
	touch $@

check: setup
	$(BIN)/efasp check

test: setup
	$(BIN)/python -m pytest

slow: setup
	$(BIN)/python -m pytest -m slow --dist load

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python -m benchmarks

certify: setup
	$(BIN)/pip install -q -e '.[solvers]'
	$(BIN)/efasp certify

rocq: setup
	$(BIN)/python -m efasp.proofs.rocq.build
