package store

import "time"

// NewestFirst is the order of a client's secrets. Of two created in the same second, the one that expires is
// the older.
const NewestFirst = `ORDER BY created_at DESC, expires_at DESC NULLS FIRST, hash`

// A client may have more sessions than one statement should change. Disabling it stores a single row e of
// ended_clients, which ends all that were created before; EndClientSessions writes that into the sessions later.
// Times have whole seconds, so the few sessions of the same second are ended at once: the client may be
// enabled again within it.
const (
	// EndsWithClient is the condition that the sessions row s was live when its client was ended.
	EndsWithClient = `e.client_id = s.client_id AND s.created_at < e.ended_at AND e.ended_at < s.idle_until AND e.ended_at < s.absolute_until`
	// EndedWithClient is when the sessions row s ended with its client, or NULL.
	EndedWithClient = `(SELECT e.ended_at FROM ended_clients e WHERE ` + EndsWithClient + `)`
)

// EndedClientRetention is how long a store remembers at least that it has ended the sessions of a client.
// A sign-in that began before may still store a session, which has ended then too.
const EndedClientRetention = time.Minute
