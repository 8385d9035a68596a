package throttle

import (
	"crypto/rand"
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

// add remembers the wrong password of an attempt.
func (r *recentFailures) add(now time.Time, a attempt, password string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.byHash) >= maxFailures {
		clear(r.byHash) // at worst, a repeated password is counted
	}
	id := r.mac(a, password)
	if !now.Before(r.byHash[id].until) {
		r.byHash[id] = failure{until: now.Add(repeatWithin)}
	}
}

// useRepeat reports whether the password is a recent wrong one of such an attempt that has not been repeated
// yet. It is then marked as repeated.
func (r *recentFailures) useRepeat(now time.Time, a attempt, password string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := r.mac(a, password)
	f, ok := r.byHash[id]
	if !ok || f.repeated || !now.Before(f.until) {
		return false
	}
	r.byHash[id] = failure{until: f.until, repeated: true}
	return true
}

// mac tells all attempts and passwords apart: how many parts an id has is up to its policy.
func (r *recentFailures) mac(a attempt, password string) [32]byte {
	return [32]byte(mac(r.key, a.policy.Name, a.id, password))
}
