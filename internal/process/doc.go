// Package process adapts this process to the operating system: its priority, its memory and its timers.
//
//   - priority_linux.go and priority_unix.go: who goes first
//   - huge_pages_linux.go: large pages for the memory of a hash
//   - program_pages_linux.go: the pages of the program that are not in use
//   - timer_slack_linux.go: how exact timers are
//
// Where the system has none of that, the files whose name ends in _other.go do nothing.
package process
