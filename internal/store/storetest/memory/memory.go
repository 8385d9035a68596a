// Package memory is a store of accounts in memory, for tests of the rules of account. It passes
// storetest.RunAccounts, so a rule that holds here holds on both engines. It says nothing about a
// database: a claim about speed, locks, crashes or SQL needs a test on a real engine.
//
// It has no sessions: a change that ends sessions only increments the epoch of the user. The files are
// memory.go (changes, the audit log and the outbox), users.go, users_list.go, roles.go and tokens.go.
package memory

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// Store is a store for account, in memory.
type Store struct {
	HookActive bool // whether a change stores its notices, as it does if a webhook is active

	mu     sync.Mutex
	users  map[string]account.User         // by id, without scopes
	roles  map[string]account.Role         // by name
	tokens map[string]account.OneTimeToken // by hash
	events map[string]audit.Event          // by id
	jobs   map[string]outbox.Job           // by id
}

var (
	_ account.UserStore         = (*Store)(nil)
	_ account.RoleStore         = (*Store)(nil)
	_ account.OneTimeTokenStore = (*Store)(nil)
	_ account.Queue             = (*Store)(nil)
	_ audit.Store               = (*Store)(nil)
)

// New returns a store with the built-in roles.
func New() *Store {
	admin := "audit:read clients:read clients:write hooks:read hooks:write keys:read keys:write profile roles:read roles:write settings:read stats:read users:read users:write"
	return &Store{
		users: map[string]account.User{}, tokens: map[string]account.OneTimeToken{}, events: map[string]audit.Event{}, jobs: map[string]outbox.Job{},
		roles: map[string]account.Role{
			account.RoleUser:      {Name: account.RoleUser, Scopes: []string{"profile"}, Builtin: true},
			account.RoleModerator: {Name: account.RoleModerator, Scopes: []string{"profile", "users:read"}, Builtin: true},
			account.RoleAdmin:     {Name: account.RoleAdmin, Scopes: strings.Fields(admin), Builtin: true},
		},
	}
}

// access runs do while no other method runs.
func (s *Store) access(ctx context.Context, do func() error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fault.ErrUnavailable
	} else if ctx.Err() != nil {
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return do()
}

// errUnchanged is the result of a change that has nothing to do.
var errUnchanged = errors.New("unchanged")

// change runs do and stores the record of the change. An error of do, which then must not have changed
// anything, prevents the record.
func (s *Store) change(ctx context.Context, change audit.Change, do func() error) error {
	return s.access(ctx, func() error {
		if err := do(); errors.Is(err, errUnchanged) {
			return nil
		} else if err != nil {
			return err
		}
		s.appendEvent(change.Event)
		for _, j := range change.Jobs {
			if j.Kind != outbox.WebhookEvent || s.HookActive {
				s.enqueue(j)
			}
		}
		return nil
	})
}

func (s *Store) appendEvent(e audit.Event) {
	for _, text := range []*string{&e.Reason, &e.Actor, &e.ActorID, &e.ClientID, &e.Target, &e.TargetID, &e.Address, &e.UserAgent, &e.RequestID} {
		*text = store.CleanText(*text)
	}
	if e.At = seconds(e.At); e.Action != "" {
		s.events[e.ID] = e
	}
}

func (s *Store) enqueue(j outbox.Job) {
	if _, exists := s.jobs[j.ID]; !exists {
		s.jobs[j.ID] = j
	}
}

// AppendEvent implements audit.Store.
func (s *Store) AppendEvent(ctx context.Context, e audit.Event) error {
	return s.change(ctx, audit.Change{Event: e}, func() error { return nil })
}

// Events implements audit.Store.
func (s *Store) Events(ctx context.Context, q audit.Query) (events []audit.Event, err error) {
	newestFirst := func(a, b audit.Event) int { return cmp.Or(b.At.Compare(a.At), strings.Compare(b.ID, a.ID)) }
	before := audit.Event{At: seconds(q.Before.At), ID: q.Before.ID}
	err = s.access(ctx, func() error {
		for _, e := range s.events {
			if (q.Before.At.IsZero() || newestFirst(e, before) > 0) && (q.UserID == "" || e.ActorID == q.UserID || e.TargetID == q.UserID) &&
				(q.Action == "" || e.Action == q.Action) && (q.Outcome == "" || e.Outcome == q.Outcome) {
				events = append(events, e)
			}
		}
		return nil
	})
	slices.SortFunc(events, newestFirst)
	return firstOf(events, q.Limit), err
}

// PurgeEvents implements audit.Store.
func (s *Store) PurgeEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	return purge(ctx, s, s.events, limit, func(e audit.Event) bool { return e.At.Before(seconds(before)) })
}

// Enqueue implements account.Queue.
func (s *Store) Enqueue(ctx context.Context, j outbox.Job) error {
	return s.access(ctx, func() error { s.enqueue(j); return nil })
}

// Jobs returns all jobs of the outbox.
func (s *Store) Jobs(ctx context.Context) (jobs []outbox.Job, err error) {
	err = s.access(ctx, func() error { jobs = slices.Collect(maps.Values(s.jobs)); return nil })
	return jobs, err
}

// purge deletes at most limit entries that are old, and returns how many it deleted.
func purge[T any](ctx context.Context, s *Store, entries map[string]T, limit int, old func(T) bool) (n int, err error) {
	err = s.access(ctx, func() error {
		for key, entry := range entries {
			if n < limit && old(entry) {
				delete(entries, key)
				n++
			}
		}
		return nil
	})
	return n, err
}

func firstOf[T any](list []T, limit int) []T { return list[:max(0, min(limit, len(list)))] }

// seconds returns t as a store keeps it: UTC in whole seconds.
func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
