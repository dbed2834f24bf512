# `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SANITIZERS := -fsanitize=address,undefined
PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadfile
ENGINE ?= $(notdir $(shell for e in docker podman buildah docker; do command -v $$e && break; done))
# The tools of `make lock` and `make audit` have environments of their own: what they need
# contradicts our versions. Nothing of them is shipped.
PIP_TOOLS := pip-tools==7.6.2
CHECKOV := checkov==3.3.30
LOCK = CUSTOM_COMPILE_COMMAND="make lock" build/lock/bin/pip-compile --quiet --generate-hashes \
	--no-reuse-hashes --allow-unsafe --strip-extras --no-annotate --no-emit-options --newline lf
VERSION = $(shell sed -n 's/^ *version="\(.*\)",/\1/p' setup.py)
BASE_IMAGE ?= docker.io/library/python:3.13-slim
BUILD_IMAGE = $(ENGINE) build $(IMAGE_OPTIONS) --build-arg VERSION=$(VERSION) \
	--build-arg REVISION=$(shell git rev-parse HEAD) \
	--build-arg CREATED=$(shell git log -1 --format=%cI)

.PHONY: help demo test test-all sanitize bench lint sandbox image lock audit clean
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
		ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=1:allocator_may_return_null=1 \
		PYTHONPATH=$$(echo build/sanitized/lib.*):. \
		$(BIN)/python tests/lowlevel/$$script.py || exit; \
	done

bench: $(VENV)/.ready ## What loads and days cost, beside a pandas pipeline; half an hour
	$(BIN)/python -m benchmarks --markdown build/figures.md --plot build/figures.svg

lint: $(VENV)/.ready ## ruff, mypy --strict, the floors of the house, hadolint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/hadolint Dockerfile

sandbox: $(VENV)/.ready ## SQL Server, Vertica and luigid on loopback, until Ctrl-C
	$(BIN)/python -m sandbox serve --luigid

image: ## The images of shardline and luigid, by docker, podman or buildah
	base=$$(deploy/pinned_base.sh $(BASE_IMAGE) $(ENGINE)) \
	&& $(BUILD_IMAGE) --build-arg BASE_IMAGE=$$base --target pipelines --tag shardline:$(VERSION) . \
	&& $(BUILD_IMAGE) --build-arg BASE_IMAGE=$$base --target luigid --tag shardline:$(VERSION)-luigid .

lock: build/lock ## The hashes of constraints.txt anew, in requirements.txt and requirements-dev.txt
	$(LOCK) --output-file requirements-dev.txt constraints.txt
	$(LOCK) --constraint constraints.txt --all-build-deps \
		--extra bot --extra mail --extra metrics --extra postgresql --output-file requirements.txt setup.py

audit: $(VENV)/.ready build/audit ## The template and the Dockerfile, by cfn-lint and checkov
	$(BIN)/cfn-lint deploy/shardline.yaml
	build/audit/bin/checkov --config-file deploy/checkov.yaml
	$(BIN)/ruff check --select S --no-cache .

build/lock build/audit:
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet $(if $(filter %/lock,$@),$(PIP_TOOLS),$(CHECKOV)) || { rm -r $@; exit 1; }

clean: ## Remove the virtual environment and everything built
	rm -rf $(VENV) build dist *.egg-info lowlevel/*.so lowlevel/native.c lowlevel/rows.c .sandbox shardline.db*

# Nothing is installed whose hash is not in that file, and no code of it is run by that.
$(VENV)/.ready: setup.py pyproject.toml requirements-dev.txt $(wildcard lowlevel/*.p[yx][xd] lowlevel/*.h lowlevel/kernels/*)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --only-binary :all: --require-hashes --requirement requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@
