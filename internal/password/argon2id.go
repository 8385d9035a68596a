package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Params are the costs of argon2id (RFC 9106 §3.1).
type Params struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8  // lanes
}

// DefaultParams are the first choice of the OWASP Password Storage Cheat Sheet for one thread.
var DefaultParams = Params{Memory: 19456, Time: 2, Threads: 1}

// owaspFloor are the parameters that the same sheet calls equally strong: less memory, more passes.
var owaspFloor = []Params{{47104, 1, 1}, {19456, 2, 1}, {12288, 3, 1}, {9216, 4, 1}, {7168, 5, 1}}

// What new hashes are made with.
const (
	saltSize = 16
	tagSize  = 32
)

// strong says whether p costs an attacker at least as much as one row of the floor.
func (p Params) strong() bool {
	for _, f := range owaspFloor {
		if p.Memory >= f.Memory && p.Time >= f.Time {
			return true
		}
	}
	return false
}

// bounded refuses parameters that would let one row of the database exhaust the machine.
// The lower bound of the memory is that of RFC 9106 §3.1.
func (p Params) bounded() error {
	switch {
	case p.Threads < 1 || p.Threads > 4:
		return errors.New("argon2id: p is not within 1 to 4")
	case p.Time < 1 || p.Time > 10:
		return errors.New("argon2id: t is not within 1 to 10")
	case p.Memory < 8*uint32(p.Threads) || p.Memory > 64<<10:
		return errors.New("argon2id: m is not within 8p to 65536")
	}
	return nil
}

// argon2idHash is a stored hash in the PHC string format.
type argon2idHash struct {
	params    Params
	salt, tag []byte
}

// newArgon2id hashes a password under a fresh salt.
func newArgon2id(p Params, password string) argon2idHash {
	h := argon2idHash{params: p, salt: random(saltSize), tag: make([]byte, tagSize)}
	h.tag = h.compute(password)
	return h
}

// random gives n random bytes. crypto/rand never fails: it ends the program instead.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// compute gives the tag of a password under h's salt, parameters and tag length.
func (h argon2idHash) compute(password string) []byte {
	p := h.params
	return argon2.IDKey([]byte(password), h.salt, p.Time, p.Memory, p.Threads, uint32(len(h.tag)))
}

func (h argon2idHash) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.compute(password), h.tag) == 1
}

func (h argon2idHash) current(p Params) bool {
	return h.params == p && len(h.salt) == saltSize && len(h.tag) == tagSize
}

// b64 is the unpadded base64 of PHC strings.
var b64 = base64.RawStdEncoding.Strict()

func (h argon2idHash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.Memory, h.params.Time, h.params.Threads, b64.EncodeToString(h.salt), b64.EncodeToString(h.tag))
}

// parseArgon2id reads a PHC string. Only the one canonical spelling is accepted: what is read is
// written again and must give the same string, which rules out leading zeros, signs and line ends.
func parseArgon2id(phc string) (stored, error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 {
		return nil, errors.New("argon2id: not five fields")
	}
	var h argon2idHash
	p := &h.params
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.Memory, &p.Time, &p.Threads); err != nil {
		return nil, errors.New("argon2id: the parameters are not m, t and p")
	}
	if err := p.bounded(); err != nil {
		return nil, err
	}
	var saltErr, tagErr error
	h.salt, saltErr = b64.DecodeString(parts[4])
	h.tag, tagErr = b64.DecodeString(parts[5])
	switch {
	case saltErr != nil || len(h.salt) < 8 || len(h.salt) > 64:
		return nil, errors.New("argon2id: the salt is not base64 of 8 to 64 bytes")
	case tagErr != nil || len(h.tag) < 16 || len(h.tag) > 64:
		return nil, errors.New("argon2id: the tag is not base64 of 16 to 64 bytes")
	case h.String() != phc:
		return nil, errors.New("argon2id: not the canonical spelling, or not version 19")
	}
	return h, nil
}
