// Package password hashes and verifies passwords and knows which ones everybody tries first.
//
// It owns the algorithms that a stored hash may name, the bounds on what a stored hash may cost,
// the decoy that stands in for users who do not exist, and the slots that keep the memory of
// concurrent hashes within a limit. It leaves the length and the normal form of a password to
// account, the counting of tries to throttle and the storing of hashes to the stores.
//
// To add an algorithm write a file with a parse function and give it a row in schemes.
package password
