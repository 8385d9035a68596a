package recent

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const size = 100

func TestZeroValue(t *testing.T) {
	t.Parallel()
	m := Map[int, string]{Size: size}
	_, ok := m.Get(1)
	require.False(t, ok)
	m.Delete(1)
	m.Put(1, "one")
	v, ok := m.Get(1)
	require.True(t, ok)
	require.Equal(t, "one", v)
}

func TestBounded(t *testing.T) {
	t.Parallel()
	m := Map[int, int]{Size: size}
	m.Put(-1, -1)
	for i := range 5 * size {
		m.Put(i, i)
		require.LessOrEqual(t, len(m.younger)+len(m.older), 2*size)
		v, ok := m.Get(-1)
		require.True(t, ok, "a key in use must not be forgotten")
		require.Equal(t, -1, v)
		for last := max(0, i-size/2); last <= i; last++ {
			_, ok := m.younger[last]
			_, old := m.older[last]
			require.True(t, ok || old, "%d of the last keys is forgotten at %d", last, i)
		}
	}
	_, ok := m.Get(0)
	require.False(t, ok, "a key that was not used is remembered for ever")
}

// The newest value counts, and a deleted key stays deleted, in whichever generation they are.
func TestReplaceAndDelete(t *testing.T) {
	t.Parallel()
	m := Map[int, string]{Size: size}
	m.Put(1, "old")
	for i := range size { // 1 is in the older generation now
		m.Put(100+i, "")
	}
	m.Put(1, "new")
	for i := range size {
		m.Put(300+i, "")
	}
	v, ok := m.Get(1)
	require.True(t, ok)
	require.Equal(t, "new", v)
	m.Delete(1)
	_, ok = m.Get(1)
	require.False(t, ok)
	m.Clear()
	_, ok = m.Get(399)
	require.False(t, ok)
}

// A full generation is not replaced by a key that it has.
func TestPutAgain(t *testing.T) {
	t.Parallel()
	m := Map[int, int]{Size: 2}
	m.Put(1, 1)
	m.Put(2, 1)
	m.Put(2, 2)
	m.Put(1, 2)
	require.Equal(t, map[int]int{1: 2, 2: 2}, m.younger)
	require.Empty(t, m.older)
}
