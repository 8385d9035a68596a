package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// networkFault is what happens between the service and PostgreSQL.
type networkFault struct {
	down   bool     // nothing listens
	toxics []string // of toxiproxy
	answer int      // the status of every response; 0: the right one or 503
	within time.Duration
}

// networkFaults are the faults. A request ends within a second when the database does not answer; the rest
// of outageLimit is for a busy machine. A slow network slows the response as many times as the request
// needs the database, at most to 10 seconds.
var networkFaults = map[string]networkFault{
	"down": {down: true, answer: http.StatusServiceUnavailable, within: outageLimit},
	"reset": {answer: http.StatusServiceUnavailable, within: outageLimit,
		toxics: []string{`{"type": "reset_peer", "attributes": {"timeout": 0}}`}},
	"silent": {answer: http.StatusServiceUnavailable, within: outageLimit,
		toxics: []string{`{"type": "timeout", "stream": "upstream", "attributes": {"timeout": 0}}`, `{"type": "timeout", "attributes": {"timeout": 0}}`}},
	"half open": {answer: http.StatusServiceUnavailable, within: outageLimit, // statements arrive, and their results do not
		toxics: []string{`{"type": "timeout", "attributes": {"timeout": 0}}`}},
	"too slow": {answer: http.StatusServiceUnavailable, within: outageLimit,
		toxics: []string{`{"type": "latency", "attributes": {"latency": 2500}}`}},
	"cut":    {within: 10 * time.Second, toxics: []string{`{"type": "limit_data", "attributes": {"bytes": 700}}`}}, // in the middle of a result
	"slow":   {answer: http.StatusOK, within: 10 * time.Second, toxics: []string{`{"type": "latency", "attributes": {"latency": 60, "jitter": 40}}`}},
	"sliced": {answer: http.StatusOK, within: 10 * time.Second, toxics: []string{`{"type": "slicer", "attributes": {"average_size": 40, "size_variation": 20, "delay": 200}}`}},
}

// Eight faults of the network, six operations: each response is right within its time. It is 503 when
// the database is needed and cannot be reached, never a refusal and never a success that was none. When the
// fault ends, the service recovers by itself, and what it acknowledged is there.
func TestNetworkFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range networkFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inst := newPostgres(t)
			inst.addClients(t)
			proxied := inst
			proxy := startToxiproxy(t, &proxied)
			f := &faultyService{server: start(t, proxied), fault: fault}
			f.prepare(t)

			for _, operate := range []func(t *testing.T, round int){f.signsUp, f.signsIn, f.refreshes, f.revokes, f.introspects, f.readsProfile} {
				proxy.begin(t, fault)
				for round := range 2 { // with the connections of before, and with new ones
					operate(t, round)
				}
				for _, path := range []string{"/.well-known/jwks.json", "/.well-known/openid-configuration", "/healthz", "/readyz"} {
					require.Equal(t, http.StatusOK, f.get(t, path, "").status, path)
				}
				proxy.end(t, fault)
				require.Eventually(t, func() bool { return f.introspection(t).status == http.StatusOK }, 5*time.Second, 20*time.Millisecond,
					"the service does not recover")
			}
			f.requireTruth(t)
		})
	}
}

// newcomers sign up under a fault.
var newcomers = []string{"first", "second"}

// faultyService is a service whose database is behind a fault, and what it has acknowledged.
type faultyService struct {
	*server
	fault           networkFault
	access, refresh string   // of a session that goes on
	revoked         []string // refresh tokens to revoke, one for each round
	acknowledged    []bool   // whether they were
	created         []int    // the statuses of the sign-ups
}

func (f *faultyService) prepare(t *testing.T) {
	t.Helper()
	f.access, f.refresh = f.devSignIn(t, "user")
	for range 2 {
		_, refresh := f.devSignIn(t, "moderator")
		f.revoked = append(f.revoked, refresh)
	}
}

func (f *faultyService) introspection(t *testing.T) response {
	t.Helper()
	return f.post(t, "/introspect", append([]string{"token", f.access}, asWeb...)...)
}

func (f *faultyService) signsUp(t *testing.T, round int) {
	t.Helper()
	got := f.timed(t, "sign-up", http.StatusCreated, func() response { return f.signUp(t, newcomers[round], validPassword) })
	f.created = append(f.created, got.status)
}

