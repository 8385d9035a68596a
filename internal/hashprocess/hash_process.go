// Package hashprocess is the program of the processes that compute password hashes, and starts them.
//
// It takes over when a process has their argument, before most other packages are initialized: what those allocate would
// be in the memory of each such process, and the garbage collector would look at it after each hash. So it imports
// little, and nothing of the service but the hashes.
package hashprocess

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
	"github.com/latchkey-auth/latchkey/internal/process"
)

// argument is the only one of a process that computes hashes. It is no command: it reads its work from the service.
const argument = "compute-hashes"

// niceness is how much lower the priority of hashes is than that of the service: requests go first, and hashes get what
// is left, or on Linux about a quarter of a processor that requests keep busy.
const niceness = 5

// memoryLimit is far above what a hash needs, so that it changes nothing but the goal of the garbage collector. With a
// goal of more than 1 GiB, such as none, Go asks for huge pages for its own tables, of which each process would use 2 MB.
const memoryLimit = 512 << 20

func init() {
	if len(os.Args) != 2 || os.Args[1] != argument {
		return
	}
	// Go binds the initialization to one thread; a hash there would switch between threads all the time.
	go func() { os.Exit(compute()) }()
	select {}
}

// Command returns the command that starts such a process. It gets nothing of the environment, which may contain secrets.
func Command() *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), ownProgram(), argument) // a hash is always completed
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

// compute is the main function of such a process. It ends with its input, not with a signal to all processes of the
// service, which first finishes its requests.
func compute() int {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	runtime.GOMAXPROCS(1)
	runtime.MemProfileRate = 0 // nothing reads the profile
	debug.SetGCPercent(-1)     // password.Work collects after each hash
	debug.SetMemoryLimit(memoryLimit)
	_ = process.UseHugePages(int(password.DefaultParams.Memory) << 10)
	debug.FreeOSMemory()             // what the start of the program has left
	_ = process.ReturnProgramPages() // a hash can be computed with more memory as well
	if err := process.LowerPriority(niceness); err != nil {
		fmt.Fprintf(os.Stderr, "latchkey: requests may wait longer for hashes, whose priority could not be lowered: %v\n", err)
	}
	if err := password.Work(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "latchkey: %v\n", err)
		return 1
	}
	return 0
}
