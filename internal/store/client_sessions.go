package store

import "time"

// EndedClientRetention is how long a store remembers at least that it has ended the sessions of a client.
// A sign-in that began before may still store a session, which has ended then too.
const EndedClientRetention = time.Minute
