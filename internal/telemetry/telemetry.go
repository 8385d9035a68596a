package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/github.com/labstack/echo/otelecho"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

const serviceName = "latchkey" // unless OTEL_SERVICE_NAME says otherwise

// Telemetry exports traces and metrics. The methods of a nil Telemetry do nothing.
type Telemetry struct {
	traces  *trace.TracerProvider
	metrics *metric.MeterProvider
}

// Wanted reports whether the environment asks for telemetry.
func Wanted() bool {
	return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" && os.Getenv("OTEL_SDK_DISABLED") != "true"
}

// Options are what Start needs.
type Options struct {
	Version string              // of the program
	Metrics prometheus.Gatherer // what is exported as metrics
	Log     *slog.Logger        // for errors of the exporters
}

// Start begins to export to OTEL_EXPORTER_OTLP_ENDPOINT. The exporters read the other OTEL_ variables
// by themselves. An endpoint that does not respond is logged and is no error.
func Start(ctx context.Context, o Options) (*Telemetry, error) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"} {
		if protocol := os.Getenv(name); protocol != "" && protocol != "http/protobuf" {
			return nil, fmt.Errorf("%s: %q is not supported; use http/protobuf, which collectors accept on port 4318", name, protocol)
		}
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		o.Log.WarnContext(context.WithoutCancel(ctx), "telemetry not exported", "error", err)
	}))
	about, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", serviceName), attribute.String("service.version", o.Version),
	), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	t := &Telemetry{}
	if wanted("OTEL_TRACES_EXPORTER") {
		if err := t.startTraces(ctx, about); err != nil {
			return nil, err
		}
	}
	if wanted("OTEL_METRICS_EXPORTER") {
		if err := t.startMetrics(ctx, about, o.Metrics); err != nil {
			return nil, errors.Join(err, t.Stop(ctx))
		}
	}
	return t, nil
}

// wanted reports whether a signal is exported: unless its variable is none.
func wanted(variable string) bool { return os.Getenv(variable) != "none" }

func (t *Telemetry) startTraces(ctx context.Context, about *resource.Resource) error {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	t.traces = trace.NewTracerProvider(trace.WithBatcher(redacting{exporter}), trace.WithResource(about))
	return nil
}

func (t *Telemetry) startMetrics(ctx context.Context, about *resource.Resource, all prometheus.Gatherer) error {
	exporter, err := otlpmetrichttp.New(ctx)
	if err != nil {
		return fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	reader := metric.NewPeriodicReader(exporter, metric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(all))))
	t.metrics = metric.NewMeterProvider(metric.WithReader(reader), metric.WithResource(about))
	return nil
}

// untraced are the routes that probes and scrapers call all the time.
var untraced = []string{"/healthz", "/readyz"}

// Middleware makes a span of each request, named by method and route. It continues the trace of a
// traceparent header. It is nil without traces.
func (t *Telemetry) Middleware() echo.MiddlewareFunc {
	if t == nil || t.traces == nil {
		return nil
	}
	return otelecho.Middleware(serviceName, otelecho.WithTracerProvider(t.traces),
		otelecho.WithPropagators(propagation.TraceContext{}),
		otelecho.WithSkipper(func(c echo.Context) bool { return slices.Contains(untraced, c.Path()) }))
}

// QueryTracer makes a span of each SQL statement within a traced request. It is nil without traces.
func (t *Telemetry) QueryTracer() pgx.QueryTracer {
	if t == nil || t.traces == nil {
		return nil
	}
	return otelpgx.NewTracer(otelpgx.WithTracerProvider(t.traces), otelpgx.WithMeterProvider(noop.NewMeterProvider()),
		otelpgx.WithDisableConnectionDetailsInAttributes(), otelpgx.WithDisableAcquireTracer())
}

const stopTimeout = 5 * time.Second

// Stop exports what is left, within five seconds.
func (t *Telemetry) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	var errs []error
	if t.traces != nil {
		errs = append(errs, t.traces.Shutdown(ctx))
	}
	if t.metrics != nil {
		errs = append(errs, t.metrics.Shutdown(ctx))
	}
	return errors.Join(errs...)
}
