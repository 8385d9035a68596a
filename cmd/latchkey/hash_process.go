package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/latchkey-auth/latchkey/internal/password"
)

// hashProcess is the only argument of a process that the service starts to compute a hash. It is no command:
// it reads its work from the service.
const hashProcess = "compute-hashes"

// hashNiceness is how much lower the priority of hashes is than that of the service: requests go first, and
// hashes get what is left, or on Linux about a quarter of a processor that requests keep busy.
const hashNiceness = 5

// startHashProcess returns the command of such a process. It gets nothing of the environment, which may
// contain secrets.
func startHashProcess() *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), ownProgram(), hashProcess) // a hash is always completed
	cmd.Args[0], cmd.Env, cmd.Stderr = "latchkey", []string{}, os.Stderr
	return cmd
}

// ownProgram returns the path of this program. On Linux that path stays right when an upgrade replaces the file.
func ownProgram() string {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe"
	}
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// computeHashes is the main function of such a process. It ends with its input, not with a signal to all
// processes of the service, which first finishes its requests.
func computeHashes() int {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)   // password.Work collects after each hash
	debug.FreeOSMemory()     // what the start of the program has left
	_ = returnProgramPages() // a hash can be computed with more memory as well
	if err := lowerPriority(); err != nil {
		fmt.Fprintf(os.Stderr, "latchkey: requests may wait longer for hashes, whose priority could not be lowered: %v\n", err)
	}
	if err := password.Work(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "latchkey: %v\n", err)
		return exitFailed
	}
	return 0
}
