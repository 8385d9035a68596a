// Package password hashes and verifies passwords and knows which ones everybody tries first.
//
// It owns the algorithms that a stored hash may name, the bounds on what a stored hash may cost,
// the decoy that stands in for users who do not exist, and the slots that keep the memory of
// concurrent hashes within a limit. It leaves the length and the normal form of a password to
// account, the counting of tries to throttle and the storing of hashes to the stores.
//
// Hashes of other systems are verified in the forms in which those write them, and are to be
// replaced after the first right password. No such hash may take longer than bcrypt of cost 15,
// about two seconds, or more memory than 128 MiB; only whoever imports users can put one into the
// database. Passwords come in NFC, other systems mostly hashed what was typed: who typed anything
// else there, which keyboards rarely do, has to set a new password.
//
// To add an algorithm write a file with a parse function and give it a row in schemes.
package password
