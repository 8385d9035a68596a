// Package outbox owns work that follows from a change and must not be lost: emails to send and
// events to deliver to webhooks. A job is stored in the same transaction as the change. Afterwards a
// worker runs it, with retries until it succeeds.
//
//   - job.go: a job, and the store interface
//   - worker.go: running jobs, leases and backoff
//
// Packages mail and hook own what a job does, and the stores own the SQL. A job never contains a
// secret: the one-time token in an email is created when the email is sent.
package outbox
