# Everything a checkout is for, a target each. It needs Python 3.11 or newer and nothing else.
# Written for GNU make 3.81 and a plain POSIX shell, which is what macOS has.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKER := build/locker
AUDITOR := build/auditor
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
LOCKED := --require-hashes --only-binary :all: -r

# Where this is set, each of the many processes of a test would compile all that it imports anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install demo test long pace containers pure faults rollout format lint audit bench growth figures schemas image lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s  %s\n", $$1, $$2 }' Makefile

install: $(VENV)/installed ## make .venv with the locked requirements and the command .venv/bin/triage

demo: install ## show the whole pipeline on a real Kafka; INQUIRIES=file, TRUTHS=file, WATCH=1, RATE=number, DESK=1
	@$(BIN)/triage demo $(if $(INQUIRIES),--inquiries "$(INQUIRIES)") \
		$(if $(TRUTHS),--truths "$(TRUTHS)") $(if $(WATCH),--watch) $(if $(RATE),--rate $(RATE)) \
		$(if $(DESK),--desk)

# Side by side, a file at a time, each worker with a Kafka of its own, and one more of them than most
# machines of CI have cores: these tests wait a lot. Those on Kafka come first, the many short ones
# last, so that no worker is left alone with a long file.
SIDE_BY_SIDE = -n 3 --dist loadfile --no-loadscope-reorder

test: install ## run the tests, those on a real Kafka included; ARGS="-k router" runs some
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not benchmark and not long and not images" $(ARGS)

long: install ## run the tests that take long: faults, a roll-out, a flood of bad input, demos that go wrong
	$(BIN)/python -m pytest -n 2 --dist loadfile -m long $(ARGS)

pace: install ## hold the speed of each stage against what json takes in the same run
	$(BIN)/python -m pytest -m benchmark $(ARGS)

containers: install ## build the images as root with buildah, run them as pods do with crun, and measure them
	$(BIN)/python -m pytest -m images $(ARGS)

# Without a Kafka: on the Python that PYTHON names, in a venv of its own.
pure: ## run the tests that need no Kafka on another Python; PYTHON=python3.13 names it
	@$(PYTHON) -m venv --clear build/pure
	@build/pure/bin/python $(PIP_INSTALL) --no-compile $(LOCKED) requirements/dev.txt
	@build/pure/bin/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	build/pure/bin/python -m pytest tests/unit tests/engine tests/contract -m "not benchmark" $(ARGS)

faults: install ## inject faults for half an hour; BROKERS=3, MINUTES=5, SEED=number, FAULTS=200, ONLY="cut off" are yours
	@$(BIN)/python -m tests.broker.faults $(if $(BROKERS),--brokers $(BROKERS)) \
		$(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) \
		$(if $(JUDGEMENTS),--judgements $(JUDGEMENTS)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(QUICK),--no-slow) \
		$(if $(ONLY),--only "$(ONLY)") $(if $(LOOPBACK),--loopback)

rollout: install ## roll a new model and table out and back under load; RATE=number, REPLICAS=number, FROM=commit of another release
	@$(if $(FROM),rm -rf build/from && mkdir -p build/from && git archive $(FROM) | tar -x -C build/from && \
		$(MAKE) --no-print-directory -C build/from install PYTHON="$(PYTHON)")
	@$(BIN)/python -m tests.broker.rollout $(if $(RATE),--rate $(RATE)) $(if $(REPLICAS),--replicas $(REPLICAS)) \
		$(if $(FROM),--old build/from)

format: install ## put imports and layout in order
	$(BIN)/ruff check --fix --select I
	$(BIN)/ruff format

