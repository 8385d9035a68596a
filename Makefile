# Every task of the project, for developers and CI. `make help` lists them.

# Tool versions are pinned here and nowhere else.
OAPI_CODEGEN  := github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GORELEASER    := github.com/goreleaser/goreleaser/v2@v2.17.0
KUBE_SCORE    := github.com/zegl/kube-score/cmd/kube-score@v1.20.0
SYFT          := github.com/anchore/syft/cmd/syft@v1.57.1

# The files that make generate writes: code, the embedded contract, reference pages.
GENERATED := api/api.gen.go api/client/client.gen.go api/openapi.yaml \
	api/compat/codevoweb/codevoweb.gen.go api/compat/fastapiusers/fastapiusers.gen.go api/compat/pycharm/pycharm.gen.go \
	docs/settings.md docs/commands.md docs/endpoints.md docs/errors.md

BIN := .bin

.DEFAULT_GOAL := help
# No target is a file.
.PHONY: $(shell awk -F: '/^[a-z-]+:/ { print $$1 }' $(firstword $(MAKEFILE_LIST)))

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start the service in dev mode on the embedded database; needs only Go
	CGO_ENABLED=0 go run ./cmd/latchkey serve --dev $(ARGS)

# The race detector needs a C compiler, and -race as an argument tells testenv; the tests need PostgreSQL and
# Chromium. testenv finds or installs them.
# The tests of internal/e2e run a program that is built without the race detector, which would slow down only
# the test itself, five times; they run beside the others. make verify vets the tests.
test: ## Run every test, on both databases and in the browser; with the race detector, except internal/e2e
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	@$(BIN)/testenv sh -c ' \
		raced=$$(go list $(or $(PKG),./...)) || exit 1; \
		whole=$$(echo "$$raced" | grep "/internal/e2e$$"); raced=$$(echo "$$raced" | grep -v "/internal/e2e$$"); \
		[ -z "$$whole" ] || CGO_ENABLED=0 go test -vet=off -count=1 -timeout 30m -parallel 3 $$whole & \
		[ -z "$$raced" ] || CGO_ENABLED=1 go test "$$1" -vet=off -count=1 -timeout 30m $$raced; \
		code=$$?; wait $$! && exit $$code' test -race

# Part of make test, to be run alone.
hostile: ## Send what attackers and broken clients send, to the program on both databases
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -count=1 -timeout 10m -run '^(TestHostile|TestCanaries|TestWebhook|TestVectors)' ./internal/e2e ./internal/hook

# Each parser has a fuzz target. A failing input is written to testdata/fuzz: commit it with the fix.
fuzz: ## Fuzz each parser for FUZZTIME, 20s by default
	@grep -rhoE --include='*_test.go' '^func Fuzz[A-Za-z0-9]+' api internal | wc -l | xargs echo 'fuzz targets:'
	@grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9]+' api internal | sed -E 's|/[^/]+:func | |' | sort | while read -r dir target; do \
		CGO_ENABLED=0 go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(or $(FUZZTIME),20s) "./$$dir" || exit 1; \
	done

# testenv installs the Python packages, pinned in requirements.txt, in $(BIN)/fastapi.
fastapi: ## Compare the profile fastapi-users with the Python package, and sign in from the docs of a FastAPI app
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -tags=fastapi -count=1 -v -run '^TestFastAPI' ./internal/e2e

# testenv installs the packages, pinned in internal/e2e/testdata/apis, in $(BIN)/apis.
apis: ## Run the APIs and the gateways of docs/apis in Express, FastAPI, Flask, Traefik and Envoy
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -tags=apis -count=1 -timeout 10m -v -run '^TestAPIs' ./internal/e2e

# The script installs what the examples need.
examples: ## Start each example application and test it with real tokens; ONLY="go express" for some
	examples/test.sh $(ONLY)

# Longer runs of tests that `make test` runs with few operations.
model: ## Compare a million random operations on sessions with the model, on both databases
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -count=1 -timeout 1h -v -run '^TestModel$$' ./internal/oauth -model.ops=$(or $(OPS),1000000)

