// Package throttle limits how many attempts a caller may make. It is a GCRA (generic cell rate
// algorithm): for each key the store holds one time, the theoretical arrival time, and every decision
// is a pure function of that time and the current time.
//
// It owns the policies and their numbers, and the keys under which attempts are counted. The keys are
// MACs, so the table contains no usernames, email addresses or IP addresses. It does not know what is
// attempted; the stores hold the times.
//
// Where to find what:
//   - policies.go: the limits and their numbers; names.go: their names
//   - limiter.go: what is counted for a client secret, an email or a sign-up
//   - login_counter.go: what is counted for a login; strangers, known networks and known devices are counted apart
//   - known_networks.go, device_hint.go: how a network and a device are recognized
//   - gcra.go: the decision
//   - store.go: the interface that the stores implement
//   - network.go: IPv6 addresses count by /64
//   - recent_failures.go: the same wrong password sent twice counts once
package throttle
