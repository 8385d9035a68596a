//go:build load

package e2e

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/password"
)

var overloadTime = flag.Duration("overload.time", time.Minute, "how long sign-ins arrive on each engine")

const (
	overloadFactor = 20  // times what the service can sign in
	overloadUsers  = 400 // so that no limit of a user is met by right passwords
	mostInFlight   = 2000
	manyCallers    = 1000
)

// floods are the two kinds of overload. Sign-ins arrive at 20 times the rate that the service can hash, whether or not
// the earlier ones have ended; or a thousand callers sign in, and try again at once when they are refused.
var floods = map[string]func(f *flood, capacity float64){
	"arrivals": func(f *flood, capacity float64) { f.arrivals(capacity*overloadFactor, *overloadTime) },
	"callers":  func(f *flood, _ float64) { f.callers(manyCallers, *overloadTime, true) },
}

// More sign-ins than the service can hash. Each response is 200, 400 for a wrong password, or 503 or 429 with
// Retry-After; liveness, public keys and refreshes are served meanwhile; memory stays bounded; half of the users who could be
// signed in are; and when the flood ends, the next sign-in succeeds at once.
func TestOverload(t *testing.T) { //nolint:paralleltest // one flood at a time
	for name, engine := range map[string]func(*testing.T) installation{"postgres": newPostgres, "sqlite": newSQLite} { //nolint:paralleltest // the same
		for kind, send := range floods {
			t.Run(name+"/"+kind, func(t *testing.T) {
				inst := engine(t)
				inst.addManyUsers(t, overloadUsers)
				s := start(t, inst, withAdmin, "LATCHKEY_LOG_LEVEL=info")
				f := &flood{server: s, client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: mostInFlight}}}
				capacity := f.capacity(t, 3*time.Second)
				f.reset()
				base := s.gauge(t, "process_resident_memory_bytes") + s.helperMemory()
				probes := startProbes(t, s)

				send(f, capacity)
				probes.stop()
				begin := time.Now()
				s.from("198.18.255.255").token(t, "flood-1", validPassword) // who never gave a wrong password
				require.Less(t, time.Since(begin), 2*time.Second, "the first sign-in after the flood")
				f.requireHonest(t)
				probes.requireServed(t, base)
				f.report(t, capacity)
				f.reset()
				f.requireGoodput(t, capacity, f.capacity(t, 3*time.Second))
			})
		}
	}
}

