# make demo   set up, then the whole chain on the built-in data set (runs/demo)
# make test   set up, then the tests
# make slow   set up, then the tests that take minutes each: kills at random moments, nodes that vanish
# make docs   the documentation site: build/site/index.html
# make gpu    set up, then what must hold on a GPU, and what it reaches there (docs/MACHINES.md)
# make check  set up, then formatter, linter, type checker, fast tests

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Every Ray worker imports torch: without byte code that is 9 s instead of 3 s for each of them.
unexport PYTHONDONTWRITEBYTECODE
# A runtime environment made by `uv run` would be installed again in every worker.
export RAY_ENABLE_UV_RUN_RUNTIME_ENV := 0
export RAY_USAGE_STATS_ENABLED := 0

.PHONY: setup demo test slow gpu check docs format lock clean

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

demo: setup
	$(BIN)/logpolar demo

test: setup
	$(BIN)/python -m pytest -n 2 -m "not slow and not ray"
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "ray and not slow" --durations 20

slow: setup
	$(BIN)/python -m pytest -m slow

gpu: setup
	$(BIN)/python -m pytest -m gpu
	$(BIN)/python -m benchmarks.gpu

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -m "not ray and not browser and not slow"

docs: $(VENV)/docs/.ready
	NO_MKDOCS_2_WARNING=1 $(VENV)/docs/bin/mkdocs build --strict --quiet

$(VENV)/docs/.ready: requirements-docs.lock
	$(PYTHON) -m venv $(VENV)/docs
	$(VENV)/docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	touch $@

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:
	$(BIN)/uv pip compile --quiet --no-emit-index-url --generate-hashes --python-version 3.11 \
		--extra test --constraint constraints.txt pyproject.toml --output-file requirements.lock \
		--custom-compile-command "make lock"
	$(BIN)/uv pip compile --quiet --no-emit-index-url --generate-hashes --python-version 3.11 \
		--group pyproject.toml:docs --output-file requirements-docs.lock --custom-compile-command "make lock"

clean:
	rm -rf $(VENV) build *.egg-info
