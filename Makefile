# What one does with this repository. `make run` needs Rust's stable toolchain
# (rustup) and a C compiler; `make test` installs the servers it needs.

CARGO ?= cargo
BUILD_FOLDER := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)

# How long `make faults` keeps its loads up, and what its chance begins with.
MINUTES ?= 3
SEED ?= 1

# Which simulations `make simulation` runs.
SEEDS ?= 10000
FIRST ?= 0

# How long `make fuzz` tries each decoder.
SECONDS ?= 60

.PHONY: help run test faults simulation mutations fuzz bench openapi contract sdk clean toolchain

help: ## Say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST)

run: toolchain ## Start Warren: one process, its data in ./data
	$(CARGO) run -q --bin warren -- serve

test: toolchain ## Check the style, then run every test
	tests/install-servers.sh "$(BUILD_FOLDER)"
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) build --workspace --bins
	openapi/generate.sh "$(BUILD_FOLDER)"
	openapi/examples/build.sh "$(BUILD_FOLDER)" typescript >/dev/null
	openapi/examples/build.sh "$(BUILD_FOLDER)" python >/dev/null
	openapi/examples/build.sh "$(BUILD_FOLDER)" rust >/dev/null
	$(CARGO) test --workspace

faults: toolchain ## Break everything on purpose: make faults MINUTES=10 SEED=7
	tests/install-servers.sh "$(BUILD_FOLDER)"
	$(CARGO) build --workspace --bins
	WARREN_FAULTS_MINUTES=$(MINUTES) WARREN_FAULTS_SEED=$(SEED) \
	  $(CARGO) test -p warren-tests --test system -- faults:: --test-threads=1
	$(CARGO) run -q -p warren-simulation -- --seeds 3000 --first $(SEED)000

simulation: toolchain ## Simulate what no test brings about: make simulation SEEDS=100000 FIRST=0
	$(CARGO) run -q -p warren-simulation -- --seeds $(SEEDS) --first $(FIRST)

mutations: toolchain ## Look whether the simulation notices what is wrong
	simulation/mutations/run.sh "$(BUILD_FOLDER)"

bench: toolchain ## Measure Warren beside the bare limits, in a release build
	tests/install-servers.sh "$(BUILD_FOLDER)"
	$(CARGO) build --release --bins -p warren -p warren-api -p warren-worker -p warren-bench
	"$(BUILD_FOLDER)/release/warren-bench" --out docs/benchmarks

# The stable toolchain takes the instruments' flags if it is told that we know.
fuzz: toolchain ## Feed the decoders what nobody would send: make fuzz SECONDS=600
	@command -v cargo-fuzz >/dev/null || $(CARGO) install --locked cargo-fuzz
	for target in client_frame configuration cursor payload; do \
	  RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$(BUILD_FOLDER)/fuzz" $(CARGO) fuzz run $$target \
	    "$(BUILD_FOLDER)/fuzz-corpus/$$target" fuzz/corpus/$$target -- \
	    -dict=fuzz/dictionary/$$target.dict -max_total_time=$(SECONDS) \
	    -rss_limit_mb=512 -max_len=8192 -print_final_stats=1 || exit 1; \
	done

openapi: toolchain ## Write openapi/openapi.json and asyncapi.yaml anew
	mkdir -p openapi
	$(CARGO) run -q --bin warren -- openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json
	$(CARGO) run -q --bin warren -- asyncapi > openapi/asyncapi.yaml.new
	mv openapi/asyncapi.yaml.new openapi/asyncapi.yaml

contract: toolchain ## Accept openapi.json as the contract, unless it breaks clients
	$(CARGO) run -q -p warren-contract -- accept openapi/openapi.json openapi/contract.json

sdk: toolchain ## Generate the TypeScript, Python and Rust clients from openapi.json
	openapi/install-tools.sh "$(BUILD_FOLDER)"
	openapi/generate.sh "$(BUILD_FOLDER)"
	cp "$(BUILD_FOLDER)/sdk/typescript/schema.d.ts" openapi/typescript/schema.d.ts
	@echo "The clients are in $(BUILD_FOLDER)/sdk; openapi/README.md says how to use them."

clean: ## Remove what was built
	$(CARGO) clean

toolchain:
	@command -v $(CARGO) >/dev/null || { \
	  echo "Rust is missing. Install it from https://rustup.rs, then try again." >&2; exit 1; }
	@command -v cc >/dev/null || { \
	  echo "A C compiler is missing. On Debian: sudo apt-get install gcc libc6-dev" >&2; exit 1; }
