// Package process adapts this process to the operating system: its priority, its memory and its timers.
package process
