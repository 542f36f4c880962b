#!/bin/sh
# Installs what works on the OpenAPI document into the build folder: the client
# generators, the contract tester, the type checkers. Versions are pinned here,
# in requirements.txt and in typescript/package-lock.json. Needs Node.js, npm,
# Python 3.11 with venv, and cargo; the second run of the same versions does nothing.
set -eu

build_folder=${1:?usage: install-tools.sh BUILD_FOLDER}
here=$(cd "$(dirname "$0")" && pwd)
tools=$build_folder/openapi
progenitor_version=0.15.1

install_python_tools() {
    cmp -s "$here/requirements.txt" "$tools/python/requirements.txt" && return
    rm -rf "$tools/python"
    python3 -m venv "$tools/python"
    "$tools/python/bin/pip" install -q --disable-pip-version-check --no-deps \
        -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$tools/python/"
}

install_typescript_tools() {
    cmp -s "$here/typescript/package-lock.json" "$tools/typescript/package-lock.json" &&
        [ -d "$tools/typescript/node_modules" ] && return
    mkdir -p "$tools/typescript"
    cp "$here/typescript/package.json" "$here/typescript/package-lock.json" "$tools/typescript"
    (cd "$tools/typescript" && npm ci --no-audit --no-fund --loglevel=error \
        --cache "$tools/npm-cache")
}

# Built without optimisation: it runs for a second.
install_rust_generator() {
    [ "$(cat "$tools/progenitor/version" 2>/dev/null)" = "$progenitor_version" ] && return
    rm -rf "$tools/progenitor"
    CARGO_TARGET_DIR=$tools/progenitor-build cargo install -q --locked --profile dev \
        --version "$progenitor_version" --root "$tools/progenitor" cargo-progenitor
    rm -rf "$tools/progenitor-build"
    echo "$progenitor_version" >"$tools/progenitor/version"
}

mkdir -p "$tools"
install_python_tools
install_typescript_tools
install_rust_generator
