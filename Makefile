# queuemark: everything is built into .venv and build/; nothing is installed anywhere else.
# Needed beforehand: Python 3.11 or newer with venv, a C++20 compiler, make.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
NATIVE_SOURCES := $(shell find native -type f) CMakeLists.txt CMakePresets.json
CPP_SOURCES := $(filter %.cpp %.hpp,$(NATIVE_SOURCES)) $(wildcard bench/bare/*.[ch] bench/bare/*.cpp tests/faults/*.c)
REAL_MESSAGES := $(firstword $(wildcard /var/lib/dpkg/status /var/lib/dpkg/available) README.md)

.PHONY: help
help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf 'make %-11s %s\n' "$$name" "$$text"; done

.PHONY: run
run: $(VENV)/installed ## build, run the quick session and a real file's messages, show the results
	$(BIN)/queuemark run quick
	$(BIN)/queuemark run --messages $(REAL_MESSAGES) -t unix-stream --duration 0.5 --repeats 3

.PHONY: serve
serve: $(VENV)/installed ## show the stored sessions on http://127.0.0.1:8000
	$(BIN)/queuemark serve

.PHONY: build
build: $(VENV)/installed ## build and install into .venv

.PHONY: test
test: $(VENV)/installed-dev build/release/built ## all tests but the long ones
	# Tests of faults look for what a killed process leaves on this machine: nothing else runs beside them.
	$(BIN)/python -m pytest -m "not soak" -n 2 --dist loadfile --no-loadscope-reorder --ignore tests/faults
	$(BIN)/python -m pytest -m "not soak" tests/faults

.PHONY: check
check: $(VENV)/installed-dev ## format, lint, types, layers, schema
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run -Werror $(CPP_SOURCES)
	$(BIN)/lint-imports
	$(BIN)/python docs/reference/generate.py --check
	@$(BIN)/python -m queuemark.model.schema | cmp -s - docs/reference/session.schema.json || \
		{ echo "docs/reference/session.schema.json is stale; make it anew: make schema" >&2; exit 1; }

.PHONY: sanitize
sanitize: $(VENV)/installed-dev build/sanitize/built build/sanitize-thread/built ## native tests and conformance under ASan and UBSan, the ring under TSan
	QUEUEMARK_NATIVE_BUILD=build/sanitize QUEUEMARK_RUNNER=$(CURDIR)/build/sanitize/native/queuemark-runner \
		$(BIN)/python -m pytest -m "not soak" tests/native tests/conformance
	QUEUEMARK_NATIVE_BUILD=build/sanitize-thread \
		$(BIN)/python -m pytest 'tests/native/test_programs.py::test_a_native_program_passes[ring]'

.PHONY: soak
soak: $(VENV)/installed-dev build/release/built build/sanitize/built ## the long tests
	$(BIN)/python -m pytest -m soak

.PHONY: bench
bench: $(VENV)/installed ## this project beside bare programs, in one run
	$(BIN)/python bench/run.py

.PHONY: format
format: $(VENV)/installed-dev ## rewrite the sources as make check wants them
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/clang-format -i $(CPP_SOURCES)

.PHONY: reference
reference: $(VENV)/installed ## write docs/reference/cli.md and the facts in docs/mechanisms from the commands and the runners
	$(BIN)/python docs/reference/generate.py

.PHONY: screenshots
screenshots: $(VENV)/installed-dev ## measure two sessions and photograph the site that shows them, with Debian's Chromium
	$(BIN)/python docs/pictures/site/make.py

.PHONY: schema
schema: $(VENV)/installed ## write docs/reference/session.schema.json from the structs
	$(BIN)/python -m queuemark.model.schema > docs/reference/session.schema.json

.PHONY: clean
clean: ## remove all that was built
	rm -rf $(VENV) build dist bench/out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/created:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; \
	done; \
	[ -n "$$python" ] || { echo "make: needs Python 3.11 or newer and found none;" \
		"install one, for example with: apt-get install python3 python3-venv" >&2; exit 1; }; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || { echo "make: $$python has no venv module;" \
		"install it, for example with: apt-get install python3-venv" >&2; exit 1; }; \
	"$$python" -m venv $(VENV)
	@touch $@

.PHONY: compiler
compiler:
	@command -v "$${CXX:-c++}" >/dev/null || command -v g++ >/dev/null || { echo "make: needs a C++20 compiler and found none;" \
		"install one, for example with: apt-get install g++" >&2; exit 1; }

# Editable: Python sources are used where they lie, so only a change of the package's description or of
# native code installs again. Compiled as any package is: with PYTHONDONTWRITEBYTECODE each start would do it again.
$(VENV)/installed: $(VENV)/created pyproject.toml $(NATIVE_SOURCES) | compiler
	$(PIP) install --editable '.[all]'
	@$(BIN)/python -m compileall -q src
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["dev"], sep="\n")' \
		> $(VENV)/requirements-dev.txt
	$(PIP) install --requirement $(VENV)/requirements-dev.txt
	@touch $@

build/%/built: $(NATIVE_SOURCES) pyproject.toml | $(VENV)/installed-dev
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --preset $*
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --build --preset $*
	@touch $@
