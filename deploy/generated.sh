#!/bin/sh
# Writes what the archives, packages and images of a release contain beside the program to build/release:
# the manual page, the scripts for shells, and the licences of everything that is in the program.
# The argument is the version that the manual page names.
set -eu
cd "$(dirname "$0")/.."
umask 022
out=build/release
rm -rf "$out"
mkdir -p "$out"

latchkey=$(mktemp)
trap 'rm -f "$latchkey"' EXIT
# With the flags of the release, so that nothing is compiled twice.
CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.version=${1:-development}" -o "$latchkey" ./cmd/latchkey
"$latchkey" man >"$out/latchkey.1"
for shell in bash zsh fish; do
	"$latchkey" completion "$shell" >"$out/latchkey.$shell"
done

# modules lists the modules in the programs of all systems, each with its directory.
modules() {
	for system in linux darwin windows; do
		CGO_ENABLED=0 GOOS=$system go list -deps \
			-f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/latchkey
	done | LC_ALL=C sort -u
}

# licence NAME FILE... appends the texts under a heading.
licence() {
	printf '\n======== %s\n\n' "$1"
	shift
	cat "$@"
}

modules >"$out/modules"
{
	echo 'The latchkey program contains the software below. The licence of Latchkey itself is in LICENSE.'
	licence 'Go, the standard library' "$(go env GOROOT)/LICENSE"
	while read -r path version directory; do
		files=$(find "$directory" -maxdepth 1 -type f \( -iname 'licen[sc]e*' -o -iname 'copying*' -o -iname 'notice*' -o -iname 'patents' \) | LC_ALL=C sort)
		[ -n "$files" ] || { echo "$path has no licence" >&2; exit 1; }
		# The paths of modules have no spaces.
		# shellcheck disable=SC2086
		licence "$path $version" $files
	done <"$out/modules"
	for file in internal/web/static/vendor/*.LICENSE.txt; do
		licence "$(basename "$file" .LICENSE.txt).js" "$file"
	done
	licence 'the list of common passwords' internal/password/NOTICE
} >"$out/THIRD-PARTY.txt"
rm "$out/modules"
