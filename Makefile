# Two commands set everything up on a fresh machine: `make check` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup check test slow lint bench rocq rocq-mutants certify
setup: .venv/.done

# torch first and pinned. Where the package indices have a CPU build of this version, pip takes it. PyPI has one for macOS and
# Windows, and for Linux one with CUDA; PyTorch's index of CPU builds is added by make TORCH_INDEX=URL.
TORCH := torch==2.13.0
TORCH_INDEX ?=
OLD := 'import sys; sys.exit(sys.version_info < (3, 11) and "expected Python 3.11 or later (make PYTHON=...), found " + sys.version)'
TOOK := 'from importlib.metadata import files, version; \
	print("took torch", version("torch"), "of", sum(file.size or 0 for file in files("torch")) >> 20, "MiB")'

.venv/.done: pyproject.toml
	@$(PYTHON) -c $(OLD)
	$(PYTHON) -m venv .venv
	@echo "takes $(TORCH): 750 MB as a CPU build; several GB with CUDA, where pip finds no other (README.md, Setup)"
	$(BIN)/pip install -q $(addprefix --extra-index-url ,$(TORCH_INDEX)) $(TORCH)
	@$(BIN)/python -c $(TOOK)
	$(BIN)/pip install -q -e '.[dev]'
	touch $@

check: setup
	$(BIN)/efasp check

test: setup
	$(BIN)/python -m pytest

slow: setup
	$(BIN)/python -m pytest -m slow --dist load
	$(BIN)/python -m pytest -m 'hypothesis and not slow' --hypothesis-profile=long

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

rocq-mutants: rocq
	$(BIN)/python -m efasp.proofs.rocq.mutants
