#!/bin/sh
# Generates the clients from openapi.json into BUILD_FOLDER/sdk/{typescript,python,rust},
# unless nothing has changed since the last time. `make sdk` also puts the one
# generated file of the TypeScript client, which is checked in, into its place.
set -eu

build_folder=${1:?usage: generate.sh BUILD_FOLDER}
here=$(cd "$(dirname "$0")" && pwd)
tools=$build_folder/openapi
sdk=$build_folder/sdk
version=$(sed -n 's/^    "version": "\(.*\)",$/\1/p' "$here/openapi.json")

generate_typescript() {
    mkdir -p "$sdk/typescript"
    cp "$here/typescript/package.json" "$here/typescript/tsconfig.json" \
        "$here/typescript/index.ts" "$sdk/typescript"
    ln -sfn "$tools/typescript/node_modules" "$sdk/typescript/node_modules"
    "$tools/typescript/node_modules/.bin/openapi-typescript" "$here/openapi.json" \
        --output "$sdk/typescript/schema.d.ts"
}

generate_python() {
    python3 "$here/prepare.py" python <"$here/openapi.json" >"$sdk/python.json"
    PATH=$tools/python/bin:$PATH openapi-python-client generate --path "$sdk/python.json" \
        --output-path "$sdk/python" --overwrite --meta setup \
        --config "$here/python/config.yml" --custom-template-path "$here/python/templates"
}

generate_rust() {
    python3 "$here/prepare.py" rust <"$here/openapi.json" >"$sdk/rust.json"
    "$tools/progenitor/bin/cargo-progenitor" progenitor --input "$sdk/rust.json" \
        --output "$sdk/rust" --name warren-client --version "$version" \
        --license-name 'MIT OR Apache-2.0' --interface builder --tags merged --include-client false
    sed -i "s/^progenitor-client = .*/progenitor-client = \"$(cat "$tools/progenitor/version")\"/" \
        "$sdk/rust/Cargo.toml"
    cp "$here/rust/signed_in.rs" "$sdk/rust/src/"
    echo 'mod signed_in;' >>"$sdk/rust/src/lib.rs"
    printf '\n[features]\n# For https.\ntls = ["reqwest/rustls"]\n' >>"$sdk/rust/Cargo.toml"
}

# What the clients are made from, as one line.
inputs() {
    find "$here" -type f -not -path '*/node_modules/*' -not -path '*/dist/*' \
        -not -path '*/examples/*' -exec sha256sum {} + | sort | sha256sum
}

fresh=$(inputs)
[ "$fresh" = "$(cat "$sdk/inputs" 2>/dev/null)" ] && exit 0
rm -rf "$sdk/inputs" "$sdk/typescript" "$sdk/python" "$sdk/rust"
mkdir -p "$sdk"
for language in typescript python rust; do
    log=$sdk/$language.log
    trap 'cat "$log" >&2' EXIT
    "generate_$language" >"$log" 2>&1
done
trap - EXIT
printf '%s\n' "$fresh" >"$sdk/inputs"
