// Package bounded remembers things in bounded memory.
package bounded

import (
	"hash/maphash"
	"math"
	"math/rand/v2"
)

// ways is the number of keys in a set.
const ways = 16

// Map is a map of bounded size. Each key belongs to one of many small sets; in a full one, a new key replaces a random one.
// So a few more keys than fit cost little, in whatever order they are used. Unlike a Go map, it does not grow when keys
// come and go. It is not safe for concurrent use.
type Map[K comparable, V any] struct {
	seed   maphash.Seed
	sets   []*[ways]entry[K, V] // nil: not used yet
	clears uint32               // how often the map was cleared
}

type entry[K comparable, V any] struct {
	key    K
	value  V
	filled uint32 // Map.clears + 1 when it was put; others are empty
}

// New returns an empty map for at most size keys, a multiple of 16.
func New[K comparable, V any](size int) *Map[K, V] {
	return &Map[K, V]{seed: maphash.MakeSeed(), sets: make([]*[ways]entry[K, V], size/ways)}
}

// Get returns the value of a key.
func (m *Map[K, V]) Get(key K) (V, bool) {
	if e := m.find(key); e != nil {
		return e.value, true
	}
	var none V
	return none, false
}

// Put sets the value of a key.
func (m *Map[K, V]) Put(key K, v V) {
	set := m.set(key)
	if *set == nil {
		*set = new([ways]entry[K, V])
	}
	e := m.find(key)
	if e == nil {
		e = m.place(*set)
	}
	*e = entry[K, V]{key, v, m.clears + 1}
}

// Delete forgets a key.
func (m *Map[K, V]) Delete(key K) {
	if e := m.find(key); e != nil {
		*e = entry[K, V]{}
	}
}

// Clear forgets all keys at once. Their memory is kept for others.
func (m *Map[K, V]) Clear() {
	if m.clears++; m.clears == math.MaxUint32 { // or those of the first time would be back
		m.clears = 0
		clear(m.sets)
	}
}

// find returns the entry of a key, or nil.
func (m *Map[K, V]) find(key K) *entry[K, V] {
	set := *m.set(key)
	if set == nil {
		return nil
	}
	for i := range set {
		if e := &set[i]; e.filled == m.clears+1 && e.key == key {
			return e
		}
	}
	return nil
}

// place returns an empty entry of a set, or that of another key.
func (m *Map[K, V]) place(set *[ways]entry[K, V]) *entry[K, V] {
	for i := range set {
		if set[i].filled != m.clears+1 {
			return &set[i]
		}
	}
	return &set[rand.IntN(ways)] //nolint:gosec // no secret
}

func (m *Map[K, V]) set(key K) **[ways]entry[K, V] {
	return &m.sets[maphash.Comparable(m.seed, key)%uint64(len(m.sets))]
}
