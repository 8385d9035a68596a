//go:build load

package e2e

import (
	"database/sql"
	"flag"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var soakTime = flag.Duration("soak.time", 10*time.Minute, "how long the load lasts, on both engines at once")

// For each sign-in, a session and the events that follow from it remain for a day and for a year. Everything
// else that the load does must not make the database grow.
const (
	soakUsers   = 10
	soakPace    = 50 * time.Millisecond // between the requests of a user
	bytesSignIn = 3 << 10
)

// sample is the state of the service at one time.
type sample struct{ memory, goroutines, descriptors, file float64 }

// Under a constant load of refreshes, profiles, introspections and sign-ins, memory, goroutines, open files
// and the size of the database stay as they are.
func TestSoak(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.addClients(t)
		s := start(t, inst, withAdmin, "LATCHKEY_LOG_LEVEL=warn")
		l := &soakLoad{server: s}
		end := time.Now().Add(*soakTime)
		done := make(chan struct{})
		go func() {
			defer close(done)
			l.run(end)
		}()
		var all []sample
		signIns := []int64{}
		tick := time.NewTicker(max(*soakTime/200, 250*time.Millisecond))
		defer tick.Stop()
		for running := true; running; {
			select {
			case <-done:
				running = false
			case <-tick.C:
				all, signIns = append(all, s.sample(t, inst)), append(signIns, l.signIns.Load())
			}
		}
		require.Empty(t, l.problem.Load(), "responses")
		requireFlat(t, all, signIns)
		t.Logf("%d requests in %v, %d responses with 503", l.requests.Load(), *soakTime, l.busy.Load())
		require.Less(t, l.busy.Load(), l.requests.Load()/50, "responses with 503")
	})
}

// requireFlat compares the second quarter of the time, when everything is warm, with the last.
func requireFlat(t *testing.T, all []sample, signIns []int64) {
	t.Helper()
	n := len(all)
	require.Greater(t, n, 20, "samples")
	early, late := most(all[n/4:n/2]), most(all[3*n/4:])
	const mib = 1 << 20
	t.Logf("memory %.0f then %.0f MiB, goroutines %.0f then %.0f, open files %.0f then %.0f, database %.1f then %.1f MiB",
		early.memory/mib, late.memory/mib, early.goroutines, late.goroutines, early.descriptors, late.descriptors, early.file/mib, late.file/mib)
	require.LessOrEqual(t, late.memory, early.memory*1.1+8*mib, "resident memory")
	require.LessOrEqual(t, late.goroutines, early.goroutines*1.1+10, "goroutines")
	require.LessOrEqual(t, late.descriptors, early.descriptors+10, "open files")
	rows := float64(signIns[n-1] - signIns[n/4])
	require.LessOrEqual(t, late.file, early.file*1.1+rows*bytesSignIn+4*mib, "the database, after %.0f sign-ins", rows)
}

// most returns the highest of each value.
func most(all []sample) (m sample) {
	for _, s := range all {
		m = sample{max(m.memory, s.memory), max(m.goroutines, s.goroutines), max(m.descriptors, s.descriptors), max(m.file, s.file)}
	}
	return m
}

func (s *server) sample(t *testing.T, inst installation) sample {
	t.Helper()
	return sample{s.gauge(t, "process_resident_memory_bytes") + s.helperMemory(), s.gauge(t, "go_goroutines"), s.gauge(t, "process_open_fds"), inst.size(t)}
}

// size returns the size of the database in bytes, with SQLite's log.
func (i installation) size(t *testing.T) (n float64) {
	t.Helper()
	if path, found := strings.CutPrefix(i.database, "sqlite:"); found {
		for _, suffix := range []string{"", "-wal"} {
			info, err := os.Stat(path + suffix)
			require.NoError(t, err)
			n += float64(info.Size())
		}
		return n
	}
	i.withDatabase(t, func(db *sql.DB) error {
		return db.QueryRowContext(t.Context(), `SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
			WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`).Scan(&n)
	})
	return n
}

// soakLoad is a constant load.
type soakLoad struct {
	*server
	requests, signIns, busy atomic.Int64
	problem                 atomic.Value // the first response that was wrong, or nil
}

// run lets users act until a time.
func (l *soakLoad) run(end time.Time) {
	done := make(chan struct{})
	for user := range soakUsers {
		go func() {
			defer func() { done <- struct{}{} }()
			l.use(user, end)
		}()
	}
	for range soakUsers {
		<-done
	}
}

// use is one user, who signs in for each hundredth request.
func (l *soakLoad) use(user int, end time.Time) {
	c := l.from(fmt.Sprintf("198.18.9.%d", user))
	tick := time.NewTicker(soakPace)
	defer tick.Stop()
	var access, refresh string
	for n := user * 10; time.Now().Before(end); n++ {
		var got response
		var err error
		switch {
		case access == "" || n%100 == 0:
			l.signIns.Add(1)
			got, err = c.tryForm("/token", "grant_type", "password", "username", "user", "password", devPassword("user"))
		case n%3 == 0:
			got, err = c.try("GET /api/auth/users/me", access, "", nil)
		case n%3 == 1:
			got, err = c.tryForm("/introspect", append([]string{"token", access}, asWeb...)...)
		default:
			got, err = c.tryForm("/token", "grant_type", "refresh_token", "refresh_token", refresh)
		}
		l.requests.Add(1)
		busy := err == nil && got.status == http.StatusServiceUnavailable // and says so, on a busy machine
		if busy {
			l.busy.Add(1)
		} else if err != nil || got.status != http.StatusOK {
			l.problem.CompareAndSwap(nil, fmt.Sprintf("%d %s %v", got.status, got.body, err))
			return
		}
		if token := part(got.body, "refresh_token"); token != "" {
			access, refresh = part(got.body, "access_token"), token
		}
		<-tick.C
	}
}

// gauge returns a value of a scrape.
func (s *server) gauge(t *testing.T, name string) float64 {
	t.Helper()
	value, err := strconv.ParseFloat(s.metrics(t)[name], 64)
	require.NoError(t, err, name)
	require.False(t, math.IsNaN(value), name)
	return value
}

// helperMemory returns the resident memory of the processes that the server has started, in bytes. It is 0
// on systems other than Linux.
func (s *server) helperMemory() (bytes float64) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.cmd.Process.Pid)) // fails only if the pattern is malformed
	for _, file := range files {
		children, _ := os.ReadFile(file) // a thread that has ended has no children
		for pid := range strings.FieldsSeq(string(children)) {
			statm, _ := os.ReadFile("/proc/" + pid + "/statm") // a process that has ended has no memory
			if fields := strings.Fields(string(statm)); len(fields) > 1 {
				pages, _ := strconv.ParseFloat(fields[1], 64)
				bytes += pages * float64(os.Getpagesize())
			}
		}
	}
	return bytes
}
