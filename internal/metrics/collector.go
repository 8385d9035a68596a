package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/latchkey-auth/latchkey/internal/keyring"
)

// scrapeTimeout limits the only query that a scrape makes. The metrics matter most while the database
// does not respond.
const scrapeTimeout = time.Second

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	hashSlots    = describe("latchkey_hash_slots", "Password hashes that may run at once.")
	hashRunning  = describe("latchkey_hash_running", "Password hashes that run now.")
	hashCapacity = describe("latchkey_hash_queue_capacity", "Password hashes that may wait for a slot.")
	hashWaiting  = describe("latchkey_hash_queue_length", "Password hashes that wait for a slot now.")
	hashTotal    = describe("latchkey_hashes_total", "Password hashes computed since the start.")

	keyCount    = describe("latchkey_signing_keys", "Signing keys by state.", "state")
	keyRotation = describe("latchkey_signing_key_rotation_seconds", "Seconds until another key starts to sign; negative when it is late.")

	outboxJobs    = describe("latchkey_outbox_jobs", "Jobs in the outbox, by kind.", "kind")
	outboxFailing = describe("latchkey_outbox_failing_jobs", "Jobs whose last attempt failed, by kind.", "kind")
	outboxAge     = describe("latchkey_outbox_oldest_seconds", "Age of the oldest job, by kind.", "kind")
	databaseUp    = describe("latchkey_database_up", "1 if the database answered this scrape, else 0.")

	poolMax   = describe("latchkey_database_connections_max", "Connections that may be open, by pool.", "pool")
	poolOpen  = describe("latchkey_database_connections_open", "Connections that are open, by pool.", "pool")
	poolInUse = describe("latchkey_database_connections_in_use", "Connections that are in use, by pool.", "pool")
	poolWaits = describe("latchkey_database_waits_total", "How often a caller waited for a connection, by pool.", "pool")
	poolTime  = describe("latchkey_database_wait_seconds_total", "How long callers waited for connections, by pool.", "pool")

	certificateExpiry = describe("latchkey_tls_certificate_expiry_timestamp_seconds", "When the TLS certificate expires, in seconds since 1970.")
)

// Watch adds the metrics that are read from the parts of the service. Call it once.
func (m *Metrics) Watch(s Sources) { m.registry.MustRegister(collector{s}) }

type collector struct{ Sources }

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		hashSlots, hashRunning, hashCapacity, hashWaiting, hashTotal, keyCount, keyRotation,
		outboxJobs, outboxFailing, outboxAge, databaseUp,
		poolMax, poolOpen, poolInUse, poolWaits, poolTime, certificateExpiry,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	s := sink{ch}
	c.collectHashes(s)
	c.collectKeys(s)
	c.collectPools(s)
	c.collectOutbox(s)
	if c.Certificate != nil {
		s.gauge(certificateExpiry, float64(c.Certificate().Unix()))
	}
}

// sink sends values to Prometheus.
type sink struct{ ch chan<- prometheus.Metric }

func (s sink) gauge(d *prometheus.Desc, value float64, labels ...string) {
	s.ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (s sink) counter(d *prometheus.Desc, value float64, labels ...string) {
	s.ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}

func (c collector) collectHashes(s sink) {
	stats := c.Hashes()
	s.gauge(hashSlots, float64(stats.Slots))
	s.gauge(hashRunning, float64(stats.Running))
	s.gauge(hashCapacity, float64(stats.Capacity))
	s.gauge(hashWaiting, float64(stats.Waiting))
	s.counter(hashTotal, float64(stats.Started))
}

func (c collector) collectKeys(s sink) {
	count := map[keyring.State]int{}
	for _, key := range c.Keys() {
		count[key.State]++
	}
	for _, state := range []keyring.State{keyring.Pending, keyring.Signing, keyring.Retired, keyring.Expired} {
		s.gauge(keyCount, float64(count[state]), string(state))
	}
	if next := c.NextRotation(); !next.IsZero() {
		s.gauge(keyRotation, next.Sub(c.Now()).Seconds())
	}
}

func (c collector) collectPools(s sink) {
	for _, p := range c.Pools() {
		s.gauge(poolMax, float64(p.Max), p.Name)
		s.gauge(poolOpen, float64(p.Open), p.Name)
		s.gauge(poolInUse, float64(p.InUse), p.Name)
		s.counter(poolWaits, float64(p.Waits), p.Name)
		s.counter(poolTime, p.WaitTime.Seconds(), p.Name)
	}
}

// collectOutbox reads the outbox from the database. Without one its metrics are missing, and
// latchkey_database_up is 0.
func (c collector) collectOutbox(s sink) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	all, err := c.Outbox(ctx)
	if err != nil {
		s.gauge(databaseUp, 0)
		return
	}
	s.gauge(databaseUp, 1)
	jobs, failing, age := map[string]int{}, map[string]int{}, map[string]float64{}
	for _, stats := range all {
		kind := kindName(stats.Kind)
		jobs[kind], failing[kind] = jobs[kind]+stats.Jobs, failing[kind]+stats.Failing
		age[kind] = max(age[kind], c.Now().Sub(stats.Oldest).Seconds())
	}
	for _, kind := range kinds {
		s.gauge(outboxJobs, float64(jobs[kind]), kind)
		s.gauge(outboxFailing, float64(failing[kind]), kind)
		s.gauge(outboxAge, age[kind], kind)
	}
}
