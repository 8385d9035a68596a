// Package password hashes and verifies passwords, and knows the most common ones.
//
// It owns the algorithms and formats of stored hashes, the limits on what verifying a stored hash may
// cost, the decoy hash that is verified for users that do not exist, and the slots that bound the
// memory and the queue of concurrent hashes. It leaves the length and the normal form of a password to
// account, the rate limits to throttle, and the storage of hashes to the stores.
//
// New hashes are argon2id. Hashes from other systems are verified in the formats in which those systems
// write them, and are to be replaced at the first successful login. Verifying one takes at most about
// as long as bcrypt with cost 15, and at most 128 MiB of memory. A failed login takes as long as
// the slowest hash that was met, so that the time does not reveal which users were imported. Only an import can store such
// a hash. Latchkey normalizes passwords to NFC, but most other systems hash what was typed: a user who
// typed something other than NFC there, which keyboards rarely produce, has to set a new password.
//
// Where to find what:
//   - hasher.go: Options, Hash, Verify and the decoy
//   - queue.go: how many hashes may run and wait at once; stats.go: how many do
//   - departure.go: results leave together while others wait
//   - processes.go, work.go: hashes in processes of their own
//   - padding.go: failures take the same time for every stored hash
//   - argon2.go, bcrypt.go, scrypt.go, pbkdf2.go: the algorithms, their formats and their limits
//   - scheme.go: the list of formats; CheckHash for an import
//   - common.go, common.txt, NOTICE: the most common passwords and where the list comes from
//
// To add an algorithm, write a file with a parse function and add its prefix to schemes.
package password
