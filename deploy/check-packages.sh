#!/usr/bin/env bash
# Looks into the archives and packages in a directory that goreleaser wrote, and runs the program of the deb
# package as the unit does: deploy/check-packages.sh dist
set -euo pipefail
dist=$(cd "$1" && pwd)
work=$(mktemp -d)
server=
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT
arch=$(go env GOARCH)

fail() {
	echo "$*" >&2
	exit 1
}

echo '== checksums'
(cd "$dist" && sha256sum --check --quiet checksums.txt && wc -l <checksums.txt)

echo '== archives'
for archive in "$dist"/*.tar.gz "$dist"/*.zip; do
	case $archive in
	*.zip) files=$(python3 -m zipfile -l "$archive" | awk 'NR > 1 { print $1 }') ;;
	*) files=$(tar -tf "$archive") ;;
	esac
	for file in LICENSE README.md CHANGELOG.md THIRD-PARTY.txt extras/latchkey.1 extras/latchkey.bash extras/latchkey.zsh extras/latchkey.fish; do
		grep -qxF "$file" <<<"$files" || fail "$archive lacks $file"
	done
	grep -qxE 'latchkey(\.exe)?' <<<"$files" || fail "$archive lacks the program"
done

echo '== lists of contents'
for archive in "$dist"/*.tar.gz "$dist"/*.zip; do
	jq -e '.spdxVersion and ([.packages[].name] | index("github.com/labstack/echo/v4") and index("modernc.org/sqlite"))' \
		"$archive.sbom.json" >/dev/null || fail "$archive.sbom.json does not list the modules"
done

# installed ROOT COMPLETIONS checks the files of a package, and that those that the unit needs are among them.
installed() {
	local root=$1 unit=$1/usr/lib/systemd/system/latchkey.service file
	for file in "$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$unit")" "$(sed -n 's/^WorkingDirectory=//p' "$unit")/.env" \
		/usr/share/man/man1/latchkey.1 /usr/share/bash-completion/completions/latchkey "$2/_latchkey" \
		/usr/share/fish/vendor_completions.d/latchkey.fish /usr/share/doc/latchkey/THIRD-PARTY.txt; do
		[ -s "$root$file" ] || fail "the package lacks $file"
	done
	[ "$(stat -c %a "$root/etc/latchkey/.env")" = 600 ] || fail "/etc/latchkey/.env may be read by others"
}

echo '== rpm'
if command -v rpm2archive >/dev/null; then
	mkdir "$work/rpm"
	for package in "$dist"/*.rpm; do
		rm -rf "$work/rpm" && mkdir "$work/rpm"
		rpm2archive - <"$package" | tar -xz -C "$work/rpm"
		installed "$work/rpm" /usr/share/zsh/site-functions
		rpm -qp --requires "$package" | grep -qxF /usr/sbin/useradd || fail "$package does not require useradd"
		rpm -qp --configfiles "$package" | grep -qxF /etc/latchkey/.env || fail "$package would replace the settings"
	done
else
	echo 'not checked: rpm2archive is missing'
fi

echo '== deb'
if ! command -v dpkg-deb >/dev/null; then
	echo 'not checked: dpkg-deb is missing'
	exit
fi
root=$work/root
for package in "$dist"/*.deb; do
	rm -rf "$root"
	dpkg-deb -R "$package" "$root"
	installed "$root" /usr/share/zsh/vendor-completions
	for script in postinst prerm postrm; do sh -n "$root/DEBIAN/$script"; done
	grep -qxF /etc/latchkey/.env "$root/DEBIAN/conffiles" || fail "$package would replace the settings"
done

# The deb package of this machine's architecture: as the unit starts it, in the directory of its settings.
rm -rf "$root"
dpkg-deb -x "$dist"/*_linux_"$arch".deb "$root"
latchkey=$root/usr/bin/latchkey
cd "$root/etc/latchkey"
"$latchkey" version
if "$latchkey" serve >"$work/log" 2>&1; then fail 'the service started without an issuer'; fi
grep -q ISSUER "$work/log" || fail "the service does not say that the issuer is missing: $(cat "$work/log")"

umask 077
head -c 32 /dev/urandom | base64 >"$work/secret"
export LATCHKEY_ISSUER=https://auth.example.com LATCHKEY_DATA_DIR=$work/data LATCHKEY_SECRET_FILE=$work/secret
mkdir "$work/data"
password=$(head -c 18 /dev/urandom | base64)
echo "$password" | "$latchkey" user create alice --email alice@example.com --role ROLE_ADMIN --verified
"$latchkey" doctor >"$work/log" || fail "$(cat "$work/log")"
"$latchkey" serve --listen 127.0.0.1:0 >"$work/log" 2>&1 &
server=$!
for _ in $(seq 100); do
	address=$(grep -oE '127\.0\.0\.1:[1-9][0-9]*' "$work/log" | head -1) && break
	sleep 0.1
done
[ -n "$address" ] || fail "the service did not start: $(cat "$work/log")"
curl -sSf "http://$address/.well-known/oauth-authorization-server" |
	jq -e '.token_endpoint == "https://auth.example.com/token"' >/dev/null || fail 'wrong metadata'
curl -sSf "http://$address/token" -d grant_type=password -d username=alice --data-urlencode password="$password" |
	jq -e '.access_token and .token_type == "Bearer"' >/dev/null || fail 'no token'
kill "$server"
wait "$server" || fail "the service did not stop cleanly: $(cat "$work/log")"
server=
echo 'installed, started, gave a token, stopped'
