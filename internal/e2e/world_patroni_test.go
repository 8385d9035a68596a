//go:build failover

package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patroniCluster is a PostgreSQL cluster of three nodes that replaces a lost primary by itself.
type patroniCluster struct {
	nodes []*patroniNode
	url   string // names all nodes
}

// patroniNode is a PostgreSQL server and the Patroni that runs it.
type patroniNode struct {
	name, dir     string
	postgres, api string // addresses
	cmd           *exec.Cmd
	log           *output
	ended         chan struct{}
}

// patroniSettings are those of docs/production.md, with short times.
const patroniSettings = `
scope: latchkey
name: %[1]s
restapi: {listen: "%[2]s", connect_address: "%[2]s"}
etcd3: {host: "%[3]s"}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 5
    primary_start_timeout: 0
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {max_connections: 100, wal_log_hints: "on", fsync: "off", shared_buffers: 32MB}
  initdb: [{encoding: UTF8}, {locale: C}, data-checksums]
postgresql:
  listen: "%[4]s"
  connect_address: "%[4]s"
  data_dir: %[5]s/data
  bin_dir: %[6]s
  pgpass: %[5]s/pgpass
  authentication:
    superuser: {username: latchkey, password: %[7]s}
    replication: {username: replicator, password: %[7]s}
  parameters: {unix_socket_directories: %[5]s}
  pg_hba:
    - local all all scram-sha-256
    - host all all 127.0.0.1/32 scram-sha-256
    - host replication replicator 127.0.0.1/32 scram-sha-256
`

// startPatroniCluster starts etcd and three nodes, and waits until all are part of the cluster.
func startPatroniCluster(t *testing.T) *patroniCluster {
	t.Helper()
	bin := os.Getenv("POSTGRES_BIN")
	require.NotEmpty(t, bin, "POSTGRES_BIN is not set: run `make failover`, which finds or installs what is needed")
	dir, err := os.MkdirTemp("", "latchkey-patroni-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	owner := serverOwner(t)
	own(t, dir, owner)
	etcd := startEtcd(t, dir, owner)
	c := &patroniCluster{}
	password := rand.Text()
	var addresses []string
	for i := range 3 {
		n := &patroniNode{name: fmt.Sprintf("node%d", i), dir: filepath.Join(dir, strconv.Itoa(i)), postgres: freeAddress(t), api: freeAddress(t)}
		require.NoError(t, os.Mkdir(n.dir, 0o700))
		own(t, n.dir, owner)
		file := filepath.Join(n.dir, "patroni.yml")
		settings := fmt.Sprintf(patroniSettings, n.name, n.api, etcd, n.postgres, n.dir, bin, password)
		require.NoError(t, os.WriteFile(file, []byte(settings), 0o600))
		own(t, file, owner)
		n.start(t, owner)
		t.Cleanup(func() { n.stop(t) })
		c.nodes = append(c.nodes, n)
		addresses = append(addresses, n.postgres)
	}
	c.url = fmt.Sprintf("postgres://latchkey:%s@%s/postgres?sslmode=disable", password, strings.Join(addresses, ","))
	c.waitUntilWhole(t)
	return c
}

// serverOwner returns the user that runs PostgreSQL, which refuses to run as root; nil is the current user.
func serverOwner(t *testing.T) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	require.NoError(t, err)
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	require.NoError(t, err)
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	require.NoError(t, err)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func own(t *testing.T, path string, owner *syscall.Credential) {
	t.Helper()
	if owner != nil {
		require.NoError(t, os.Chown(path, int(owner.Uid), int(owner.Gid)))
	}
}

// startEtcd starts a single etcd and returns its address.
func startEtcd(t *testing.T, dir string, owner *syscall.Credential) string {
	t.Helper()
	clients, peers := freeAddress(t), freeAddress(t)
	cmd := exec.CommandContext(context.Background(), os.Getenv("ETCD"), "--name", "etcd", "--data-dir", filepath.Join(dir, "etcd"),
		"--listen-client-urls", "http://"+clients, "--advertise-client-urls", "http://"+clients,
		"--listen-peer-urls", "http://"+peers, "--initial-advertise-peer-urls", "http://"+peers, "--initial-cluster", "etcd=http://"+peers)
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: owner}
	startProgram(t, cmd, newOutput(regexp.MustCompile(`ready to serve client requests|serving insecure client requests`)))
	return clients
}

