// Package hook owns webhooks: who wants to be told of which events, and the calls that tell them,
// in the form of the Standard Webhooks specification 1.0.0.
//
// It carries out the outbox's jobs of kind notice and call: a notice becomes one call for each hook
// that wants it, so that a slow receiver keeps no other from being told. Which changes are told,
// and what is said of a user, is account's matter; when a failed call is tried again the outbox's.
//
// The secret of a hook is derived from the master secret and its ID. It is kept nowhere and shown
// when the hook is created. Under several master secrets a call has a signature of each, so that
// receivers may change over at their leisure.
package hook
