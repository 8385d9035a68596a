//go:build fastapi

package e2e

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var uvicornRunning = regexp.MustCompile(`Uvicorn running on `)

// listenForPython opens the listener of an application, whose URL is known before the application starts.
func listenForPython(t *testing.T) (listener *net.TCPListener, url string) {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener, "http://" + listener.Addr().String()
}

// startPython serves an application in testdata/fastapi with the Python that `make fastapi` has prepared,
// until the end of the test. It returns what the application prints.
func startPython(t *testing.T, listener *net.TCPListener, module string, environment ...string) *output {
	t.Helper()
	python := os.Getenv("FASTAPI_PYTHON")
	if python == "" {
		t.Fatal("FASTAPI_PYTHON is not set: run these tests with `make fastapi`, which installs the packages")
	}
	dir, err := filepath.Abs("testdata/fastapi")
	require.NoError(t, err)
	socket, err := listener.File()
	require.NoError(t, err)
	defer func() { _ = socket.Close() }()
	cmd := exec.CommandContext(context.Background(), python, "-m", "uvicorn", "--app-dir", dir, module+":app", "--fd", "3")
	cmd.Dir, cmd.ExtraFiles = t.TempDir(), []*os.File{socket}
	cmd.Env = append([]string{"PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"}, environment...)
	log := newOutput(uvicornRunning)
	startProgram(t, cmd, log)
	return log
}
