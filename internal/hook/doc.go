// Package hook owns webhooks: which events each one receives, and the requests that deliver them,
// in the format of the Standard Webhooks specification 1.0.0.
//
// It handles the outbox's jobs of kind outbox.WebhookEvent and outbox.WebhookCall. A notice becomes one call job
// for each webhook that wants the event, so that a slow receiver does not delay the others. Package
// account decides which changes are reported and what is reported about a user; package outbox
// decides when a failed job is retried.
//
//   - hook.go: a webhook, the events it can receive, and what its URL must look like
//   - delivery.go: the record of one event sent to one webhook
//   - store.go: the store interface
//   - service.go: creating, listing and deleting webhooks; reading, replaying and purging deliveries
//   - deliver.go: the job handlers and the request
//   - reach.go: which addresses a request may go to
//   - sign.go: secrets and signatures
//
// The secret of a webhook is derived from the master secret and the webhook's ID, so it is not
// stored. While there are several master secrets, each request carries a signature for each of them,
// and receivers can switch to the new secret at any time.
package hook
