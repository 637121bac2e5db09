# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
SHELL := /bin/sh
.DEFAULT_GOAL := help

RUN := .venv/bin/python
# What needs no sandbox needs no built tools either.
SETUP_PYTHON := tools/setup.sh python collection
STAGES := sanity units integration molecule e2e

.PHONY: help setup demo demo-down sandbox-env check test lint fuzz test-secrets test-bootstrap test-resume $(STAGES)
.PHONY: bench-warm bench-converge bench-gateway

help: ## List these commands
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

setup: ## Install everything this checkout needs: .venv, node modules, built tools
	@tools/setup.sh

demo: ## Sandbox up, site.yml, smoke test, summary
	@started=$$(date +%s) && tools/setup.sh && \
	$(RUN) -m sandbox demo --set-up-seconds $$(($$(date +%s) - started))

demo-down: ## Remove everything that the demo made
	@$(SETUP_PYTHON) >&2
	@$(RUN) -m sandbox down

sandbox-env: ## Shell exports for any client: eval "$(make -s sandbox-env)"
	@$(SETUP_PYTHON) >&2
	@$(RUN) -m sandbox env

check: ## Before each commit: lint, units, the scenarios touched
	@tools/setup.sh
	@$(RUN) -m tests.run check

test: ## Everything: lint, sanity, units, integration, molecule, e2e
	@tools/setup.sh
	@$(RUN) -m tests.run lint $(STAGES)

lint: ## ansible-lint, yamllint, ruff, mypy, shellcheck, changelog
	@$(SETUP_PYTHON)
	@$(RUN) -m tests.run lint

sanity: ## ansible-test sanity
	@$(SETUP_PYTHON)
	@$(RUN) -m tests.run sanity

units: ## Unit tests
	@tools/setup.sh
	@$(RUN) -m tests.run units

integration: ## Each module against the emulated AWS
	@tools/setup.sh
	@$(RUN) -m tests.run integration

fuzz: ## A long sweep of the modules: hundreds of new random sequences each
	@tools/setup.sh
	@$(RUN) -m tests.run fuzz

molecule: ## The whole stack: check, converge, idempotence, verify
	@tools/setup.sh
	@$(RUN) -m tests.run molecule

e2e: ## The user's journey in sandboxes of its own
	@tools/setup.sh
	@$(RUN) -m tests.run e2e

test-secrets: ## Every secret a canary, the whole stack: none is printed, logged, or left anywhere
	@tools/setup.sh
	@$(RUN) -m tests.run secrets

test-bootstrap: ## The database bootstrap interrupted at each of its messages, on every version: same end state
	@tools/setup.sh
	@$(RUN) -m tests.run bootstrap

test-resume: ## Roles killed at every change, modules with every call failing, and run again: same end state; SHARD=i/n
	@tools/setup.sh
	@$(RUN) -m tests.run resume

bench-warm: ## The connection warm against local: ratio and table
	@tools/setup.sh
	@$(RUN) -m tests.bench.warm

bench-converge: ## site.yml from nothing against what AWS itself takes: ratio, no-op seconds, AWS calls
	@tools/setup.sh
	@$(RUN) -m tests.bench.converge

bench-gateway: ## A row through the gateway against PostgREST itself: requests a second, p99
	@tools/setup.sh
	@$(RUN) -m tests.bench.gateway
