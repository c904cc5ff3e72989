# Two commands: `make run` and `make test`. Everything else is listed by `make help`.
.DEFAULT_GOAL := help
PY := .venv/bin/python
# SET goes as it is: a setting begins at `section.key=`, so values may have blanks
ARGS := $(if $(PROFILE),--profile $(PROFILE)) $${SET:+--set "$$SET"}
export SET

.PHONY: help setup run plan status report ui test test-all check fix lock bench docs up down clean distclean

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' Makefile

setup:  ## virtual environment and locked packages (once; the others call it)
	@sh deploy/setup.sh

run: setup  ## the whole pipeline; PROFILE=smoke, SET="train.epochs=10 report.title=My run"
	@$(PY) -m flows run $(ARGS)

plan: setup  ## which stages would run, and why
	@$(PY) -m flows plan $(ARGS)

status: setup  ## what is at work, how the last run ended, what waits to be recorded
	@$(PY) -m flows status

report: setup  ## open the page
	@$(PY) -m flows report

ui: setup  ## open MLflow on http://127.0.0.1:5000 (and say how to open Prefect)
	@echo "Prefect: make up, then http://127.0.0.1:4200"
	@$(PY) -m flows ui

test: setup  ## the tests that everyone runs
	@$(PY) -m pytest -q -m "not slow" -n 2 --dist loadscope --no-loadscope-reorder

test-all: setup  ## and the slow ones: servers, browser, chaos
	@$(PY) -m pytest -q -n 2 --dist loadscope --no-loadscope-reorder

check: setup  ## lint, format, types
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

fix: setup  ## mend what `make check` can mend by itself
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

lock: setup  ## resolve the packages anew
	@.venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --upgrade -q pyproject.toml --extra dev -o requirements.lock
	@.venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --upgrade -q --group docs -o deploy/docs.lock

bench: setup  ## measure and write benchmarks/results and docs/benchmarks.md
	@$(PY) -m benchmarks

docs: setup  ## the site of docs/, in site/
	@sh deploy/docs.sh

up: setup  ## Prefect server, worker and MLflow server on loopback
	@$(PY) -m deploy.servers up

down: setup  ## end them
	@$(PY) -m deploy.servers down

clean:  ## remove what runs have made and nothing else; keep the record and DVC's cache
	@[ ! -e .ganatomy/servers/up.json ] || $(PY) -m deploy.servers down
	@[ -x $(PY) ] || { echo "error: .venv is missing: 'make setup' first" >&2; exit 1; }
	@$(PY) -m flows.clean
	@rm -rf .mypy_cache .ruff_cache .pytest_cache
	@find flows tasks ganatomy tests benchmarks deploy -name __pycache__ -prune -exec rm -rf {} +

distclean:  ## and the record, the cache and the virtual environment
	@[ ! -x $(PY) ] || $(MAKE) --no-print-directory clean
	@rm -rf .venv .venv-docs site .ganatomy .prefect mlflow.db mlruns mlartifacts .dvc/cache .dvc/tmp dvc.lock
