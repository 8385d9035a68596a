#!/usr/bin/env bash
# Checks what a release is made of: make release-check. It needs no container engine and publishes nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=$PWD/.bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo '== .goreleaser.yaml'
"$bin/goreleaser" check

echo '== systemd unit'
if command -v systemd-analyze >/dev/null; then
	# The program need not be installed here.
	sed 's|^ExecStart=.*|ExecStart=/bin/true|; s|^User=.*|User=nobody|; /^Group=/d' deploy/systemd/latchkey.service >"$work/latchkey.service"
	systemd-analyze verify --man=no "$work/latchkey.service"
	systemd-analyze security --offline=yes --threshold=20 "$work/latchkey.service" | tail -1
else
	echo 'not checked: systemd-analyze is missing'
fi

echo '== Kubernetes manifests'
"$bin/kube-score" score --ignore-container-cpu-limit --output-format ci deploy/kubernetes/*.yaml

echo '== shell scripts'
for script in deploy/*.sh deploy/systemd/*.sh examples/*.sh; do bash -n "$script"; done

echo '== files of the packages'
sh deploy/generated.sh
for file in latchkey.1 latchkey.bash latchkey.zsh latchkey.fish; do [ -s "build/release/$file" ]; done

# Two builds in two directories with two caches give the same bytes.
echo '== reproducible build'
for name in one another-directory; do
	mkdir -p "$work/$name"
	git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$work/$name" 2>/dev/null || true
	(cd "$work/$name" && GOCACHE="$work/cache-$name" CGO_ENABLED=0 GOOS=linux GOARCH=amd64 \
		go build -trimpath -buildvcs=false -ldflags '-s -w -buildid= -X main.version=check' -o latchkey ./cmd/latchkey)
	sha256sum <"$work/$name/latchkey"
done
cmp "$work/one/latchkey" "$work/another-directory/latchkey"
echo 'the same'
