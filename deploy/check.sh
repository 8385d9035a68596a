#!/usr/bin/env bash
# Checks what a release is made of: make release-check. It needs no container engine and publishes nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH=$PWD/.bin:$PATH
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

echo '== .goreleaser.yaml'
goreleaser check

echo '== systemd unit'
if command -v systemd-analyze >/dev/null; then
	# The program need not be installed here.
	sed 's|^ExecStart=.*|ExecStart=/bin/true|; s|^User=.*|User=daemon|; /^Group=/d' deploy/systemd/latchkey.service >"$work/latchkey.service"
	systemd-analyze verify --man=no "$work/latchkey.service"
	systemd-analyze security --offline=yes --threshold=20 "$work/latchkey.service" | tail -1
else
	echo 'not checked: systemd-analyze is missing'
fi

echo '== Kubernetes manifests'
kube-score score --ignore-container-cpu-limit --output-format ci deploy/kubernetes/*.yaml

echo '== shell scripts'
scripts=(deploy/*.sh deploy/systemd/*.sh examples/*.sh .ci/run)
for script in "${scripts[@]}"; do "$(sed -n '1s/.*[/ ]//p' "$script")" -n "$script"; done
if command -v shellcheck >/dev/null; then
	shellcheck "${scripts[@]}"
else
	echo 'only parsed: shellcheck is missing'
fi

# They are read only: building the images needs a container engine.
echo '== Dockerfiles'
if command -v hadolint >/dev/null; then
	hadolint Dockerfile deploy/image/Dockerfile
else
	echo 'not checked: hadolint is missing'
fi

# copy writes the files of this directory, committed or not, to another one, as a repository whose only
# commit has the tag v1.0.0. Paths and times differ between the copies; commits do not.
copy() {
	local index=$work/index tree date='2001-02-03T04:05:06Z'
	GIT_INDEX_FILE=$index git add --all
	tree=$(GIT_INDEX_FILE=$index git write-tree)
	mkdir -p "$1"
	git archive "$tree" | tar -x -C "$1"
	git -C "$1" init --quiet
	git -C "$1" remote add origin https://github.com/latchkey-auth/latchkey
	git -C "$1" add --all
	GIT_AUTHOR_DATE=$date GIT_COMMITTER_DATE=$date git -C "$1" -c user.name=check -c user.email=check@latchkey.example \
		commit --quiet --message 'Check the release'
	git -C "$1" tag v1.0.0
}

# A release of this source, in two directories, without what needs a container engine or publishes. The time
# is bounded: for the first, the program is compiled for six platforms.
echo '== release'
copy "$work/one"
copy "$work/another-directory"
(cd "$work/one" && goreleaser release --skip=publish,announce,docker --timeout="${RELEASE_TIMEOUT:-60m}")
deploy/check-packages.sh "$work/one/dist"

echo '== the same archives and packages, in another directory and with other permissions'
(cd "$work/another-directory" && umask 077 && goreleaser release --skip=publish,announce,docker,sbom --timeout=20m) \
	>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
diff <(grep -v sbom "$work/one/dist/checksums.txt") "$work/another-directory/dist/checksums.txt"
echo 'the same'

echo '== the same program by the command of docs/production.md, with an empty cache'
command=$(sed -n 's/^\$ \(CGO_ENABLED=0 go build .*main\.version=1\.0\.0.*\)/\1/p' docs/production.md)
(cd "$work/another-directory" && GOCACHE=$work/cache GOOS=linux GOARCH=amd64 timeout 30m bash -c "$command")
cmp "$work"/one/dist/latchkey_linux_amd64*/latchkey "$work/another-directory/latchkey"
sha256sum <"$work/another-directory/latchkey"
