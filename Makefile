# `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SANITIZERS := -fsanitize=address,undefined
PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadfile
ENGINE ?= $(notdir $(shell for e in docker podman buildah docker; do command -v $$e && break; done))
VERSION = $(shell sed -n 's/^ *version="\(.*\)",/\1/p' setup.py)
BUILD_IMAGE = $(ENGINE) build $(IMAGE_OPTIONS) --build-arg VERSION=$(VERSION) \
	--build-arg REVISION=$(shell git rev-parse HEAD) \
	--build-arg CREATED=$(shell git log -1 --format=%cI)

.PHONY: help demo test test-all sanitize bench lint sandbox image clean
.DEFAULT_GOAL := help

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.ready ## 150 shards, one broken and mended; their reports, the chat and the mail
	$(BIN)/python -m sandbox demo

test: $(VENV)/.ready ## The tests, in a few minutes
	$(BIN)/python -m pytest $(PARALLEL) -m "not long"

test-all: $(VENV)/.ready ## The tests with their long versions, and new random examples
	$(BIN)/python -m pytest $(PARALLEL) --hypothesis-profile explore

sanitize: $(VENV)/.ready ## Random rows, and lying answers, through C built with ASan and UBSan
	CFLAGS="$(SANITIZERS) -fno-sanitize-recover=all -g" LDFLAGS="$(SANITIZERS)" \
		$(BIN)/python setup.py --quiet build --build-base build/sanitized
	for script in sanitize sanitize_rows; do \
		LD_PRELOAD=$$($(CC) -print-file-name=libasan.so) \
		ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=1 \
		PYTHONPATH=$$(echo build/sanitized/lib.*):. \
		$(BIN)/python tests/lowlevel/$$script.py || exit; \
	done

bench: $(VENV)/.ready ## What a load costs, beside a pandas pipeline; some minutes
	$(BIN)/python -m benchmarks --markdown build/figures.md

lint: $(VENV)/.ready ## ruff, mypy --strict, the floors of the house, hadolint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/hadolint Dockerfile

sandbox: $(VENV)/.ready ## SQL Server, Vertica and luigid on loopback, until Ctrl-C
	$(BIN)/python -m sandbox serve --luigid

image: ## The images of shardline and luigid, by docker, podman or buildah
	$(BUILD_IMAGE) --target pipelines --tag shardline:$(VERSION) .
	$(BUILD_IMAGE) --target luigid --tag shardline:$(VERSION)-luigid .

clean: ## Remove the virtual environment and everything built
	rm -rf $(VENV) build dist *.egg-info lowlevel/*.so lowlevel/native.c lowlevel/rows.c .sandbox shardline.db*

$(VENV)/.ready: setup.py pyproject.toml constraints.txt $(wildcard lowlevel/*.p[yx][xd] lowlevel/*.h lowlevel/kernels/*)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
		--build-constraint constraints.txt --editable '.[postgresql,mail,metrics,sandbox,bench,test,lint]'
	touch $@
