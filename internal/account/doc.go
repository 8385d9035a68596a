// Package account keeps users and roles: who may sign in, with what, and what they may do.
//
// It owns the rules for names, addresses and passwords, the canonical forms by which two of them
// are the same, and the one error type of the domain. It leaves the hashing to password, tokens
// and sessions to oauth, SQL to the stores and statuses to httpapi. Beside the standard library it
// imports only x/text, for Unicode normal forms.
package account
