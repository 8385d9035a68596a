// Package keyring manages the signing keys: it creates, encrypts and rotates them, signs and
// verifies access tokens, and publishes the public keys.
//
// It owns the format of an access token (RFC 9068), the order of the checks on a token that a caller
// presents (RFC 8725), and the derivation of every other key from the master secret. What the claims
// mean is decided by oauth, the rows are stored by the stores, and the JWKS document is written by
// httpapi. Only this package imports jwx, and not jwx's jwt package, which would also accept encrypted
// tokens.
//
// Which key signs and which keys are published is a pure function of the stored keys and the time, so
// replicas agree without talking to each other. A new key is published for a day before it signs. It
// signs for 30 days. Then its private key is erased, and after another day and the lifetime of a token
// the key is deleted. Maintain does all of this and may run on every replica at once.
//
// The master secret is rotated in three steps. Finish each step on all replicas before the next one:
// add the new secret after the old one, move it to the front, and remove the old one once every key is
// sealed with the new secret.
//
// Where to find what:
//   - ring.go: the keys in memory, Refresh, and the lookup by kid
//   - open.go: Open and Attach, and the creation of the first key
//   - options.go: Options, their defaults and checks
//   - claims.go: the claims, and their JSON form in a token (RFC 9068 §2.2)
//   - sign.go, verify.go: a token and its header (RFC 7515 §7.1, RFC 8725 §3); decode.go: a token without any check
//   - revocations.go: a list of ended sessions, signed
//   - verified.go: what is remembered of valid tokens, so that it need not be done again
//   - strict_json.go: JSON objects without duplicate names
//   - jwks.go: the published keys and the kid (RFC 7517, RFC 7638)
//   - key.go: the algorithms, and a key's way to and from its row
//   - store.go: the row, and the interface that the stores implement
//   - seal.go: the encryption of private keys
//   - vault.go: the encryption of the keys that clients share with third parties
//   - derive.go: keys for other purposes from the master secret (RFC 5869)
//   - key_states.go: the state of each key at a given time, and which key signs
//   - rotation_schedule.go: when the next key is due, and what is to be done to the others
//   - maintain.go: the scheduled changes
//   - list.go, rotate.go, revoke.go: what an operator does
package keyring
