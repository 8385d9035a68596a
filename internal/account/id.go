package account

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"
)

// NewID makes a random UUID (RFC 9562 §5.4). It names things; it is not a secret.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return format(b, 4)
}

// NewOrderedID makes a UUID that sorts by the millisecond of its making (RFC 9562 §5.7), for what
// is listed in the order in which it happened.
func NewOrderedID(now time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[6:])
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(now.UnixMilli()))
	copy(b[:6], at[2:])
	return format(b, 7)
}

func format(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}