func (f *faultyService) signsIn(t *testing.T, _ int) {
	t.Helper()
	f.timed(t, "sign-in", http.StatusOK, func() response { return f.login(t, "admin", devPassword("admin")) })
}

func (f *faultyService) refreshes(t *testing.T, _ int) {
	t.Helper()
	got := f.timed(t, "refresh", http.StatusOK, func() response { return f.server.refresh(t, f.refresh) })
	if got.status == http.StatusOK {
		f.refresh = field(t, got.body, "refresh_token")
	}
}

func (f *faultyService) revokes(t *testing.T, round int) {
	t.Helper()
	got := f.timed(t, "revocation", http.StatusOK, func() response { return f.post(t, "/revoke", "token", f.revoked[round]) })
	f.acknowledged = append(f.acknowledged, got.status == http.StatusOK)
}

func (f *faultyService) introspects(t *testing.T, _ int) {
	t.Helper()
	got := f.timed(t, "introspection", http.StatusOK, func() response { return f.introspection(t) })
	if got.status == http.StatusOK {
		require.Equal(t, true, decode(t, got.body)["active"])
	}
}

func (f *faultyService) readsProfile(t *testing.T, _ int) {
	t.Helper()
	got := f.timed(t, "profile", http.StatusOK, func() response { return f.get(t, "/api/auth/users/me", f.access) })
	if got.status == http.StatusOK {
		require.Equal(t, "user", field(t, got.body, "username"))
	}
}

// timed requires a response that the fault allows, in time; success is the status of one that is right.
func (f *faultyService) timed(t *testing.T, what string, success int, send func() response) response {
	t.Helper()
	begin := time.Now()
	got := send()
	took := time.Since(begin)
	t.Logf("%s: %d in %v", what, got.status, took.Round(time.Millisecond))
	require.Less(t, took, f.fault.within, what)
	switch {
	case got.status == http.StatusServiceUnavailable && f.fault.answer != http.StatusOK:
		require.NotEmpty(t, got.header.Get("Retry-After"), what)
		require.Contains(t, got.body, "temporarily_unavailable", what)
	case f.fault.answer == http.StatusServiceUnavailable:
		require.Equal(t, http.StatusServiceUnavailable, got.status, "%s: %s", what, got.body)
	default:
		require.Equal(t, success, got.status, "%s: %s", what, got.body)
	}
	return got
}

// requireTruth requires, without the fault, that what was acknowledged is there, and that what was not
// acknowledged happened entirely or not at all.
func (f *faultyService) requireTruth(t *testing.T) {
	t.Helper()
	f.requireTokenAccepted(t, f.access)
	require.Equal(t, http.StatusOK, f.server.refresh(t, f.refresh).status, "a refresh that is repeated")
	for round, status := range f.created {
		name := newcomers[round]
		if got := f.login(t, name, validPassword).status; status == http.StatusCreated || got != http.StatusBadRequest {
			require.Equal(t, http.StatusOK, got, name)
		} else {
			f.mustSignUp(t, name, validPassword)
		}
	}
	for round, token := range f.revoked {
		if got := f.server.refresh(t, token); f.acknowledged[round] {
			requireRefreshRejected(t, got)
		} else if got.status != http.StatusOK {
			requireRefreshRejected(t, got)
		}
	}
}

// toxicProxy is Toxiproxy in front of a database.
type toxicProxy struct{ *toxiproxy.Proxy }

// startToxiproxy puts Toxiproxy in front of the PostgreSQL database of an installation.
func startToxiproxy(t *testing.T, inst *installation) toxicProxy {
	t.Helper()
	u, err := url.Parse(inst.database)
	require.NoError(t, err)
	p := toxicProxy{toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "postgres", "127.0.0.1:0", u.Host)}
	require.NoError(t, p.Start())
	t.Cleanup(p.Stop)
	u.Host = p.Listen
	inst.database = u.String()
	return p
}

func (p toxicProxy) begin(t *testing.T, fault networkFault) {
	t.Helper()
	if fault.down {
		p.Stop()
	}
	for _, toxic := range fault.toxics {
		_, err := p.Toxics.AddToxicJson(strings.NewReader(toxic))
		require.NoError(t, err)
	}
}

func (p toxicProxy) end(t *testing.T, fault networkFault) {
	t.Helper()
	if fault.down {
		require.NoError(t, p.Start())
	}
	p.Toxics.ResetToxics(t.Context())
}
