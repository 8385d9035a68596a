// Package mail owns emails to users: their texts and how they are sent.
//
// It handles the outbox's jobs of kind outbox.Email. Package account decides who gets an email and
// issues the token in its link; package outbox decides when a failed job is retried.
//
//   - message.go: a message, and the job handler that prepares, renders and sends one
//   - templates.go: loading the templates, built in (templates/) or the operator's own
//   - render.go: turning a template into a message
//   - smtp.go, smtp_options.go, connection.go: sending through a mail server (RFC 5321)
//   - redact.go: errors of a mail server without what they repeat
//   - inbox.go, inbox_http.go: storing messages as files during development, and what the page that
//     shows them calls; the page itself is in package web
//
// The token stands in the fragment of a link, after the #. Browsers do not send the fragment, so
// the token does not appear in proxy logs or in a Referer header.
package mail
