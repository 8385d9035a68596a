//go:build unix

package main

import (
	"context"
	"time"
)

// floodWarmUp is how long a login waits in a flood, so that the logins that end later have met a full queue.
const floodWarmUp = 2 * time.Second

// measureFlood measures logins while far more callers sign in than the service can serve, and then
// reads and refreshes at a steady pace beside such a flood. What a flood is allowed to cost the logins
// themselves is measured without other requests.
func (b *bench) measureFlood(ctx context.Context) error {
	if !b.options.selected("flood") {
		return nil
	}
	flood, alone, used := b.loginsInTurn(ctx)
	checked := sampleRow("flood", "logins in a flood", flood, done, rejected)
	checked.Memory, checked.CPU = used.memory, share(used.hashes, checked.Requests)
	checked.Limit = &limit{Name: "logins alone", Rate: alone.rate(done)}
	turnedAway := sampleRow("flood-refused", "refused logins in a flood", flood, refused)
	turnedAway.Memory, turnedAway.CPU = used.memory, share(used.cpu, turnedAway.Requests)
	rows := []row{checked, turnedAway}
	if b.limits != nil && turnedAway.Requests > 0 {
		bare, err := b.limits.flood(ctx, turnedAway)
		if err != nil {
			return err
		}
		rows = append(rows, bare)
	}
	for _, r := range rows {
		b.append(r)
		b.note(r)
	}
	for _, p := range []plan{planOf("profile"), planOf("refresh")} {
		if !p.available(b.endpoints) {
			continue
		}
		steady := b.load(p, b.options.conns)
		steady.pace = b.options.pace
		samples, used := b.observe(ctx, steady, b.floodLoad())
		r := sampleRow("flood-"+p.key, p.name+" in a flood", samples[0], done)
		r.Memory = used.memory
		b.append(r)
		b.note(r)
	}
	return ctx.Err()
}

// loginsInTurn measures logins in a flood and alone, in turns, and what the service uses in the flood.
func (b *bench) loginsInTurn(ctx context.Context) (flood, alone sample, used usage) {
	length := b.options.turn()
	for range b.options.rounds {
		samples, _ := observe(ctx, b.pids, newWindow(length), b.load(planOf("login"), b.options.conns))
		alone.add(samples[0])
		samples, u := observe(ctx, b.pids, newWindow(length).after(floodWarmUp), b.floodLoad())
		flood.add(samples[0])
		used.add(u)
	}
	return flood, alone, used
}

// floodLoad signs in on half of its connections with right passwords, and on the other half with wrong
// ones for other users. No connection waits after a refusal.
func (b *bench) floodLoad() load {
	half, conns := len(b.users)/2, b.options.flood
	return load{addresses: b.addresses, conns: conns, next: func(worker int) operation {
		if worker%2 == 0 {
			return b.endpoints.logins(b.users[:half], worker/2, (conns+1)/2)
		}
		return b.endpoints.wrongLogins(b.users[half:], worker/2, conns/2)
	}}
}
