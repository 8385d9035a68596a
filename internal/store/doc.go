// Package store holds what the two database engines do in exactly the same way. Each engine writes
// its own SQL; only the texts that both understand word for word are here.
//
//   - migrate.go: Migrator runs the migrations with goose; migrate_admissions.go: which programs may use a schema
//   - conditions.go: Conditions builds a WHERE clause with numbered parameters
//   - filters.go: the filters of the list of users and of the audit log
//   - search.go: the search for users by a prefix of their username or email
//   - prefix.go: PrefixEnd, the upper bound of a prefix search
//   - pool.go: Pool and Health, what an engine says about its connections and itself
//   - session.go: SessionAndUser, a session with its user; packed_session.go: the same as one text, for memory
//   - clients.go: the order of secrets, and the sessions that end with their client
//   - event_names.go: the names of audit actions
//   - results.go: what an empty result means
//   - instance.go: Keeper, what operating a database needs beyond the domain
//   - state_file.go: State, what is remembered of a database apart from it
//   - text.go: CleanText, for text that comes from outside
//
// It leaves statements, transactions, locks, column formats and driver errors to the engines in
// postgres and sqlite, and the tests of the store interfaces to storetest.
package store
