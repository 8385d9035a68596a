package main

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/metrics"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/telemetry"
)

// observers see what the service does: metrics, the listener that serves them, and telemetry. The zero
// value sees nothing and costs nothing.
type observers struct {
	metrics   *metrics.Metrics     // nil unless something reads them
	telemetry *telemetry.Telemetry // nil unless an endpoint is set
	admin     *adminServer         // nil unless an address is set
}

// observe starts what the settings and the environment ask for.
func observe(ctx context.Context, s config.Serve, log *slog.Logger) (*observers, error) {
	o := &observers{}
	if s.AdminListen == "" {
		runtime.MemProfileRate = 0 // nothing can read the profile
	}
	if s.AdminListen == "" && !telemetry.Wanted() {
		return o, nil
	}
	o.metrics = metrics.New(metrics.Build{Version: version, Revision: revision(), Go: runtime.Version()})
	var err error
	if s.AdminListen != "" {
		if o.admin, err = startAdmin(ctx, s.AdminListen, o.metrics.Handler(), log); err != nil {
			return nil, err
		}
	}
	if telemetry.Wanted() {
		o.telemetry, err = telemetry.Start(ctx, telemetry.Options{Version: version, Metrics: o.metrics.Gatherer(), Log: log})
		if err != nil {
			o.stop(ctx)
			return nil, settingsError{err}
		}
	}
	return o, nil
}

// stop exports what is left and closes the listener. It is the last thing that the service does.
func (o *observers) stop(ctx context.Context) {
	_ = o.telemetry.Stop(ctx) // its error handler has logged why
	if o.admin != nil {
		o.admin.stop(ctx)
	}
}

// watch adds what is read from the parts of the service.
func (o *observers) watch(c *components, db database) {
	if o.metrics == nil {
		return
	}
	sources := metrics.Sources{
		Hashes: c.hasher.Stats, Keys: c.keys.List, NextRotation: c.keys.NextRotation,
		Outbox: db.OutboxStats, Pools: poolsOf(db), Now: time.Now,
	}
	if c.certificate != nil {
		sources.Certificate = c.certificate.Expires
	}
	o.metrics.Watch(sources)
}

func poolsOf(db database) func() []metrics.Pool {
	return func() []metrics.Pool {
		var all []metrics.Pool
		for _, p := range db.Pools() {
			all = append(all, metrics.Pool(p))
		}
		return all
	}
}

// request returns what the HTTP server reports requests to, or nil.
func (o *observers) request() func(httpapi.Observation) {
	if o.metrics == nil {
		return nil
	}
	return o.metrics.Request
}

func (o *observers) limited(policy string) {
	if o.metrics != nil {
		o.metrics.Limited(policy)
	}
}

func (o *observers) refreshed(outcome string) {
	if o.metrics != nil {
		o.metrics.Refreshed(outcome)
	}
}

func (o *observers) jobDone(kind outbox.Kind, err error) {
	if o.metrics != nil {
		o.metrics.JobDone(kind, err)
	}
}

func (o *observers) taskDone(name string, err error) {
	if o.metrics != nil {
		o.metrics.TaskDone(name, err, time.Now())
	}
}

type queryTracerKey struct{}

// withQueryTracer makes the databases opened with the context trace their statements.
func withQueryTracer(ctx context.Context, tracer pgx.QueryTracer) context.Context {
	return context.WithValue(ctx, queryTracerKey{}, tracer)
}

// queryTracerOf returns the tracer of a context, or nil.
func queryTracerOf(ctx context.Context) pgx.QueryTracer {
	tracer, _ := ctx.Value(queryTracerKey{}).(pgx.QueryTracer)
	return tracer
}
