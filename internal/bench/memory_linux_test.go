package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// The processor time of a child counts also when it has ended.
func TestFamilyTimes(t *testing.T) {
	t.Parallel()
	_, before := familyTimes(os.Getpid())
	child := exec.CommandContext(t.Context(), "sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done")
	require.NoError(t, child.Run())
	_, after := familyTimes(os.Getpid())
	used := child.ProcessState.UserTime() + child.ProcessState.SystemTime()
	require.Greater(t, used, 5*clockTick, "the child has done too little to be measured")
	require.GreaterOrEqual(t, after-before, used-2*clockTick) // more if other tests have ended children, too
}
