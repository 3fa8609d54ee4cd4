# The two commands of a newcomer are `make demo` and `make test`; the others are parts of them.
SHELL := /bin/bash
.DEFAULT_GOAL := build

PRESET ?= release
BUILD := build/$(PRESET)
VENV := .venv
PYTHON := $(VENV)/bin/python
JOBS ?= $(shell nproc)

export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

.PHONY: build demo test test-cpp test-python test-small-batches test-install test-sanitizers fuzz bench lint format clean

# ---- environment: system packages, .venv (scripts/bootstrap.sh says what it installs; a second run does nothing)
$(VENV)/.build-stamp: pyproject.toml scripts/bootstrap.sh scripts/packages.txt
	scripts/bootstrap.sh build
	touch $@

$(VENV)/.test-stamp: $(VENV)/.build-stamp
	scripts/bootstrap.sh test
	touch $@

# ---- build
$(BUILD)/build.ninja: $(VENV)/.build-stamp CMakePresets.json
	cmake --preset $(PRESET) -DPython_EXECUTABLE=$(CURDIR)/$(PYTHON)

build: $(BUILD)/build.ninja
	cmake --build $(BUILD) -j $(JOBS) --target millstream _core millstream_cli

# ---- the main job, on real input
demo: build
	$(PYTHON) scripts/demo.py

# ---- everything that must pass
test: $(VENV)/.test-stamp
	$(PYTHON) scripts/check_layers.py
	$(MAKE) test-cpp test-python test-small-batches test-install

test-cpp: $(VENV)/.test-stamp $(BUILD)/build.ninja
	cmake --build $(BUILD) -j $(JOBS)
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" MILLSTREAM_TEST_PYTHON=$(CURDIR)/$(PYTHON) \
	  ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

test-python: $(VENV)/.test-stamp build
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PYTHON) -m pytest -q tests

# The same suite with two rows a batch and every operator spilling at every opportunity.
test-small-batches: $(VENV)/.test-stamp build
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" MILLSTREAM_BATCH_ROWS=2 MILLSTREAM_FORCE_SPILL=1 $(PYTHON) -m pytest -q tests/python

# The wheel in an environment of its own, and the example project against the CMake install.
test-install: $(VENV)/.test-stamp build
	scripts/test_install.sh $(BUILD)

test-sanitizers: $(VENV)/.test-stamp
	scripts/test_sanitizers.sh

fuzz: $(VENV)/.test-stamp
	scripts/fuzz.sh $(or $(SECONDS_EACH),600)

bench: $(VENV)/.test-stamp build
	scripts/bootstrap.sh bench
	$(PYTHON) bench/run.py

# ---- style
lint: $(VENV)/.test-stamp $(BUILD)/build.ninja
	scripts/lint.sh

format: $(VENV)/.test-stamp
	git ls-files '*.cc' '*.h' | xargs clang-format -i
	$(VENV)/bin/ruff format python tests scripts bench
	$(VENV)/bin/ruff check --fix python tests scripts bench

clean:
	rm -rf build dist python/millstream/*.so python/millstream/*.so.*