// start starts Patroni, which starts PostgreSQL.
func (n *patroniNode) start(t *testing.T, owner *syscall.Credential) {
	t.Helper()
	n.cmd = exec.CommandContext(context.Background(), os.Getenv("PATRONI"), filepath.Join(n.dir, "patroni.yml"))
	n.log, n.ended = newOutput(regexp.MustCompile(`never`)), make(chan struct{})
	n.cmd.Dir, n.cmd.Stdout, n.cmd.Stderr = n.dir, n.log, n.log
	n.cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+n.dir)
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	require.NoError(t, n.cmd.Start())
	cmd, ended := n.cmd, n.ended
	go func() {
		_ = cmd.Wait() // the reason for the exit is in its log
		close(ended)
	}()
}

// postmaster returns the process of PostgreSQL, or 0 if there is none.
func (n *patroniNode) postmaster(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(n.dir, "data", "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(string(text), "\n", 2)[0]))
	require.NoError(t, err)
	return pid
}

// crash kills PostgreSQL, and Patroni too if the whole node is to be lost.
func (n *patroniNode) crash(t *testing.T, node bool) {
	t.Helper()
	pid := n.postmaster(t)
	require.NotZero(t, pid)
	if node {
		require.NoError(t, n.cmd.Process.Kill())
	}
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	if node {
		<-n.ended
	}
}

// stop stops Patroni, which stops PostgreSQL, and kills whatever is left.
func (n *patroniNode) stop(t *testing.T) {
	t.Helper()
	_ = n.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-n.ended:
	case <-time.After(waitTimeout):
		_ = n.cmd.Process.Kill()
		<-n.ended
	}
	if pid := n.postmaster(t); pid != 0 {
		_ = syscall.Kill(pid, syscall.SIGKILL) // the file may be older than the last crash
	}
	if t.Failed() {
		t.Logf("%s:\n%s", n.name, n.log)
	}
}

// member is a node as the others see it.
type member struct{ Name, Role, State string }

// members asks the nodes for the members of the cluster, and returns the first answer.
func (c *patroniCluster) members(t *testing.T) []member {
	t.Helper()
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{}).DialContext}}
	for _, n := range c.nodes {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+n.api+"/cluster", nil)
		require.NoError(t, err)
		got, err := client.Do(r)
		if err != nil {
			continue // the node is down
		}
		var answer struct{ Members []member }
		err = json.NewDecoder(got.Body).Decode(&answer)
		_ = got.Body.Close()
		if err == nil {
			return answer.Members
		}
	}
	return nil
}

// leader returns the node that accepts writes, or nil.
func (c *patroniCluster) leader(t *testing.T) *patroniNode {
	t.Helper()
	for _, m := range c.members(t) {
		for _, n := range c.nodes {
			if m.Role == "leader" && m.State == "running" && m.Name == n.name {
				return n
			}
		}
	}
	return nil
}

// waitUntilWhole waits until there is a primary, every other node follows it, and one of them has every
// commit before it is acknowledged.
func (c *patroniCluster) waitUntilWhole(t *testing.T) {
	t.Helper()
	var last []member
	require.Eventually(t, func() bool {
		last = c.members(t)
		roles := map[string]int{}
		for _, m := range last {
			if m.State == "running" || m.State == "streaming" {
				roles[m.Role]++
			}
		}
		return roles["leader"] == 1 && roles["sync_standby"] == 1 && roles["replica"] == 1
	}, 5*waitTimeout, 100*time.Millisecond, "the cluster is not whole")
}
