package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A server that starts while the database is away is alive and not ready, and serves once it is back.
func TestStartBeforeDatabase(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]proxyMode{"connection refused": refuse, "no response": hang} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inst := newPostgres(t)
			proxy := startProxy(t, &inst)
			proxy.set(outage)
			listen := freeAddress(t)
			s := launchWith(t, inst, []string{"--dev", "--listen", listen})
			s.caller = caller{url: "http://" + listen}
			eventually(t, func() bool { return s.isUp(t) })
			require.Equal(t, http.StatusOK, s.get(t, "/healthz", "").status)
			for _, path := range []string{"/readyz", "/readyz?deep=1", "/.well-known/jwks.json", "/api/auth/users/me"} {
				got := s.get(t, path, "")
				require.Equal(t, http.StatusServiceUnavailable, got.status, path)
				require.Equal(t, "temporarily_unavailable", got.code(t), path)
				require.NotEmpty(t, got.header.Get("Retry-After"), path)
			}
			got := s.post(t, "/token", "grant_type", "password", "username", "user", "password", devPassword("user"))
			require.Equal(t, "temporarily_unavailable", field(t, got.body, "error"))

			proxy.set(forward)
			s.waitUntilListening()
			s.devToken(t, "user")
			require.Equal(t, http.StatusOK, s.get(t, "/readyz?deep=1", "").status)
		})
	}
}

// isUp reports whether the server accepts connections.
func (s *server) isUp(t *testing.T) bool {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

// A start ends with an error when the wait is over, and at once if waiting does not help.
func TestStartWithoutDatabase(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	inst.database = "postgres://u:canary-password@127.0.0.1:1/x"
	begin := time.Now()
	inst.requireRefused(t, "connection refused; check LATCHKEY_DATABASE_URL (waited 2s; see LATCHKEY_DATABASE_WAIT)", "LATCHKEY_DATABASE_WAIT=2s")
	require.Greater(t, time.Since(begin), time.Second/2, "it waited")

	refusing := newPostgres(t)
	refusing.database = strings.Replace(refusing.database, "postgres://", "postgres://nobody_of_this_name:x@", 1)
	if at := strings.LastIndex(refusing.database, "@"); strings.Count(refusing.database, "@") > 1 {
		refusing.database = "postgres://nobody_of_this_name:x" + refusing.database[at:]
	}
	begin = time.Now()
	refusing.requireRefused(t, "nobody_of_this_name", "LATCHKEY_DATABASE_WAIT=10m")
	require.Less(t, time.Since(begin), waitTimeout)
}

// A replica that cannot write says so when it is asked in depth, and remains ready otherwise.
func TestDeepReadiness(t *testing.T) {
	t.Parallel()
	t.Run("database away", func(t *testing.T) {
		t.Parallel()
		for name, outage := range map[string]proxyMode{"refused": refuse, "dropped": drop} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				inst := newPostgres(t)
				proxy := startProxy(t, &inst)
				s := start(t, inst)
				require.Equal(t, http.StatusOK, s.get(t, "/readyz?deep=1", "").status)
				proxy.set(outage)
				s.requireFailing(t, "database")
				require.Equal(t, http.StatusOK, s.get(t, "/readyz", "").status)
				proxy.set(forward)
				eventually(t, func() bool { return s.get(t, "/readyz?deep=1", "").status == http.StatusOK })
			})
		}
	})
	t.Run("no descriptors", func(t *testing.T) {
		t.Parallel()
		inst := newSQLite(t)
		s := start(t, inst)
		require.Equal(t, http.StatusOK, s.get(t, "/readyz?deep=1", "").status)
		limitDescriptors(t, s.cmd.Process.Pid)
		s.requireFailing(t, "descriptors")
	})
}

// requireFailing waits until the result of the last check is forgotten and requires that checks fail.
func (s *server) requireFailing(t *testing.T, checks ...any) {
	t.Helper()
	var got response
	eventually(t, func() bool {
		begin := time.Now()
		got = s.get(t, "/readyz?deep=1", "")
		require.Less(t, time.Since(begin), outageLimit)
		return got.status == http.StatusServiceUnavailable
	})
	require.Subset(t, decode(t, got.body)["failing"], checks, got.body)
	require.NotEmpty(t, got.header.Get("Retry-After"))
}

// limitDescriptors lets a process open seven more files at most: enough for a request and for connections to
// the database, and fewer than it wants to have. The limit is on the number of a file, and the process
// reuses the numbers of those that it has closed.
func limitDescriptors(t *testing.T, pid int) {
	t.Helper()
	limit := 0
	for free := 0; free < 7; limit++ {
		if _, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, limit)); err != nil {
			free++
		}
	}
	out, err := exec.CommandContext(t.Context(), "prlimit", "--pid", strconv.Itoa(pid), "--nofile="+strconv.Itoa(limit)).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
