// Package coalesce makes simultaneous calls of the same kind as one: many reads as one statement, many
// writes as one commit.
//
// A call that finds a free flight is made at once and alone. While all flights are in the air, the calls that
// arrive wait, and leave together with the next flight. The more calls there are, the larger the batches become.
// A group with Patience makes them larger still: calls wait for the only flight in the air, and take another one
// only if that is late.
//
// What a caller can rely on:
//   - Its result is of a batch that began after its call did, or of a lone call. So a read is never older than
//     the request that asked.
//   - Its result is its own. A batch decides which of its calls it answers. Each of the others is made again,
//     alone, by its own caller, at once and without a flight. After a panic these are all calls of the batch.
//   - Its context is its own. A call whose context ends while it is in the queue is not made. If the context ends
//     later, the caller leaves and the call may be made, unless Settle is set.
//
// In return, a batch must not leave a call unanswered that has had an effect.
//
// What a batch does is up to the stores; this package knows neither SQL nor the domain.
package coalesce
