//go:build unix

package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNodePackages(t *testing.T) {
	t.Parallel()
	modules, err := filepath.Abs(sdkNode + "/node_modules")
	require.NoError(t, err)
	outputs := map[string]string{
		"mkdir -p " + sdkNode: "",
		"cp " + sdkNodePackages + "/package.json " + sdkNodePackages + "/package-lock.json " + sdkNode: "",
		"npm install --prefix " + sdkNode + " --ignore-scripts --no-audit --no-fund --loglevel=error":  "",
		"apt-get update": "",
	}
	for name, m := range map[string]fakeMachine{
		"installed": {programs: []string{"/usr/bin/npm"}, outputs: outputs},
		"from the package manager": {programs: []string{"/usr/bin/apt-get"}, outputs: outputs,
			installs: map[string]string{aptInstall + "nodejs npm": "/usr/bin/npm"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := m.host().node("SDK_NODE_MODULES", sdkNodePackages, sdkNode).find(t.Context(), logger{io.Discard})
			require.NoError(t, err)
			require.Equal(t, modules, found.value)
		})
	}
	_, err = new(fakeMachine).host().node("SDK_NODE_MODULES", sdkNodePackages, sdkNode).find(t.Context(), logger{io.Discard})
	require.ErrorContains(t, err, "install Node.js")
}

func TestOnlyTheBuildTagNeedsOtherLanguages(t *testing.T) {
	t.Parallel()
	var m fakeMachine
	require.True(t, m.host().needsSDK(strings.Fields("go test -tags=sdk ./internal/e2e")))
	require.False(t, m.host().needsSDK(strings.Fields("go test -race ./...")))
}
