//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// row is one line of the results.
type row struct {
	Engine string `json:"engine"`
	Key    string `json:"row"`
	Name   string `json:"name"`
	latencies
	Rate     float64 `json:"requests_per_second"`
	Requests int     `json:"requests"`
	Refused  int     `json:"refused"` // 429 or 503
	Failed   int     `json:"failed"`
	Failure  string  `json:"failure,omitempty"` // the first
	Memory   uint64  `json:"memory_bytes"`
	CPU      float64 `json:"cpu_us,omitempty"` // processor time of the service for each request, in microseconds
	Database *each   `json:"database,omitempty"`
	Limit    *limit  `json:"limit,omitempty"`
	Base     float64 `json:"requests_per_second_with_1000_users,omitempty"`
	Checks   []check `json:"targets,omitempty"`
}

// limit is what the machine can do at best, or what a rate is compared with.
type limit struct {
	Name string  `json:"name"`
	Rate float64 `json:"per_second"`
	CPU  float64 `json:"cpu_us,omitempty"` // processor time of its process for each request
}

func (r row) ofLimit() float64 {
	if r.Limit == nil || r.Limit.Rate == 0 {
		return 0
	}
	return r.Rate / r.Limit.Rate
}

// subject is the service that is measured.
type subject struct {
	engine    string
	addresses []string // of the replicas
	pids      []int    // of the replicas; none: unknown, their memory is not measured
	endpoints endpoints
	users     []user
}

// bench measures one subject.
type bench struct {
	subject
	options  options
	world    *world // nil for a peer, as are the next four
	replicas []*process
	meter    *meter // of PostgreSQL; nil: its cost is not measured
	limits   *limits
	base     *bench // a service with few users, if this one has many
	progress io.Writer
	rows     []row
}

// measureEngine measures the service on an engine. With many users it runs beside a service with few,
// and the two take turns.
func measureEngine(ctx context.Context, o options, dir string, e engine, progress io.Writer) (_ []row, err error) {
	var base *bench
	if o.users > baseUsers {
		few := o
		few.users, few.rows = baseUsers, []string{"none"}
		if base, err = prepare(ctx, few, dir, e, progress); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, base.close(ctx)) }()
	}
	b, err := prepare(ctx, o, dir, e, progress)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close(ctx)) }()
	b.base = base
	if err := b.measureWithLimits(ctx); err != nil {
		return nil, err
	}
	for i := range b.rows {
		b.rows[i].Checks = b.rows[i].judge()
	}
	return b.rows, nil
}

// prepare creates a world and starts the service in it.
func prepare(ctx context.Context, o options, dir string, e engine, progress io.Writer) (_ *bench, err error) {
	_, _ = fmt.Fprintf(progress, "%s: preparing %s users\n", e, thousands(o.users))
	w, err := newWorld(ctx, o.binary, dir, o.server, e, o.users)
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, progress: progress, world: w, subject: subject{engine: string(e), endpoints: w.endpoints}}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close(ctx))
		}
	}()
	if err := b.startReplicas(ctx, w); err != nil {
		return nil, err
	}
	if b.meter, err = newMeter(ctx, w); err != nil {
		return nil, err
	}
	b.users = w.sampleUsers(o.sample)
	if o.selected("startup") {
		sleep(ctx, o.idle)
		idle, err := residentMemory(ctx, b.pids...)
		if err != nil {
			return nil, err
		}
		b.append(row{Key: "idle", Name: "memory, idle", Memory: idle})
	}
	return b, b.endpoints.refreshAll(ctx, b.addresses[0], b.users)
}

// close stops the service and removes its world.
func (b *bench) close(ctx context.Context) (err error) {
	err = b.meter.close()
	for _, replica := range b.replicas {
		err = errors.Join(err, replica.stop())
	}
	return errors.Join(err, b.world.close(ctx))
}

// startReplicas starts the service as often as it is to run on the same database.
func (b *bench) startReplicas(ctx context.Context, w *world) error {
	first, err := b.start(ctx, w)
	if err != nil {
		return err
	}
	b.replicas = []*process{first}
	for len(b.replicas) < b.options.replicas {
		another, err := w.serve(ctx)
		if err != nil {
			return err
		}
		b.replicas = append(b.replicas, another)
	}
	for _, replica := range b.replicas {
		b.addresses, b.pids = append(b.addresses, replica.address), append(b.pids, replica.cmd.Process.Pid)
	}
	return nil
}

// start starts the service several times, and leaves it running.
func (b *bench) start(ctx context.Context, w *world) (*process, error) {
	starts := 1 // the first also creates the signing key
	if b.options.selected("startup") {
		starts += b.options.starts
	}
	var times []time.Duration
	for i := range starts {
		service, err := w.serve(ctx)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			times = append(times, service.ready)
		}
		if i == starts-1 {
			if len(times) > 0 {
				b.append(row{Key: "startup", Name: "start-up", latencies: summarize(times)})
			}
			return service, nil
		}
		if err := service.stop(); err != nil {
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // not reached: the last start returns
}

// measureWithLimits measures everything, each rate beside its limit.
func (b *bench) measureWithLimits(ctx context.Context) (err error) {
	if b.limits, err = startLimits(ctx, b); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.limits.close()) }()
	if err := b.measureRates(ctx); err != nil {
		return err
	}
	if err := b.measureFlood(ctx); err != nil {
		return err
	}
	if b.options.selected("startup") {
		peak := slices.MaxFunc(b.rows, func(x, y row) int { return int(x.Memory>>10) - int(y.Memory>>10) })
		b.append(row{Key: "peak", Name: "memory under load", Memory: peak.Memory})
	}
	return ctx.Err()
}

func (b *bench) append(r row) {
	r.Engine = b.engine
	b.rows = append(b.rows, r)
}

// sampleRow turns a sample into a row.
func sampleRow(key, name string, s sample, counted ...outcome) row {
	r := row{Key: key, Name: name, Rate: s.rate(counted...), Refused: s.count(refused), Failed: s.count(failed)}
	var times []time.Duration
	for _, o := range counted {
		times = append(times, s.times[o]...)
	}
	r.Requests, r.latencies = len(times), summarize(times)
	if s.failure != nil {
		r.Failure = s.failure.Error()
	}
	return r
}

// observe measures loads at once, and what the service uses meanwhile.
func (b *bench) observe(ctx context.Context, loads ...load) ([]sample, usage) {
	return observe(ctx, b.pids, newWindow(b.options.length()), loads...)
}

// observe measures loads at once, and what processes use meanwhile.
func observe(ctx context.Context, pids []int, w window, loads ...load) ([]sample, usage) {
	used := make(chan usage)
	go func() { used <- watch(ctx, pids, w) }()
	samples := measure(ctx, w, loads...)
	return samples, <-used
}

func (b *bench) note(r row) {
	_, _ = fmt.Fprintf(b.progress, "%s: %s %s/s", b.engine, r.Name, thousands(r.Rate))
	if r.Limit != nil {
		_, _ = fmt.Fprintf(b.progress, ", %s %s/s", r.Limit.Name, thousands(r.Limit.Rate))
	}
	_, _ = fmt.Fprintln(b.progress)
}
