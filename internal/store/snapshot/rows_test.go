package snapshot

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

type list []int

func (l list) Clone() list { return append(list(nil), l...) }

func TestRows(t *testing.T) {
	t.Parallel()
	var rows Rows[string, list]
	_, ok := rows.Find("", "a")
	require.False(t, ok, "the zero value remembers something")

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

func TestRowsAreBounded(t *testing.T) {
	t.Parallel()
	var rows Rows[int, list]
	for i := range 3 * maxRows {
		rows.Add(1, strconv.Itoa(i), list{i})
		require.LessOrEqual(t, len(rows.rows), maxRows)
	}
	_, ok := rows.Find(1, strconv.Itoa(3*maxRows-1))
	require.True(t, ok, "the newest row is not remembered")
}
