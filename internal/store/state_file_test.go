package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStateFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "latchkey.db.state")
	none, err := ReadState(path)
	require.NoError(t, err)
	require.False(t, none.Known())
	for _, want := range []State{
		{InstanceID: "a", Changes: 7, Running: true, At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		{InstanceID: "b"},
	} {
		require.NoError(t, want.Write(path))
		got, err := ReadState(path)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.True(t, got.Known())
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left")

	require.NoError(t, os.WriteFile(path, []byte(`{"instance":`), 0o600))
	_, err = ReadState(path)
	require.ErrorContains(t, err, path)
}

func TestStateCheck(t *testing.T) {
	t.Parallel()
	known := State{InstanceID: "a", Changes: 7, At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	for name, c := range map[string]struct {
		state    State
		instance Instance
		want     string // empty: no error
	}{
		"first start":     {State{}, Instance{ID: "a"}, ""},
		"same":            {known, Instance{ID: "a", Changes: 7}, ""},
		"more":            {known, Instance{ID: "a", Changes: 8}, ""},
		"less":            {known, Instance{ID: "a", Changes: 6}, "it had at least 7 changes at 2026-03-01T12:00:00Z, and has 6 now"},
		"another":         {known, Instance{ID: "b", Changes: 9}, "it is not the database that was used until 2026-03-01T12:00:00Z"},
		"another without": {State{InstanceID: "a"}, Instance{ID: "b"}, "it is not the database"},
	} {
		err := c.state.Check(c.instance)
		if c.want == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.want, name)
	}
	require.NoError(t, State{}.CheckMissing())
	require.ErrorContains(t, known.CheckMissing(), "it had at least 7 changes")
}
