// Package audit owns the record of who did what.
//
//   - event.go: the event, its actions and outcomes, and the actor that a request carries in its context
//   - change.go: what is stored in the same transaction as a change
//   - log.go: the store interface, reading a page of events, and purging old ones
//
// The stores write events in the transaction of the change they describe. Which changes are worth an
// event is decided by account, oauth and hook. No secret is ever in an event: it has no field for one.
package audit
