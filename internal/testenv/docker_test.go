//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeEngine is a fake Docker engine.
type fakeEngine struct {
	started, removed string // container names
	argv             string // of docker run
	env              []string
}

func (e *fakeEngine) run(_ context.Context, env []string, argv ...string) (string, error) {
	switch argv[1] {
	case "run":
		e.started, e.argv, e.env = argv[slices.Index(argv, "--name")+1], strings.Join(argv, " "), env
		return "0123456789ab", nil
	case "port":
		return "127.0.0.1:54321", nil
	case "rm":
		e.removed = argv[len(argv)-1]
	}
	return "", nil
}

func TestPostgresContainer(t *testing.T) {
	t.Parallel()
	setup := func(t *testing.T, reach error) (*fakeEngine, resource, error) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		e, h := new(fakeEngine), (&fakeMachine{}).host()
		h.run = e.run
		found, err := postgresSearch{host: h, reach: func(context.Context, string) (string, error) {
			if reach != nil {
				cancel()
			}
			return "17.0", reach
		}}.container(ctx)
		return e, found, err
	}

	t.Run("is published on loopback and removed at the end", func(t *testing.T) {
		t.Parallel()
		e, found, err := setup(t, nil)
		require.NoError(t, err)
		password := strings.TrimPrefix(e.env[0], "POSTGRES_PASSWORD=")
		require.NotContains(t, e.argv, password)
		require.Contains(t, e.argv, "--publish 127.0.0.1::5432")
		require.Equal(t, "postgres://latchkey:"+password+"@127.0.0.1:54321/postgres?sslmode=disable", found.value)
		require.Empty(t, e.removed)
		require.NoError(t, found.stop())
		require.Equal(t, e.started, e.removed)
	})
	t.Run("is removed if it does not respond", func(t *testing.T) {
		t.Parallel()
		down := errors.New("down")
		e, _, err := setup(t, down)
		require.ErrorIs(t, err, down)
		require.Equal(t, e.started, e.removed)
	})
}

func TestChromiumContainer(t *testing.T) {
	t.Parallel()
	h := (&fakeMachine{}).host()
	h.run = new(fakeEngine).run
	found, err := h.chromiumContainer(t.Context())
	require.NoError(t, err)
	script, err := os.ReadFile(found.value)
	require.NoError(t, err)
	require.Contains(t, string(script), `--network host`)
	require.NoError(t, found.stop())
	require.NoFileExists(t, found.value)

	h.os = "darwin"
	_, err = h.chromiumContainer(t.Context())
	require.ErrorIs(t, err, errAbsent)
}
