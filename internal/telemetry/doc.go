// Package telemetry owns traces, and the way of metrics to an OpenTelemetry collector. Nothing of it
// runs unless OTEL_EXPORTER_OTLP_ENDPOINT is set.
//
//   - telemetry.go: starting and stopping, middleware and tracer
//   - redact.go: what leaves the process in a span
//
// The metrics themselves belong to package metrics.
package telemetry
