package throttle

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// Limits on what is remembered of wrong passwords.
const (
	repeatWithin = 10 * time.Second
	maxFailures  = 10_000
)

// recentFailures remembers wrong passwords for a moment, so that each may be repeated once without
// being counted. It is only in the memory of this process, as MACs with a key that is never stored.
type recentFailures struct {
	key    []byte
	mu     sync.Mutex
	byHash map[[32]byte]failure
}

// failure is a wrong password of a user.
type failure struct {
	until    time.Time
	repeated bool
}

func newRecentFailures() *recentFailures {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails: it crashes the program instead
	return &recentFailures{key: key, byHash: map[[32]byte]failure{}}
}

// add remembers a wrong password under a counter of LoginCounter.
func (r *recentFailures) add(now time.Time, counter, password string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.byHash) >= maxFailures {
		clear(r.byHash) // at worst, a repeated password is counted
	}
	id := r.mac(counter, password)
	if !now.Before(r.byHash[id].until) {
		r.byHash[id] = failure{until: now.Add(repeatWithin)}
	}
}

// useRepeat reports whether the password is a recent wrong one under the counter that has not been repeated
// yet. It is then marked as repeated.
func (r *recentFailures) useRepeat(now time.Time, counter, password string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := r.mac(counter, password)
	f, ok := r.byHash[id]
	if !ok || f.repeated || !now.Before(f.until) {
		return false
	}
	r.byHash[id] = failure{until: f.until, repeated: true}
	return true
}

func (r *recentFailures) mac(counter, password string) [32]byte {
	h := hmac.New(sha256.New, r.key)
	h.Write([]byte(counter + "\x00" + password))
	return [32]byte(h.Sum(nil))
}