rotations: ## Rotate the signing key 30 times under verifiers that cache the public keys
	CGO_ENABLED=0 go test -count=1 -v -run '^TestCachingVerifiersKnowEveryKey$$' ./internal/keyring -keyring.rotations=$(or $(ROUNDS),30)

bcrypt: ## Refuse a thousand passwords of which bcrypt would ignore the end
	CGO_ENABLED=0 go test -count=1 -v -run '^TestBcrypt72Bytes$$' ./internal/password -password.prefixes=$(or $(ROUNDS),40)

races: ## Refresh one token by 100 callers at once, 200 rounds, on SQLite and on three servers with PostgreSQL
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -count=1 -timeout 1h -v -run '^TestSimultaneousRefresh$$' ./internal/e2e -races.rounds=$(or $(ROUNDS),200)

# kill and faults are parts of make test, too, with fewer rounds.
kill: ## Kill the service under load for ROUNDS rounds, 10 by default, on both databases, and see that nothing is lost
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -count=1 -timeout 2h -v -run '^TestKillUnderLoad$$' ./internal/e2e -kill.rounds=$(or $(ROUNDS),10) -kill.ready=3s

faults: ## Put eight faults of the network between the service and PostgreSQL, and see that six operations respond as they must
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -count=1 -timeout 10m -v -run '^TestNetworkFaults$$' ./internal/e2e

# testenv finds or installs Patroni and etcd.
failover: ## Lose the primary of a PostgreSQL cluster under load ROUNDS times, 10 by default, and see that nothing is lost
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -tags=failover -count=1 -timeout 2h -v -run '^TestFailover$$' ./internal/e2e -failover.rounds=$(or $(ROUNDS),10)

overload: ## Offer far more sign-ins than the service can hash, twice for SECONDS, 60 by default, on each database
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -tags=load -count=1 -timeout 2h -v -run '^TestOverload$$' ./internal/e2e -overload.time=$(or $(SECONDS),60)s

soak: ## See that memory, goroutines, open files and the database stay flat under load, for SECONDS, 600 by default
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -tags=load -count=1 -timeout 24h -v -run '^TestSoak$$' ./internal/e2e -soak.time=$(or $(SECONDS),600)s

# Earlier versions are built from the history, which must be complete.
upgrade: ## Let earlier versions go on while this one migrates their database, and serve it together, on both databases
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -tags=upgrade -count=1 -timeout 30m -v -run '^TestUpgrade$$' ./internal/e2e

scale: ## Measure lists of a million users, also in the console, and disable a client with 150,000 sessions, on both databases
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -count=1 -v -timeout 60m -run '^TestDisableClientWithManySessions$$' ./internal/store/postgres ./internal/store/sqlite -store.sessions=150000
	TEST_SCALE_USERS=1000000 $(BIN)/testenv go test -count=1 -v -timeout 60m -run '^(TestManyUsers|TestConsoleWithManyUsers)$$' ./internal/e2e

pages: ## Measure the size and the first paint of the pages, on a machine that does nothing else
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -count=1 -v -run '^(TestPagesAreLight|TestConsoleIsLight)$$' ./internal/e2e -paint.limit=100ms

pictures: ## Make the pictures in docs from the running program
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	TEST_PICTURES=$(CURDIR)/docs/pictures $(BIN)/testenv go test -count=1 -run '^TestPictures$$' ./internal/e2e

timing: ## Compare the times of 2,000 failed logins of each kind, on both databases; takes about an hour
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	$(BIN)/testenv go test -count=1 -v -timeout 3h -run '^TestLoginTimeHidesUsers$$' ./internal/e2e -timing.samples=$(or $(SAMPLES),2000)

# docs/performance/README.md explains the rows. Examples: make bench ROWS=refresh,profile SECONDS=30
# ENGINES=postgres; make bench USERS=1000000; make bench WRITE=1; make bench CHECK=1;
# make bench PEER=http://127.0.0.1:9999 ARGS='-peer-users users.tsv -profile-path /user'
bench: ## Measure the rates and latencies beside their limits on this machine, on both databases
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	CGO_ENABLED=0 go build -o $(BIN)/bench ./internal/bench
	$(if $(PEER),,$(BIN)/testenv -durable) $(BIN)/bench $(if $(SECONDS),-seconds $(SECONDS)) $(if $(ENGINES),-engines $(ENGINES)) \
		$(if $(ROWS),-rows $(ROWS)) $(if $(USERS),-users $(USERS)) $(if $(REPLICAS),-replicas $(REPLICAS)) $(if $(WRITE),-write docs/performance) \
		$(if $(CHECK),-check) $(if $(PEER),-peer $(PEER)) $(ARGS)