lint: install ## check style, types and who imports what
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# In a venv of its own, as for locking. Nothing of what is looked up is installed. It is no step of
# CI, which has to pass without that service; and what could not be looked up is an error (--strict).
audit: $(BIN)/python ## look all that is locked up among known vulnerabilities; asks a public service
	@$(BIN)/python -m venv --clear $(AUDITOR)
	@$(AUDITOR)/bin/python $(PIP_INSTALL) $(LOCKED) requirements/audit.txt
	$(AUDITOR)/bin/pip-audit --strict --progress-spinner off --require-hashes --disable-pip \
		$(patsubst %,--requirement %,$(sort $(wildcard requirements/*.txt)))

bench: $(VENV)/bench-installed ## measure speed and memory on a real Kafka; SHORT=1 takes a quick look
	@$(BIN)/python -m benchmarks $(if $(SHORT),--short)

growth: install ## measure how speed grows with processes, partitions, departments, text and backlog
	@$(BIN)/python -m benchmarks.growth

figures: install ## measure every figure of the model card anew; DATA=folder has the data sets
	@$(BIN)/python -m benchmarks.model_figures "$(DATA)"

schemas: install ## write schemas/ and docs/settings.md anew from the code
	$(BIN)/python -m services.contract.schemas schemas
	$(BIN)/python -m services.operate.contracts schemas
	$(BIN)/python -m services.operate.settings_page docs/settings.md

VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

# The first that answers: a docker without its daemon does not. What the other two write by themselves
# (OCI's format) has no health check.
image: ## build the image of each service, tagged as k8s/ asks; ENGINE=podman, ARGS="--pull" are yours to give
	@for engine in $(or $(ENGINE),docker podman buildah) none; do \
		$$engine info >/dev/null 2>&1 && break; \
	done; \
	case $$engine in \
		docker) set -- docker build ;; \
		podman | buildah) set -- $$engine build --layers --format docker ;; \
		*) echo "$(if $(ENGINE),$(ENGINE) does not answer here,Nothing here builds images): start Docker (23 or newer), or install Podman (4.5) or buildah (1.30)." >&2; \
			exit 1 ;; \
	esac; \
	for service in classifier router settler desk; do \
		"$$@" --target $$service --tag inquiry-triage/$$service:$(VERSION) \
			--build-arg REVISION=$$(git rev-parse HEAD) \
			--build-arg CREATED=$$(date -u +%Y-%m-%dT%H:%M:%SZ) $(ARGS) . || exit 1; \
	done

# The venv that locks is one of its own: nobody needs uv to run, to test or to change the project.
# Pins stay as they are where pyproject.toml still allows them. Every other set takes its pins
# from dev.txt: what runs is what was tested.
COMPILE = $(LOCKER)/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
AS_TESTED = --constraints requirements/dev.txt

lock: $(BIN)/python ## write requirements/ anew from pyproject.toml; UPGRADE=1 takes newer versions
	@echo "Locking what pyproject.toml requires."
	@$(BIN)/python -m venv --clear $(LOCKER)
	@$(LOCKER)/bin/python $(PIP_INSTALL) $(LOCKED) requirements/lock.txt
	@$(COMPILE) --group lock -o requirements/lock.txt
	@$(COMPILE) --group audit -o requirements/audit.txt
	@$(COMPILE) pyproject.toml --extra dev -o requirements/dev.txt
	@$(COMPILE) $(AS_TESTED) --group build -o requirements/build.txt
	@$(COMPILE) pyproject.toml $(AS_TESTED) --extra bench -o requirements/bench.txt
	@$(COMPILE) pyproject.toml $(AS_TESTED) -o requirements/router.txt
	@$(COMPILE) pyproject.toml $(AS_TESTED) --extra classifier -o requirements/classifier.txt
	@$(COMPILE) pyproject.toml $(AS_TESTED) --extra desk -o requirements/desk.txt

# Missing or broken (its Python was removed): made anew, and with it all that was installed.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "There is no $(PYTHON) here: install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v < (3, 11) and "This needs \
	Python 3.11 or newer and $(PYTHON) is %d.%d: say PYTHON=python3.13, or where you have one." % v)'
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }

# Not compiled at once: what is never imported never is, and the first `make demo` is sooner.
$(VENV)/installed: $(BIN)/python requirements/dev.txt pyproject.toml
	@echo "Installing the locked requirements into $(VENV); the first time they are 200 MB to fetch."
	@$(BIN)/python $(PIP_INSTALL) --no-compile $(LOCKED) requirements/dev.txt
	@$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# The clients and converters that it is compared with: no test needs them, nor anything that runs.
$(VENV)/bench-installed: $(VENV)/installed requirements/bench.txt
	@$(BIN)/python $(PIP_INSTALL) --no-compile $(LOCKED) requirements/bench.txt
	@touch $@
