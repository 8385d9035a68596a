package password

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is a process for hashes when a test starts this program as one, see hashProcess. Else it fails if a
// goroutine outlives the tests.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workArgument {
		if err := Work(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
