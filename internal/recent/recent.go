// Package recent remembers what was used last, in bounded memory.
package recent

// Map remembers at least Size of the keys that were used last, and at most twice as many. It has two generations: a key
// that is used moves to the younger one, and a full younger one replaces the older. The zero value of the other fields
// is empty. It is not safe for concurrent use.
type Map[K comparable, V any] struct {
	Size           int // of a generation, positive
	younger, older map[K]V
}

// Get returns the value of a key, which is thereby used.
func (m *Map[K, V]) Get(key K) (V, bool) {
	if v, ok := m.younger[key]; ok {
		return v, true
	}
	v, ok := m.older[key]
	if ok {
		m.Put(key, v)
	}
	return v, ok
}

// Put sets the value of a key.
func (m *Map[K, V]) Put(key K, v V) {
	if _, ok := m.younger[key]; !ok && (m.younger == nil || len(m.younger) >= m.Size) {
		m.older, m.younger = m.younger, map[K]V{}
	}
	m.younger[key] = v
}

// Delete forgets a key.
func (m *Map[K, V]) Delete(key K) {
	delete(m.younger, key)
	delete(m.older, key)
}

// Clear forgets all keys.
func (m *Map[K, V]) Clear() { m.younger, m.older = nil, nil }
