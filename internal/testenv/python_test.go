//go:build unix

package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPythonPackages(t *testing.T) {
	t.Parallel()
	python, err := filepath.Abs(fastapiVenv + "/bin/python")
	require.NoError(t, err)
	install := python + " -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --requirement " + fastapiPackages
	venv := "python3 -m venv " + fastapiVenv
	for name, test := range map[string]struct {
		fakeMachine
		errHas string
	}{
		"installed Python": {fakeMachine: fakeMachine{
			programs: []string{"/usr/bin/python3"}, outputs: map[string]string{venv: "", install: ""},
		}},
		"Python from the package manager": {fakeMachine: fakeMachine{
			programs: []string{"/usr/bin/apt-get"}, outputs: map[string]string{"apt-get update": "", venv: "", install: ""},
			installs: map[string]string{aptInstall + "python3 python3-venv": "/usr/bin/python3"},
		}},
		"packages that cannot be installed": {
			fakeMachine: fakeMachine{programs: []string{"/usr/bin/python3"}, outputs: map[string]string{venv: ""}},
			errHas:      install + ": failed",
		},
		"no Python": {errHas: "install Python 3 with venv and pip"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := test.host().fastapi().find(t.Context(), logger{io.Discard})
			if test.errHas != "" {
				require.ErrorContains(t, err, test.errHas)
				return
			}
			require.NoError(t, err)
			require.Equal(t, python, found.value)
		})
	}
}

func TestOnlyTheBuildTagNeedsPython(t *testing.T) {
	t.Parallel()
	var m fakeMachine
	require.True(t, m.host().needsFastAPI(strings.Fields("go test -tags=fastapi ./internal/e2e")))
	require.False(t, m.host().needsFastAPI(strings.Fields("go test -race ./...")))
}
