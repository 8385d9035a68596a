# All that is done to Latchkey by hand or by CI. `make help` lists it.

# The versions of the tools, pinned here and nowhere else.
OAPI_CODEGEN  := github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
REDOCLY       := @redocly/cli@2.77.0
OPENAPI_TS    := openapi-typescript@7.13.0 typescript@5.9.3

# What oapi-codegen writes, and the contract as it is embedded and served.
GENERATED := api/api.gen.go api/client/client.gen.go api/openapi.yaml

BIN := .bin

.DEFAULT_GOAL := help
.PHONY: help run test model races scale verify generate lint fmt build sdk oapi-codegen golangci-lint

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start the service in dev mode on the embedded database; needs only Go
	CGO_ENABLED=0 go run ./cmd/latchkey serve --dev $(ARGS)

# The detector needs a C compiler, the tests PostgreSQL and Chromium: testenv finds or installs them.
test: ## Run every test with the race detector, on both databases and in the browser
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	CGO_ENABLED=1 $(BIN)/testenv go test -race -count=1 -timeout 30m $(or $(PKG),./...)

# What `make test` shows with few operations and rounds, for longer.
model: ## Compare a million random operations on sessions with the model, on both databases
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -count=1 -timeout 1h -v -run '^TestModel$$' ./internal/oauth -model.ops=$(or $(OPS),1000000)

races: ## Let 100 callers at once use one refresh token, 200 rounds, on SQLite and on three servers of PostgreSQL
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -count=1 -timeout 1h -v -run '^TestSimultaneousRefresh$$' ./cmd/latchkey -races.rounds=$(or $(ROUNDS),200)

scale: ## Measure the lists of users with a million of them, on both databases
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	TEST_SCALE_USERS=1000000 $(BIN)/testenv go test -count=1 -v -timeout 60m -run '^TestManyUsers$$' ./cmd/latchkey

verify: generate golangci-lint ## Check that generated code is fresh, and format, vet, lint, go.mod
	@git diff --exit-code -- $(GENERATED) || { echo 'stale: commit what make generate wrote'; exit 1; }
	@! gofmt -l api cmd internal migrations | grep . || { echo 'not gofmt-ed: run make fmt'; exit 1; }
	go vet ./...
	$(BIN)/golangci-lint run
	go mod tidy -diff

generate: oapi-codegen ## Write api/ from openapi.yaml
	$(BIN)/oapi-codegen -config api/oapi-codegen.yaml openapi.yaml
	$(BIN)/oapi-codegen -config api/client/oapi-codegen.yaml openapi.yaml
	cp openapi.yaml api/openapi.yaml

lint: golangci-lint ## Run the linters alone
	$(BIN)/golangci-lint run

fmt: golangci-lint ## Format the code and sort the imports
	$(BIN)/golangci-lint fmt

build: ## Build the static binary ./latchkey
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o latchkey ./cmd/latchkey

# Other languages' generators read the contract less forgivingly than Go's; this asks two of them.
sdk: ## Lint openapi.yaml, write a TypeScript client from it and type-check that; needs Node.js
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && cp openapi.yaml "$$dir" && cd "$$dir" && \
	npm install --silent --no-audit --no-fund $(REDOCLY) $(OPENAPI_TS) && \
	npx redocly lint openapi.yaml && \
	npx openapi-typescript openapi.yaml --output openapi.ts && \
	npx tsc --noEmit --strict openapi.ts

# A tool is built when it is missing or of another version, with the Go that builds Latchkey:
# golangci-lint reads no code newer than itself.
oapi-codegen:
	@$(call tool,$(OAPI_CODEGEN))

golangci-lint:
	@$(call tool,$(GOLANGCI_LINT))

# tool PACKAGE@VERSION
tool = go version -m $(BIN)/$(notdir $(firstword $(subst @, ,$(1)))) 2>/dev/null | \
	awk '$$1 == "mod" && $$3 == "$(lastword $(subst @, ,$(1)))" { found = 1 } END { exit !found }' || { \
	echo 'go install $(1)'; \
	GOBIN=$(CURDIR)/$(BIN) GOTOOLCHAIN=$$(go env GOVERSION) GOFLAGS= go install $(1); }
