package password

// Stats is how busy a Hasher is at one moment.
type Stats struct {
	Slots    int   // hashes that may run at once
	Running  int   // hashes that run
	Capacity int   // hashes that may wait for a slot
	Waiting  int   // hashes that wait
	Started  int64 // hashes since the start, including those for unknown users
}

// Stats returns how busy the hasher is now.
func (h *Hasher) Stats() Stats {
	return Stats{
		Slots: cap(h.slots.running), Running: len(h.slots.running),
		Capacity: int(h.slots.limit()), Waiting: int(h.slots.waiting()),
		Started: h.Hashes(),
	}
}
