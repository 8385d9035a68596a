// Package config turns flags, the environment and .env into settings that have been checked. All
// faults are reported at once, each with how to mend it.
//
// It knows the settings and their bounds and nothing of what they are for: cmd wires them.
package config
