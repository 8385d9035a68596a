package bounded

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

const size = 1024

func TestMap(t *testing.T) {
	t.Parallel()
	m := New[int, string](size)
	_, ok := m.Get(1)
	require.False(t, ok)
	m.Delete(1)
	for round := range 3 {
		m.Put(1, "one")
		m.Put(1, "uno")
		v, ok := m.Get(1)
		require.True(t, ok)
		require.Equal(t, "uno", v)
		m.Delete(1)
		_, ok = m.Get(1)
		require.False(t, ok, "not deleted")
		m.Put(2, "two")
		m.Clear()
		_, ok = m.Get(2)
		require.False(t, ok, "not cleared in round %d", round)
	}
}

// What was there the first time does not come back when the count of Clear begins again.
func TestClearManyTimes(t *testing.T) {
	t.Parallel()
	m := New[int, int](size)
	m.Put(1, 1)
	m.clears = math.MaxUint32 - 2
	for range 4 {
		m.Clear()
		_, ok := m.Get(1)
		require.False(t, ok)
		m.Put(2, 2)
		_, ok = m.Get(2)
		require.True(t, ok)
	}
}

func TestBounded(t *testing.T) {
	t.Parallel()
	m := New[int, int](size)
	for i := range 5 * size {
		m.Put(i, i)
		v, ok := m.Get(i)
		require.True(t, ok, "a new key is not remembered")
		require.Equal(t, i, v)
	}
	found := 0
	for i := range 5 * size {
		if v, ok := m.Get(i); ok {
			require.Equal(t, i, v)
			found++
		}
	}
	require.LessOrEqual(t, found, size)
	require.Greater(t, found, size*9/10)
}

// found returns the part of keys that is found, if so many are used in turn.
func found(keys int) float64 {
	m := New[int, int](size)
	const turns = 20
	found := 0
	for turn := range turns + 1 {
		for key := range keys {
			if _, ok := m.Get(key); !ok {
				m.Put(key, key)
			} else if turn > 0 {
				found++
			}
		}
	}
	return float64(found) / float64(turns*keys)
}

// Of a quarter more keys than fit, most are found; if the oldest were forgotten, none would be.
func TestUseInTurn(t *testing.T) {
	t.Parallel()
	require.Greater(t, found(size*5/8), 0.95)
	require.Greater(t, found(size*5/4), 0.5)
}

func BenchmarkMap(b *testing.B) {
	m := New[string, string](32768)
	keys := make([]string, 2*32768)
	for i := range keys {
		keys[i] = string([]rune{rune(i), rune(i >> 4)}) + "-0000-4000-8000-0123456789ab"
	}
	b.Run("put", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			m.Put(keys[i%len(keys)], "value")
		}
	})
	b.Run("get", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			_, _ = m.Get(keys[i%len(keys)])
		}
	})
}
