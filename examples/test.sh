#!/usr/bin/env bash
# Starts Latchkey and each example, and tests the examples with real tokens: make examples.
# With names as arguments, only those. Packages are installed in .bin/examples; Python, Node.js and
# Maven with the package manager if they are missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
work=$root/.bin/examples
all=(fastapi express spring-boot go nextjs)
[ $# -gt 0 ] || set -- "${all[@]}"
services=()
trap 'for pid in "${services[@]}"; do kill "$pid" 2>/dev/null || true; done' EXIT

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# need COMMAND PACKAGE... installs Debian packages unless the command is there.
need() {
	command -v "$1" >/dev/null && return
	command -v apt-get >/dev/null || fail "$1 is missing: install it and run make examples again"
	local sudo=()
	[ "$(id -u)" = 0 ] || sudo=(sudo -n)
	"${sudo[@]}" apt-get update -q >/dev/null
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${@:2}" >/dev/null
}

# free_port prints a port on which nothing listens.
free_port() {
	local port
	for port in $(shuf -i 20000-29999 -n 50); do
		if ! (: </dev/tcp/127.0.0.1/"$port") 2>/dev/null; then
			echo "$port"
			return
		fi
	done
	fail "no free port"
}

# start NAME URL COMMAND... runs a service in the background and waits until it responds at the URL.
start() {
	local name=$1 url=$2 log=$work/$1.log pid
	shift 2
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	services+=("$pid")
	for _ in $(seq 600); do
		if curl --silent --output /dev/null "$url"; then return; fi
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.2
	done
	cat "$log" >&2
	fail "$name did not start"
}

# stop ends the service that was started last.
stop() {
	kill "${services[-1]}"
	wait "${services[-1]}" 2>/dev/null || true
	unset 'services[-1]'
}

# expect STATUS PATTERN CURL-ARGUMENTS... requires a status, and a pattern in the headers and the body.
expect() {
	local status=$1 pattern=$2 got
	shift 2
	got=$(curl --silent --include "$@") || fail "curl $*"
	[[ $got == "HTTP/1.1 $status"* ]] || fail "want status $status of $*, got: $got"
	grep -qiE "$pattern" <<<"$got" || fail "want $pattern in the response of $*, got: $got"
}

token() {
	(cd "$work" && ./latchkey token -u "$1")
}

# test_api tests one of the four APIs, which do the same.
test_api() {
	local url=$1 user admin foreign
	user=$(token user)
	admin=$(token admin)
	expect 401 'www-authenticate: bearer' "$url/hello"
	expect 401 'invalid_token' -H 'Authorization: Bearer junk' "$url/hello"
	expect 401 'invalid_token' -H "Authorization: Bearer ${user%????}AAAA" "$url/hello"
	expect 200 '"roles": ?\["ROLE_USER"\]' -H "Authorization: Bearer $user" "$url/hello"
	expect 403 . -H "Authorization: Bearer $user" "$url/admin"
	expect 200 'for administrators' -H "Authorization: Bearer $admin" "$url/admin"
	foreign=$(cd "$work" && LATCHKEY_ISSUER=http://localhost:1 ./latchkey token -u admin)
	expect 401 'invalid_token' -H "Authorization: Bearer $foreign" "$url/admin"
	foreign=$(cd "$work" && LATCHKEY_AUDIENCE=another-api ./latchkey token -u admin)
	expect 401 'invalid_token' -H "Authorization: Bearer $foreign" "$url/admin"
}

# test_front_end signs in, refreshes and signs out as a browser does.
test_front_end() {
	local url=$1 jar=$work/cookies
	rm -f "$jar"
	expect 200 '<h1>Sign in' "$url/"
	expect 303 'location: /\?error=1' -d 'username=user&password=wrong' "$url/login"
	expect 403 'cross-site' -H 'Sec-Fetch-Site: cross-site' -d 'username=user&password=user-dev-password' "$url/login"
	expect 303 'set-cookie: access_token=.*HttpOnly' -c "$jar" -d 'username=user&password=user-dev-password' "$url/login"
	expect 200 'ROLE_USER' -b "$jar" "$url/"
	sed -i '/access_token/d' "$jar" # as if it had expired
	expect 200 'ROLE_USER' -b "$jar" -c "$jar" "$url/"
	grep -q access_token "$jar" || fail "the page did not refresh the access token"
	cp "$jar" "$jar.before"
	expect 303 'location: /' -X POST -b "$jar" -c "$jar" "$url/logout"
	sed -i '/access_token/d' "$jar.before"
	expect 200 '<h1>Sign in' -b "$jar.before" "$url/" # the session has ended at Latchkey, too
}

# copy NAME copies an example to where its packages are installed, and goes there.
copy() {
	mkdir -p "$work/$1"
	cp -R "examples/$1/." "$work/$1"
	cd "$work/$1"
}

run_fastapi() {
	need python3 python3 python3-venv
	copy fastapi
	[ -x venv/bin/python ] || python3 -m venv venv
	venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	start fastapi "http://127.0.0.1:$PORT/openapi.json" venv/bin/uvicorn main:app --host 127.0.0.1 --port "$PORT"
	test_api "http://127.0.0.1:$PORT"
}

run_express() {
	need npm nodejs npm
	copy express
	npm ci --silent --no-audit --no-fund
	start express "http://127.0.0.1:$PORT/hello" node server.js
	test_api "http://127.0.0.1:$PORT"
}

run_spring-boot() {
	need mvn maven default-jdk-headless
	copy spring-boot
	mvn --quiet --batch-mode package
	start spring-boot "http://127.0.0.1:$PORT/hello" java -jar target/api.jar
	test_api "http://127.0.0.1:$PORT"
}

run_go() {
	copy go
	CGO_ENABLED=0 GOWORK=off go build -o api .
	start go "http://127.0.0.1:$PORT/hello" ./api
	test_api "http://127.0.0.1:$PORT"
}

run_nextjs() {
	need npm nodejs npm
	copy nextjs
	npm ci --silent --no-audit --no-fund
	export NEXT_TELEMETRY_DISABLED=1
	npx next build >"$work/nextjs-build.log" 2>&1 || { cat "$work/nextjs-build.log" >&2; fail "next build"; }
	start nextjs "http://127.0.0.1:$PORT/" node_modules/.bin/next start --hostname 127.0.0.1 --port "$PORT"
	test_front_end "http://127.0.0.1:$PORT"
}

need curl curl ca-certificates
mkdir -p "$work"
CGO_ENABLED=0 go build -o "$work/latchkey" ./cmd/latchkey
rm -rf "$work/data"
LATCHKEY_LISTEN=127.0.0.1:$(free_port)
export LATCHKEY_LISTEN LATCHKEY_ISSUER=http://localhost:${LATCHKEY_LISTEN#*:}
cd "$work"
start latchkey "$LATCHKEY_ISSUER/readyz" ./latchkey serve --dev
for name in "$@"; do
	cd "$root"
	declare -F "run_$name" >/dev/null || fail "there is no example $name; the examples are ${all[*]}"
	PORT=$(free_port)
	export PORT
	SECONDS=0
	"run_$name"
	stop
	echo "ok  examples/$name  ${SECONDS}s"
done
