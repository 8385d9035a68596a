package snapshot

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type list []int

func (l list) Clone() list { return append(list(nil), l...) }

func TestRows(t *testing.T) {
	t.Parallel()
	rows := NewRows[string, list](16)
	_, ok := rows.Find("", "a")
	require.False(t, ok, "remembers something from the beginning")

	first := list{1}
	rows.Add("1", "a", first)
	rows.Add("1", "b", list{2})
	first[0] = 0
	got, ok := rows.Find("1", "a")
	require.True(t, ok)
	require.Equal(t, list{1}, got)
	got[0] = 0
	got, _ = rows.Find("1", "a")
	require.Equal(t, list{1}, got, "changed by another caller")
	_, ok = rows.Find("2", "a")
	require.False(t, ok, "found in another snapshot")

	rows.Add("2", "c", list{3})
	require.Equal(t, "2", rows.Version())
	for _, version := range []string{"1", "2"} {
		_, ok = rows.Find(version, "a")
		require.False(t, ok, "kept from an earlier snapshot, found in %s", version)
	}
}

func TestMove(t *testing.T) {
	t.Parallel()
	changed := func(ids ...string) Changes {
		c := Changes{IDs: map[string]struct{}{}}
		for _, id := range ids {
			c.IDs[id] = struct{}{}
		}
		return c
	}
	for name, test := range map[string]struct {
		from    string
		changes Changes
		want    []string // remembered of snapshot 2
	}{
		"nothing has changed":       {from: "1", want: []string{"a", "b"}},
		"one has changed":           {from: "1", changes: changed("a", "unknown"), want: []string{"b"}},
		"all have changed":          {from: "1", changes: Changes{All: true}},
		"the snapshot is unrelated": {from: "0"},
	} {
		rows := NewRows[string, list](16)
		rows.Add("1", "a", list{1})
		rows.Add("1", "b", list{2})
		rows.Move(test.from, "2", test.changes)
		var got []string
		for _, id := range []string{"a", "b"} {
			if _, ok := rows.Find("2", id); ok {
				got = append(got, id)
			}
		}
		require.Equal(t, test.want, got, name)
	}
}

// A row that was read before a commit comes too late, and does not make others forget the rows.
func TestAddAfterMove(t *testing.T) {
	t.Parallel()
	rows := NewRows[string, list](16)
	rows.Add("1", "a", list{1})
	rows.Move("1", "2", Changes{})
	rows.Add("1", "b", list{2})
	_, ok := rows.Find("2", "a")
	require.True(t, ok, "forgotten")
	_, ok = rows.Find("2", "b")
	require.False(t, ok, "a row of the former snapshot was remembered")
}

// While a commit is on its way, a reader who has already seen it does not make others forget the rows.
func TestHold(t *testing.T) {
	t.Parallel()
	rows := NewRows[string, list](16)
	rows.Add("1", "a", list{1})
	rows.Hold()
	rows.Add("2", "b", list{2})
	rows.Add("1", "c", list{3})
	for id, want := range map[string]bool{"a": true, "b": false, "c": true} {
		_, ok := rows.Find("1", id)
		require.Equal(t, want, ok, id)
	}
	rows.Release()
	rows.Add("2", "b", list{2})
	_, ok := rows.Find("2", "b")
	require.True(t, ok, "held for ever")
}
