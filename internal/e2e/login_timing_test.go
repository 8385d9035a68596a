package e2e

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/password"
)

// ciSamples is how many logins of each kind are timed by default; `make timing` sets 2,000.
const ciSamples = 60

var timingSamples = flag.Int("timing.samples", ciSamples, "logins of each kind that are timed")

// triesPerUser is less than the limit of strangers for a user.
const triesPerUser = 8

// A failed login takes the same time whether the user exists or not, and whatever state the user is in.
// For each pair of kinds, the test compares the AUC of the best guess by time (the Mann-Whitney statistic):
// 0.5 is a coin toss. The kinds are interleaved, so that other load on the machine affects all of them.
//
// With 60 samples the AUC of two equal kinds has a standard deviation of 0.053, and one of the 22 pairs
// exceeds 0.65 by chance in about one run of ten. The test therefore takes a second sample of double the
// size before it fails; a difference that exists appears in both.
//
//nolint:paralleltest // it measures time
func TestLoginTimeHidesUsers(t *testing.T) {
	installations := map[string]func(*testing.T) installation{"sqlite": newSQLite}
	most := 0.65
	if *timingSamples > ciSamples {
		installations["postgres"] = newPostgres
		most = 0.55
	}
	for engine, create := range installations {
		t.Run(engine, func(t *testing.T) {
			inst := create(t)
			inst.addTimedUsers(t, *timingSamples*3/triesPerUser+10)
			w := &timingWorld{t: t, server: start(t, inst), tried: map[string]int{}}
			w.sample(5) // also lets the server meet each kind of hash
			pairs := w.pairs(w.sample(*timingSamples))
			if worst(pairs) > most {
				t.Logf("repeating with double the samples after %v", pairs)
				pairs = w.pairs(w.sample(2 * *timingSamples))
			}
			t.Log(pairs)
			require.LessOrEqual(t, worst(pairs), most, "AUC of %v", pairs[0])
		})
	}
}

// timedKinds are the kinds of users whose logins fail. A login is of the kind, a hyphen and a number.
var timedKinds = []string{"unknown", "wrong", "disabled", "locked", "passwordless", "pbkdf2", "bcrypt"}

// addTimedUsers creates n users of each kind. The password of those who are disabled is validPassword.
func (i installation) addTimedUsers(t *testing.T, n int) {
	t.Helper()
	hasher, err := password.New(password.Options{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	hash, err := hasher.Hash(t.Context(), validPassword)
	require.NoError(t, err)
	dear, err := bcrypt.GenerateFromPassword([]byte(validPassword), 9) // a little dearer than our hash
	require.NoError(t, err)
	hashes := map[string]string{
		"wrong": hash, "disabled": hash, "locked": hash, "passwordless": "", "bcrypt": string(dear),
		"pbkdf2": "$pbkdf2-sha256$29000$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43), // passlib's default cost
	}
	i.withStore(t, func(ctx context.Context, s store) {
		for kind, hash := range hashes {
			for k := range n {
				u := newUser(fmt.Sprintf("%s-%d", kind, k), hash, account.RoleUser)
				u.Active = kind != "disabled" && kind != "locked"
				if kind == "locked" {
					u.DisabledUntil = u.CreatedAt.Add(24 * time.Hour)
				}
				require.NoError(t, s.CreateUser(ctx, u, audit.Change{}))
			}
		}
	})
}

// timingWorld times logins.
type timingWorld struct {
	t      *testing.T
	server *server
	client http.Client
	tried  map[string]int // by kind
	calls  int
}

// sample returns the times of n failed logins of each kind, and of n that are over the limit, for a user
// who exists and for one who does not.
func (w *timingWorld) sample(n int) map[string][]time.Duration {
	times := map[string][]time.Duration{}
	for _, kind := range []string{"wrong", "unknown"} {
		for k := range 11 {
			w.login(kind+"-0", fmt.Sprint("over the limit ", k), 0)
		}
	}
	for range n {
		for _, kind := range shuffled(timedKinds) {
			w.tried[kind]++
			login := fmt.Sprintf("%s-%d", kind, 1+w.tried[kind]/triesPerUser)
			text := fmt.Sprint("wrong ", w.tried[kind])
			if kind == "disabled" || kind == "locked" {
				text = validPassword
			}
			times[kind] = append(times[kind], w.login(login, text, http.StatusBadRequest))
		}
		// Refusals are sent at certain moments, so that the second takes another time than the first.
		for _, kind := range shuffled([]string{"wrong", "unknown"}) {
			times[kind+", over the limit"] = append(times[kind+", over the limit"], w.login(kind+"-0", "x", http.StatusTooManyRequests))
		}
	}
	return times
}

// shuffled returns the kinds in a random order, so that none is always timed after the same other one.
func shuffled(kinds []string) []string {
	kinds = slices.Clone(kinds)
	rand.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	return kinds
}

// login times a login from a new address. A status of 0 is not checked.
func (w *timingWorld) login(username, text string, status int) time.Duration {
	w.t.Helper()
	w.calls++
	form := url.Values{"grant_type": {"password"}, "username": {username}, "password": {text}}
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.server.url+"/token", bytes.NewBufferString(form.Encode()))
	require.NoError(w.t, err)
	r.Header.Set("Content-Type", formType)
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", w.calls>>16, w.calls>>8&255, w.calls&255))
	begin := time.Now()
	got := send(w.t, &w.client, r)
	took := time.Since(begin)
	if status != 0 {
		require.Equal(w.t, status, got.status, "%s: %s", username, got.body)
	}
	return took
}

// pair is how well the time tells two kinds apart.
type pair struct {
	kinds string
	auc   float64 // 0.5 to 1
}

// pairs compares all kinds with the same status, the most different first.
func (*timingWorld) pairs(times map[string][]time.Duration) (all []pair) {
	for a := range times {
		for b := range times {
			if a < b && strings.Contains(a, "limit") == strings.Contains(b, "limit") {
				auc := auc(times[a], times[b])
				all = append(all, pair{a + " and " + b, max(auc, 1-auc)})
			}
		}
	}
	slices.SortFunc(all, func(a, b pair) int { return cmp.Compare(b.auc, a.auc) })
	return all
}

func worst(pairs []pair) float64 { return pairs[0].auc }

// auc returns the probability that a value of a is greater than one of b (Mann-Whitney U / nm).
func auc(a, b []time.Duration) float64 {
	b = slices.Sorted(slices.Values(b))
	sum := 0.0
	for _, v := range a {
		below, _ := slices.BinarySearch(b, v)
		through, _ := slices.BinarySearch(b, v+1)
		sum += float64(below) + float64(through-below)/2
	}
	return sum / float64(len(a)*len(b))
}

func TestAUC(t *testing.T) {
	t.Parallel()
	times := func(values ...time.Duration) []time.Duration { return values }
	for _, c := range []struct {
		a, b []time.Duration
		want float64
	}{
		{times(1, 2, 3), times(1, 2, 3), 0.5},
		{times(4, 5), times(1, 2, 3), 1},
		{times(1), times(2, 3), 0},
		{times(2), times(1, 2, 2, 3), 0.5},
		{times(3, 1), times(2, 2), 0.5},
		{times(3), times(1, 2, 3, 4), 0.625},
	} {
		require.InDelta(t, c.want, auc(c.a, c.b), 1e-9)
	}
}
