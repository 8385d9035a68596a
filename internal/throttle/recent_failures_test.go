package throttle

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A wrong password may be repeated once within the time limit without being counted.
func TestRecentFailures(t *testing.T) {
	t.Parallel()
	l, _, clock := newLimiter()
	useRepeat := func(user, password string) bool {
		return l.failures.useRepeat(clock.now, attempt{loginUser, user}, password)
	}
	require.False(t, useRepeat("alice", "x"), "never seen")
	l.LoginFailed(loginCounter{user: "alice"}, "x")
	require.False(t, useRepeat("alice", "y"), "another password")
	require.False(t, useRepeat("bob", "x"), "another user")
	require.True(t, useRepeat("alice", "x"))
	require.False(t, useRepeat("alice", "x"), "only once")
	l.LoginFailed(loginCounter{user: "alice"}, "x")
	require.False(t, useRepeat("alice", "x"), "another failure does not allow another repeat")
	clock.now = clock.now.Add(repeatWithin)
	l.LoginFailed(loginCounter{user: "alice"}, "x")
	require.True(t, useRepeat("alice", "x"), "a failure after the time limit allows another repeat")
	l.LoginFailed(loginCounter{user: "alice"}, "z")
	clock.now = clock.now.Add(repeatWithin)
	require.False(t, useRepeat("alice", "z"), "after the time limit")
}
