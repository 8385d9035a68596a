// Package mail owns letters to users: what they say, and how they leave.
//
// It carries out the outbox's jobs of kind letter. Who gets one and which token is in it is
// account's matter, when a failed letter is tried again the outbox's. A letter leaves by SMTP
// (RFC 5321), and in development goes to an inbox that a page shows.
//
// A token is part of a link behind the #, which browsers send to nobody: it stays out of the logs
// of proxies and of the Referer header.
package mail
