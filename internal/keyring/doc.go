// Package keyring keeps the signing keys: it makes them, seals them under the master secret, signs
// access tokens, verifies them and publishes the public halves.
//
// It owns the form of an access token (RFC 9068), the order in which a foreign one is checked
// (RFC 8725) and the derivation of every other key from the master secret. It leaves what a token
// says to oauth, the rows to the stores and the JWKS document to httpapi. It alone imports jwx, and
// of it only what signs and parses keys: not its jwt package, which brings encrypted tokens along.
//
// Which key signs and which are published is a pure function of the rows and the time, so that
// replicas agree without speaking to each other. A new key is a new row, published (a day) before it
// signs (for 30 days); then its private half is erased, and a day and a token's life later the row
// goes. Maintain does all that, on every replica at once.
//
// The master secret is rotated in three steps, each on all replicas before the next: add the new one
// behind the old, put it in front, and drop the old when every key has been sealed anew.
package keyring
