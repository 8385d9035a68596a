#!/bin/sh
# Writes the manual page and the scripts for shells to build/release, for the packages.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/release
latchkey() { CGO_ENABLED=0 go run ./cmd/latchkey "$@"; }
latchkey man >build/release/latchkey.1
for shell in bash zsh fish; do
	latchkey completion "$shell" >"build/release/latchkey.$shell"
done