// addManyUsers creates users with validPassword, whose hash is computed once.
func (i installation) addManyUsers(t *testing.T, n int) {
	t.Helper()
	hasher, err := password.New(password.Options{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	hash, err := hasher.Hash(t.Context(), validPassword)
	require.NoError(t, err)
	i.withStore(t, func(ctx context.Context, s store) {
		for n := range n {
			u := newUser(fmt.Sprintf("flood-%d", n), hash, account.RoleUser)
			require.NoError(t, s.CreateUser(ctx, u, audit.Change{}))
		}
	})
}

// flood is many sign-ins at once.
type flood struct {
	*server
	client   *http.Client
	next     atomic.Int64
	statuses [600]atomic.Int64 // 0: no response
	held     atomic.Int64      // not sent, because too many were under way
	goodput  float64           // sign-ins per second during the flood

	mu       sync.Mutex
	problems []string
	refusals []time.Duration // how long they took
}

func (f *flood) reset() {
	for i := range f.statuses {
		f.statuses[i].Store(0)
	}
	f.refusals = nil
}

// signIn signs in one of the users; each tenth password is wrong.
func (f *flood) signIn(wrong bool) {
	n := f.next.Add(1)
	c := f.from(fmt.Sprintf("198.18.%d.%d", n/250%250, n%250))
	form := url.Values{"grant_type": {"password"}, "username": {fmt.Sprintf("flood-%d", n%overloadUsers)}, "password": {validPassword}}
	if wrong && n%10 == 0 {
		form.Set("password", "wrong "+strconv.FormatInt(n, 10))
	}
	begin := time.Now()
	got, err := c.tryWith(f.client, "POST /token", "", formType, []byte(form.Encode()))
	took := time.Since(begin)
	f.statuses[got.status].Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err != nil:
		f.problems = append(f.problems, err.Error())
	case got.status == http.StatusServiceUnavailable || got.status == http.StatusTooManyRequests:
		f.refusals = append(f.refusals, took)
		if after, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || after < 1 {
			f.problems = append(f.problems, fmt.Sprintf("%d with Retry-After %q", got.status, got.header.Get("Retry-After")))
		}
	case got.status != http.StatusOK && (got.status != http.StatusBadRequest || form.Get("password") == validPassword):
		f.problems = append(f.problems, fmt.Sprintf("%d %s", got.status, got.body))
	}
}

// capacity returns how many sign-ins a second the service completes.
func (f *flood) capacity(t *testing.T, during time.Duration) float64 {
	t.Helper()
	f.callers(int(f.gauge(t, "latchkey_hash_slots"))+1, during, false)
	f.requireHonest(t)
	return float64(f.statuses[http.StatusOK].Load()) / during.Seconds()
}

// callers lets n callers sign in, each again as soon as it has its response.
func (f *flood) callers(n int, during time.Duration, wrong bool) {
	end := time.Now().Add(during)
	var wait sync.WaitGroup
	for range n {
		wait.Go(func() {
			for time.Now().Before(end) {
				f.signIn(wrong)
			}
		})
	}
	wait.Wait()
}

// arrivals sends sign-ins at a rate, whether or not the earlier ones have ended.
func (f *flood) arrivals(rate float64, during time.Duration) {
	begin, sent := time.Now(), 0
	slots := make(chan struct{}, mostInFlight)
	var wait sync.WaitGroup
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for now := range tick.C {
		elapsed := now.Sub(begin)
		if elapsed > during {
			break
		}
		for ; float64(sent) < rate*elapsed.Seconds(); sent++ {
			select {
			case slots <- struct{}{}:
				wait.Go(func() {
					f.signIn(true)
					<-slots
				})
			default:
				f.held.Add(1)
			}
		}
	}
	wait.Wait()
}

func (f *flood) requireHonest(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	require.Empty(t, f.problems[:min(len(f.problems), 5)], "%d problems", len(f.problems))
}

// report logs what was measured.
func (f *flood) report(t *testing.T, capacity float64) {
	t.Helper()
	counts := map[int]int64{}
	for status := range f.statuses {
		if n := f.statuses[status].Load(); n > 0 {
			counts[status] = n
		}
	}
	f.goodput = float64(counts[http.StatusOK]) / overloadTime.Seconds()
	slices.Sort(f.refusals)
	require.NotEmpty(t, f.refusals, "nothing was refused: %v", counts)
	t.Logf("capacity %.0f/s, signed in %.0f/s; responses %v, not sent %d; refused within %v (p50), %v (p99)",
		capacity, f.goodput, counts, f.held.Load(), at(f.refusals, 50), at(f.refusals, 99))
	require.Less(t, at(f.refusals, 99), 5*time.Second, "refusals")
}

// requireGoodput requires that half of the users who could be signed in were. The flood itself takes processors from
// the service, and so may others on the machine.
func (f *flood) requireGoodput(t *testing.T, before, after float64) {
	t.Helper()
	require.Greater(t, f.goodput, min(before, after)/2, "signed in per second, of %.0f before the flood and %.0f after it", before, after)
}

// at returns a percentile of durations in order.
func at(sorted []time.Duration, percent int) time.Duration {
	return sorted[(len(sorted)-1)*percent/100].Round(time.Millisecond)
}

// probes request what must be served during a flood, and watch the memory.
type probes struct {
	server *server
	halt   chan struct{}
	ended  sync.WaitGroup
	mu     sync.Mutex
	failed []string
	took   map[string][]time.Duration
	memory float64 // the most that was resident, in bytes
}

func startProbes(t *testing.T, s *server) *probes {
	t.Helper()
	p := &probes{server: s, halt: make(chan struct{}), took: map[string][]time.Duration{}}
	_, refresh := s.devSignIn(t, "user")
	p.every(200*time.Millisecond, func() {
		p.send("liveness", func() (response, error) { return s.try("GET /healthz", "", "", nil) })
		p.send("readiness", func() (response, error) { return s.try("GET /readyz", "", "", nil) })
		p.send("public keys", func() (response, error) { return s.try("GET /.well-known/jwks.json", "", "", nil) })
		got := p.send("refresh", func() (response, error) {
			return s.tryForm("/token", "grant_type", "refresh_token", "refresh_token", refresh)
		})
		if got.status == http.StatusOK {
			refresh = part(got.body, "refresh_token")
		}
	})
	metrics := caller{url: "http://" + adminAddress.FindStringSubmatch(s.log.String())[1]}
	p.every(time.Second, func() {
		got := p.send("metrics", func() (response, error) { return metrics.try("GET /metrics", "", "", nil) })
		_, rest, _ := strings.Cut(got.body, "\nprocess_resident_memory_bytes ")
		memory, _ := strconv.ParseFloat(strings.SplitN(rest, "\n", 2)[0], 64) // 0 is noticed in the end
		memory += s.helperMemory()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.memory = max(p.memory, memory)
	})
	return p
}

func (p *probes) every(interval time.Duration, do func()) {
	p.ended.Go(func() {
		for {
			do()
			select {
			case <-p.halt:
				return
			case <-time.After(interval):
			}
		}
	})
}

func (p *probes) send(what string, send func() (response, error)) response {
	begin := time.Now()
	got, err := send()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.took[what] = append(p.took[what], time.Since(begin))
	if err != nil || got.status != http.StatusOK {
		p.failed = append(p.failed, fmt.Sprintf("%s: %d %s %v", what, got.status, got.body, err))
	}
	return got
}

func (p *probes) stop() {
	close(p.halt)
	p.ended.Wait()
}

// requireServed requires that every probe succeeded, and that memory stayed within what the hashes need.
func (p *probes) requireServed(t *testing.T, base float64) {
	t.Helper()
	require.Empty(t, p.failed)
	for what, all := range p.took {
		slices.Sort(all)
		t.Logf("%s: %d times, within %v (p50), %v (p99)", what, len(all), at(all, 50), at(all, 99))
		require.Less(t, at(all, 99), 2*time.Second, what)
	}
	const mib = 1 << 20
	limit := base + p.server.gauge(t, "latchkey_hash_slots")*19*mib*2 + 64*mib
	t.Logf("memory: %.0f MiB before, %.0f MiB at most, limit %.0f MiB", base/mib, p.memory/mib, limit/mib)
	require.Greater(t, p.memory, base/2, "memory was measured")
	require.Less(t, p.memory, limit)
}
