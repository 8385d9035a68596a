// Package process adapts this process to the operating system: its priority, and the memory that it has.
package process
