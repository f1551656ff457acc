# Two commands do all their set-up: `make run` and `make test`. The others: `make help`.
PYTHON ?= python3
ARGS ?=

VENV := .venv
STAMP := $(VENV)/.stamp
BIN := $(VENV)/bin
# elsewhere than on Linux there is always a display
WINDOWLESS := $(if $(strip $(ARGS)$(DISPLAY)$(WAYLAND_DISPLAY)$(QT_QPA_PLATFORM)),,$(filter Linux,$(shell uname)))

# what hnswlib is compiled to must also run on the next machine (-march=native would not)
export HNSWLIB_NO_NATIVE ?= 1
# every package at the version that was tested, those that build others included
export PIP_CONSTRAINT := packaging/constraints.txt
export PIP_BUILD_CONSTRAINT := packaging/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test test-slow lint check doctor apt
.DEFAULT_GOAL := help

help:
	@echo 'make run          opens Likewise (installs it first); ARGS="search dog" passes arguments'
	@echo 'make test         format, lint, types, architecture, tests; ARGS="tests/core -k fuse" chooses tests'
	@echo 'make test-slow    the tests that take minutes'
	@echo 'make lint         all of `make test` but the tests'
	@echo 'make doctor       what this system has and lacks'
	@echo 'make apt          installs the Debian packages that are missing, with sudo'

run: check $(STAMP)
ifneq ($(WINDOWLESS),)
	@echo 'No display here: doing without a window what the window would do.'
	@$(BIN)/python -m app --demo
else
	@$(BIN)/python -m app $(ARGS)
endif

test: lint
	@echo '== tests'
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

test-slow: check $(STAMP)
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -m slow --timeout 1800 $(ARGS)

lint: check $(STAMP)
	@echo '== format'
	@$(BIN)/ruff format --check
	@echo '== lint'
	@$(BIN)/ruff check
	@echo '== types'
	@$(BIN)/mypy
	@echo '== architecture'
	@$(BIN)/lint-imports

check:
	@$(PYTHON) packaging/check.py

doctor:
	@-$(PYTHON) packaging/check.py --report
	@if [ -e $(STAMP) ]; then $(BIN)/python -m app doctor; else echo 'Not installed yet: make run'; fi

apt:
	@if [ "$$(id -u)" = 0 ]; then $(PYTHON) packaging/check.py; else sudo $(PYTHON) packaging/check.py; fi

# pip's downloads go beside the environment: /tmp is often in memory. An interrupted install goes on from pip's cache.
$(STAMP): pyproject.toml packaging/constraints.txt | check
ifeq ($(wildcard $(BIN)/pytest),)
	@$(PYTHON) packaging/check.py --space
	@echo 'Installing into $(VENV): 3.6 GB to download, 7 GB on disk, because PyTorch from the ordinary registry'
	@echo 'carries its libraries for graphics cards. Only the first time; if interrupted, run this again and it goes on.'
else
	@echo 'Something changed in what is required: bringing $(VENV) up to date.'
endif
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(VENV)/tmp
	@TMPDIR='$(CURDIR)/$(VENV)/tmp' $(BIN)/python -m pip install --upgrade pip
	@TMPDIR='$(CURDIR)/$(VENV)/tmp' $(BIN)/python -m pip install --editable '.[dev]'
	@rm -rf $(VENV)/tmp
	@touch $@
