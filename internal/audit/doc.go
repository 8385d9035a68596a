// Package audit owns the record of who did what: the event, its names, and how the one who acts
// is known along the way of a request.
//
// It leaves keeping events to the stores, which write them in the transaction of the change, and
// deciding what is worth one to account and oauth. No secret is ever in an event: it has no field
// that would take one.
package audit
