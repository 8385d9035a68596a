// Package config reads settings from flags, environment variables and a .env file, and checks them.
// It reports all problems at once, each with a way to fix it.
//
// It defines the settings, their defaults and their bounds: database.go those of every command that
// opens the database, serve.go those of the service, listeners.go where it listens, pages.go those of the
// pages for people, mail.go those of email, webhooks.go where webhooks may lead, secret.go the master secret.
// environment.go reads .env and rejects unknown variables, problems.go collects what is wrong, dev_issuer.go
// records the issuer of a development service. What the settings are used for is decided in cmd.
package config