verify: generate golangci-lint ## Check that generated code and docs are fresh, and format, vet, lint, go.mod
	@git diff --exit-code -- $(GENERATED) || { echo 'stale: commit what make generate wrote'; exit 1; }
	@! gofmt -l api cmd docs internal migrations | grep . || { echo 'not gofmt-ed: run make fmt'; exit 1; }
	go vet -tags=apis,fastapi,failover,load,sdk,upgrade ./...
	$(BIN)/golangci-lint run
	go mod tidy -diff

generate: oapi-codegen ## Write api/ from openapi.yaml, and the reference tables in docs/ from the code
	$(BIN)/oapi-codegen -config api/oapi-codegen.yaml openapi.yaml
	$(BIN)/oapi-codegen -config api/client/oapi-codegen.yaml openapi.yaml
	cp openapi.yaml api/openapi.yaml
	$(BIN)/oapi-codegen -config api/compat/codevoweb/oapi-codegen.yaml api/compat/codevoweb.yaml
	$(BIN)/oapi-codegen -config api/compat/fastapiusers/oapi-codegen.yaml api/compat/fastapi-users.yaml
	$(BIN)/oapi-codegen -config api/compat/pycharm/oapi-codegen.yaml api/compat/pycharm.yaml
	CGO_ENABLED=0 go run ./cmd/latchkey docs docs

lint: golangci-lint ## Run only the linters
	$(BIN)/golangci-lint run

fmt: golangci-lint ## Format the code and sort the imports
	$(BIN)/golangci-lint fmt

build: ## Build the static binary ./latchkey
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o latchkey ./cmd/latchkey

# testenv installs what the other languages need in $(BIN)/sdk: packages with pinned versions. Maven
# downloads its own.
sdk: ## Generate clients in other languages from the contract, run them, and check the contract with their tools
	CGO_ENABLED=0 go build -o $(BIN)/testenv ./internal/testenv
	CGO_ENABLED=0 $(BIN)/testenv go test -tags=sdk -count=1 -timeout 20m -v -run '^TestSDK' ./internal/e2e

# The first time, the tools and the program for six platforms are compiled, which takes about half an hour.
release-check: goreleaser kube-score syft ## Make a release twice, without images, compare the bytes, and run what is in the deb package
	deploy/check.sh

# After a change of a version in the manifest: make vendor-web ARGS=-update
vendor-web: ## Fetch the libraries of the pages and check them against their manifests; needs npm
	CGO_ENABLED=0 go run ./internal/web/vendorweb $(ARGS) internal/web/static/vendor
	CGO_ENABLED=0 go run ./internal/web/vendorweb $(ARGS) internal/e2e/testdata/axe

# A tool is built when it is missing or of another version, with the Go that builds Latchkey:
# golangci-lint reads no code newer than itself.
oapi-codegen:
	@$(call tool,$(OAPI_CODEGEN))

golangci-lint:
	@$(call tool,$(GOLANGCI_LINT))

goreleaser:
	@$(call tool,$(GORELEASER),goreleaser)

kube-score:
	@$(call tool,$(KUBE_SCORE))

syft:
	@$(call tool,$(SYFT))

# tool PACKAGE@VERSION[,NAME]; the name of the program is that of the package unless it is given
tool = go version -m $(BIN)/$(or $(2),$(notdir $(firstword $(subst @, ,$(1))))) 2>/dev/null | \
	awk '$$1 == "mod" && $$3 == "$(lastword $(subst @, ,$(1)))" { found = 1 } END { exit !found }' || { \
	echo 'go install $(1)'; \
	GOBIN=$(CURDIR)/$(BIN) GOTOOLCHAIN=$$(go env GOVERSION) GOFLAGS= go install $(1); }
