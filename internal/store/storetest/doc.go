// Package storetest proves what the domain's store interfaces promise: one suite, which every
// engine runs on a fresh database for each test.
//
// It owns a test for each MUST of account.Store, audit.Log, oauth.SessionStore, oauth.ClientStore,
// oauth.KeyStore, outbox.Store, hook.Store and throttle.Store, and finds PostgreSQL for the tests that need it. It leaves to
// the engines what only one of them has: driver errors, connection settings, locks.
package storetest
