//go:build unix

// Testenv runs a command, usually go test, on a machine that may have only Go installed. It finds a
// PostgreSQL server, Chromium, PgBouncer, nginx, Caddy and HAProxy, and for the race detector a C compiler. For
// the tests of a build tag it finds more: for fastapi Python with the packages that Latchkey is compared with,
// for apis Python and Node.js with those of the APIs in docs/apis, for sdk Python, Node.js and Maven, and for
// failover Patroni and etcd. It starts or installs what is missing, without prompting, and passes the locations
// to the command in environment variables, such as TEST_DATABASE_URL and CHROMIUM. When the command ends, for
// whatever reason, it stops everything that it has started. With -durable before the command, for measurements,
// it finds only PostgreSQL and starts it with durable commits.
//
//   - main.go: finding what the command needs, and running the command
//   - search.go: searching the sources of a requirement in order
//   - postgres.go, chromium.go, pgbouncer.go, gateways.go, compiler.go, python.go, node.go, apis.go, sdk.go, failover.go:
//     the requirements and where they are found
//   - program.go: searching for a program that the tests start themselves
//   - cluster.go: a temporary PostgreSQL server from installed programs
//   - docker.go: PostgreSQL and Chromium in containers
//   - packages.go: installing packages with the system's package manager
//   - host.go: access to the machine, which tests replace
//
// Creating databases and schemas is left to the tests. Testenv never skips anything: if a requirement
// cannot be met, it fails and prints the command to run.
package main
