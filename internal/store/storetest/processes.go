package storetest

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// RunProcesses runs n processes at once, each of which prints a number, and returns the sum.
func RunProcesses(t *testing.T, n int, newCommand func() *exec.Cmd) (sum int) {
	t.Helper()
	type result struct {
		output []byte
		err    error
	}
	results := make(chan result)
	for range n {
		cmd := newCommand()
		go func() {
			output, err := cmd.CombinedOutput()
			results <- result{output, err}
		}()
	}
	for range n {
		r := <-results
		require.NoError(t, r.err, string(r.output))
		number, err := strconv.Atoi(strings.TrimSpace(string(r.output)))
		require.NoError(t, err)
		sum += number
	}
	return sum
}
