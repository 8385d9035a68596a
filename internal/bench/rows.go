//go:build unix

package main

import (
	"context"
	"fmt"
	"time"
)

// plan is a rate that is measured on its own.
type plan struct {
	key, name string
	available func(e endpoints) bool
	next      func(s subject, worker, workers int) operation
	limit     func(l *limits, ctx context.Context, length time.Duration) (limit, error)
}

var plans = []plan{
	{
		key: "jwks", name: "JWKS",
		available: func(e endpoints) bool { return e.jwks != "" },
		next:      func(s subject, _, _ int) operation { return get(s.endpoints.jwks, "") },
		limit:     (*limits).keys,
	},
	{
		key: "profile", name: "profile read",
		available: func(e endpoints) bool { return e.profile != "" },
		next:      func(s subject, i, n int) operation { return s.endpoints.readProfiles(s.users, i, n) },
		limit:     (*limits).reads,
	},
	{
		key: "introspect", name: "introspection",
		available: func(e endpoints) bool { return e.introspect != "" },
		next:      func(s subject, i, n int) operation { return s.endpoints.introspection(s.users, i, n) },
		limit:     (*limits).reads,
	},
	{
		key: "refresh", name: "refresh",
		available: func(endpoints) bool { return true },
		next:      func(s subject, i, n int) operation { return s.endpoints.refreshes(s.users, i, n) },
		limit:     (*limits).rotations,
	},
	{
		key: "login", name: "login",
		available: func(endpoints) bool { return true },
		next:      func(s subject, i, n int) operation { return s.endpoints.logins(s.users, i, n) },
		limit:     (*limits).hashes,
	},
	{
		key: "signup", name: "sign-up",
		available: func(e endpoints) bool { return e.signup != "" },
		next:      func(s subject, _, _ int) operation { return s.endpoints.signups() },
		limit:     (*limits).hashes,
	},
}

// rowKeys returns what can be selected.
func rowKeys() []string {
	var keys []string
	for _, p := range plans {
		keys = append(keys, p.key)
	}
	return append(keys, "flood", "startup")
}

// measureRates measures the selected plans, each beside its limit if there are limits.
func (b *bench) measureRates(ctx context.Context) error {
	for _, p := range plans {
		if !b.options.selected(p.key) || !p.available(b.endpoints) {
			continue
		}
		r, err := b.measurePlan(ctx, p)
		if err != nil {
			return err
		}
		b.append(r)
		b.note(r)
	}
	return ctx.Err()
}

// measurePlan measures a plan, its limit, and the same with few users. They take turns: what else the
// machine does changes from minute to minute, and is to disturb all alike.
func (b *bench) measurePlan(ctx context.Context, p plan) (row, error) {
	var total, base sample
	var used usage
	var best limit
	var cost databaseCost
	rounds := float64(b.options.rounds)
	length := b.options.turn()
	for range b.options.rounds {
		before := b.meter.read(ctx)
		samples, u := observe(ctx, b.pids, newWindow(length), b.load(p, b.options.conns))
		cost.add(b.meter.read(ctx), before, samples[0])
		total.add(samples[0])
		used.add(u)
		if b.base != nil {
			samples, _ := observe(ctx, nil, newWindow(length), b.base.load(p, b.options.conns))
			base.add(samples[0])
		}
		if b.limits != nil {
			l, err := p.limit(b.limits, ctx, length)
			if err != nil {
				return row{}, err
			}
			best = limit{l.Name, best.Rate + l.Rate/rounds, best.CPU + l.CPU/rounds}
		}
	}
	if cost.err != nil {
		return row{}, fmt.Errorf("PostgreSQL: %w", cost.err)
	}
	r := sampleRow(p.key, p.name, total, done)
	r.Memory, r.CPU, r.Database = used.memory, perRequest(used, total), cost.each()
	if b.limits != nil {
		r.Limit = &best
	}
	if b.base != nil {
		r.Base = base.rate(done)
	}
	return r, nil
}

// perRequest returns the processor time for each request that was not refused, in microseconds.
func perRequest(u usage, s sample) float64 {
	return share(u.cpu+u.hashes, s.count(done))
}

func (b *bench) load(p plan, conns int) load {
	return load{addresses: b.addresses, conns: conns, next: func(worker int) operation { return p.next(b.subject, worker, conns) }}
}

func planOf(key string) plan {
	for _, p := range plans {
		if p.key == key {
			return p
		}
	}
	panic("bench: no plan " + key)
}
