// Package coalesce makes simultaneous calls of the same kind as one: many reads as one statement, many
// writes as one commit.
//
// A call that finds a free flight is made at once and alone. While all flights are in the air, the calls that
// arrive wait, and leave together with the next flight. The more calls there are, the larger the batches become.
// A group with Patience makes them larger still: calls wait for the only flight in the air, and take another one
// only if that is late.
//
// What a caller can rely on:
//   - Its result is of a batch that began after its call did, so a read is never older than the request
//     that asked.
//   - Its result is its own. A batch that fails or panics leaves its calls unanswered; each is then made
//     alone, by its own caller.
//   - Its context is its own. A call whose context ends while it waits is not made.
//
// What a batch does is up to the stores; this package knows neither SQL nor the domain.
package coalesce
