# Modelseal's tasks. `make demo` and `make test` do all their set-up themselves.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
REQUIREMENTS ?= requirements.txt

.PHONY: help
help: ## List the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | column -t -s '|'

.PHONY: demo
demo: ## Run the whole chain on the sample project (REQUIREMENTS=requirements-vulnerable.txt: see the gate stop it)
	@bash tests/demo.sh $(REQUIREMENTS)

.PHONY: test
test: lint unit slow contract integration end-to-end ## Lint, and run every test

.PHONY: unit
unit: $(BIN)/made ## Run the unit tests: no Docker, no network, under a minute
	$(BIN)/python -m pytest tests/unit -q -n 2 --dist worksteal -m "not slow"

.PHONY: slow
slow: $(BIN)/made ## Run the unit tests that take longer: 20,000 findings, every changed byte
	$(BIN)/python -m pytest tests/unit -q -n 2 -m slow

.PHONY: contract
contract: $(BIN)/made node_modules ## Check actions, workflows, documentation and the house's rules
	$(BIN)/python -m pytest tests/contract -q

.PHONY: integration
integration: $(BIN)/made node_modules docker chromium ## Run the tests with real tools, Docker, a registry and a local Sigstore
	$(BIN)/python -m pytest tests/integration -q -n 2 --dist loadfile

.PHONY: end-to-end
end-to-end: $(BIN)/made docker ## Run the example workflows under act, from another repository
	$(BIN)/python -m pytest tests/end_to_end -q

.PHONY: lint
lint: $(BIN)/made node_modules ## Check style, types, actions, workflows, shell scripts and the sample's Dockerfile
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/zizmor --offline --quiet --persona=pedantic action.yml actions workflows-examples/*.yml .github
	$(BIN)/actionlint workflows-examples/*.yml .github/workflows/*.yml
	for file in action.yml actions/*/action.yml workflows-examples/*.yml .github/workflows/*.yml; do \
	  tests/contract/node_modules/.bin/action-validator "$$file" || exit 1; done
	$(BIN)/shellcheck scripts/run tests/*.sh tests/assets/*.sh tests/assets/sample-project/*.sh .ci/run
	$(BIN)/hadolint tests/assets/sample-project/Dockerfile

.PHONY: bench
bench: $(BIN)/made docker ## Measure the figures in the README, beside the peers, in one run
	$(BIN)/python benchmarks/run.py

.PHONY: format
format: $(BIN)/made ## Format the Python code, and write what is generated from the stations' declarations
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format
	$(BIN)/python tests/declarations.py --write
	$(BIN)/python tests/policy_reference.py --write
	$(BIN)/python tests/rules_reference.py --write

.PHONY: lock
lock: $(BIN)/made ## Resolve the hash-locked requirements anew
	bash tests/lock.sh

.PHONY: docker
docker: # A Docker engine that runs, and the base image of the sample project
	@bash tests/setup.sh docker

.PHONY: chromium
chromium: # A browser for the report
	@bash tests/setup.sh chromium

.PHONY: picture
picture: $(BIN)/made chromium ## Take the picture of the report anew that the README shows
	PYTHONPATH=scripts:tests $(BIN)/python tests/report_screenshot.py

.PHONY: clean
clean: ## Remove everything that was made here
	rm -rf .venv .cache build dist modelseal-out tests/contract/node_modules tests/assets/*/node_modules

$(BIN)/made: tests/requirements.lock
	@bash tests/setup.sh python
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r tests/requirements.lock
	@touch $@

.PHONY: node_modules
node_modules: tests/contract/node_modules/.made tests/assets/local-sigstore/node_modules/.made tests/assets/github-api/node_modules/.made

%/node_modules/.made: %/package-lock.json
	@bash tests/setup.sh node
	npm ci --prefix $* --silent --no-audit --no-fund --ignore-scripts
	@touch $@
