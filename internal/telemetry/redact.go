package telemetry

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// kept are the attributes that leave the process. They come from the contract and from our SQL, which
// has parameters instead of values. Everything that a caller sends is left out: paths can contain
// one-time tokens, error texts can contain names, and addresses and user agents identify people.
var kept = []attribute.Key{
	"http.method", "http.request.method", "http.route", "http.status_code", "http.response.status_code",
	"http.scheme", "url.scheme",
	"db.system", "db.system.name", "db.query.text", "db.operation.name", "db.collection.name",
	"pgx.rows_affected", "pgx.sql_state", "pgx.operation.type",
}

// redacting exports spans with only the kept attributes, and without the texts of errors.
type redacting struct{ trace.SpanExporter }

// ExportSpans implements trace.SpanExporter.
func (r redacting) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	clean := make([]trace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		clean[i] = redacted{span}
	}
	return r.SpanExporter.ExportSpans(ctx, clean)
}

// redacted is a span as it leaves the process.
type redacted struct{ trace.ReadOnlySpan }

// Attributes returns the kept attributes.
func (s redacted) Attributes() []attribute.KeyValue {
	return slices.DeleteFunc(slices.Clone(s.ReadOnlySpan.Attributes()), func(a attribute.KeyValue) bool {
		return !slices.Contains(kept, a.Key)
	})
}

// Events returns none: the events are errors, with their texts.
func (redacted) Events() []trace.Event { return nil }

// Status returns the code without its description.
func (s redacted) Status() trace.Status {
	status := s.ReadOnlySpan.Status()
	if status.Code == codes.Error {
		status.Description = ""
	}
	return status
}

// SpanContext returns the ids without the tracestate, which callers send.
func (s redacted) SpanContext() api.SpanContext {
	return s.ReadOnlySpan.SpanContext().WithTraceState(api.TraceState{})
}

// Parent returns the ids of the parent without the tracestate.
func (s redacted) Parent() api.SpanContext {
	return s.ReadOnlySpan.Parent().WithTraceState(api.TraceState{})
}
