// Package account owns users and roles: who may sign in, with which password, and what they may do.
//
// Rules of a single subject stand in one file each:
//
//   - names.go, password_policy.go: which usernames, email addresses and passwords are accepted, and
//     the canonical forms under which two of them are equal
//   - check_password.go: the one protocol for a presented password (count, verify, then succeed, fail
//     or refund) that every entrance uses; refusal.go: when refusals are sent
//   - signup.go, own_account.go: what users do for themselves
//   - administration.go, roles.go: what administrators do
//   - one_time_tokens.go, messages.go: emailed links and the emails that carry them
//   - import.go, import_record.go: users who bring their password hashes along
//   - change.go: the audit event, the webhook event and the emails that belong to a change
//   - lookup.go: finding users; user.go: the types; service.go: what a Directory and a Service need
//   - store.go: the interfaces that the stores implement; errors.go: the error codes of accounts
//
// Hashing is left to password, tokens and sessions to oauth, SQL to the stores, files to userfile, and
// HTTP statuses to httpapi.
package account
