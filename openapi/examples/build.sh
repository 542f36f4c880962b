#!/bin/sh
# Compiles the first program of a language against the client in BUILD_FOLDER/sdk,
# as somebody would who copied it from here: TypeScript and Python are checked as
# strictly as their checkers can. Prints the command that runs it.
set -eu

build_folder=${1:?usage: build.sh BUILD_FOLDER typescript|python|rust}
language=${2:?usage: build.sh BUILD_FOLDER typescript|python|rust}
here=$(cd "$(dirname "$0")" && pwd)
tools=$build_folder/openapi
sdk=$build_folder/sdk
program=$sdk/programs/$language

build_typescript() {
    (cd "$sdk/typescript" && npm run -s build)
    mkdir -p "$program/node_modules"
    ln -sfn "$sdk/typescript" "$program/node_modules/warren-client"
    ln -sfn "$tools/typescript/node_modules/@types" "$program/node_modules/@types"
    "$tools/typescript/node_modules/.bin/tsc" --project "$program"
}

build_python() {
    MYPYPATH=$sdk/python "$tools/python/bin/mypy" --strict --follow-imports silent \
        --no-error-summary --cache-dir "$sdk/mypy" "$program/first.py"
}

# It says where `make sdk` puts the client by default, which may be elsewhere.
build_rust() {
    sed "s|\.\./\.\./\.\./target/sdk/rust|$sdk/rust|" "$here/rust/Cargo.toml" >"$program/Cargo.toml"
    CARGO_TARGET_DIR=$sdk/cargo cargo build -q --manifest-path "$program/Cargo.toml"
}

run_typescript() { echo "node $program/first.js"; }
run_python() { echo "env PYTHONPATH=$sdk/python $tools/python/bin/python $program/first.py"; }
run_rust() { echo "$sdk/cargo/debug/first-program"; }

# What the program is made from, as one line.
inputs() {
    (cat "$sdk/inputs" && cd "$here" && find "$language" build.sh -type f -not -path '*/node_modules/*' \
        -exec sha256sum {} + | sort) | sha256sum
}

fresh=$(inputs)
if [ "$fresh" != "$(cat "$program/inputs" 2>/dev/null)" ]; then
    rm -rf "$program"
    mkdir -p "$sdk/programs"
    cp -Rp "$here/$language" "$program"
    "build_$language" >&2
    printf '%s\n' "$fresh" >"$program/inputs"
fi
"run_$language"
