#!/bin/sh
# Breaks Warren in each of the ways of this folder and looks whether the simulation
# notices: run.sh BUILD_FOLDER [SEEDS]. One program has all mutations; a variable of
# its environment says which it shows. Fails if one survives so many seeds.
set -eu
cd "$(dirname "$0")/../.."
folder=$1/mutations
seeds=${2:-1000}
cargo=${CARGO:-cargo}

rm -rf "$folder"
mkdir -p "$folder/source"
tar -cf - --exclude=./.git --exclude=./target --exclude=./data --exclude=node_modules . |
  tar -xf - -C "$folder/source"
for mutation in simulation/mutations/*.patch; do
  patch -d "$folder/source" -p1 -s <"$mutation"
done
CARGO_TARGET_DIR=$1 "$cargo" build -q --manifest-path "$folder/source/Cargo.toml" -p warren-simulation
cp "$1/debug/warren-simulation" "$folder/warren-simulation"

# Without a mutation nothing may be found.
"$folder/warren-simulation" --seeds 50

survivors=0
for mutation in simulation/mutations/[!0]*.patch; do
  name=$(basename "$mutation" .patch)
  found=$(WARREN_MUTATION=$name "$folder/warren-simulation" --seeds "$seeds" | grep violates || true)
  if [ -n "$found" ]; then
    number=${found#seed }
    invariant=${found#*violates }
    printf '%-32s seed %-5s %s\n' "$name" "${number%% *}" "${invariant%%:*}"
  elif grep -q '^Harmless' "$mutation"; then
    printf '%-32s harmless, as it says\n' "$name"
  else
    printf '%-32s SURVIVED %s seeds\n' "$name" "$seeds"
    survivors=$((survivors + 1))
  fi
done
test "$survivors" = 0
