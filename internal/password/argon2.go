package password

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The variants that are verified. New hashes are argon2id, the first choice of RFC 9106 §4; argon2d
// is not meant for passwords.
const (
	argon2id = "argon2id"
	argon2i  = "argon2i"
)

// Params are the costs of argon2 (RFC 9106 §3.1).
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
		return errors.New("argon2: p is not within 1 to 4")
	case p.Time < 1 || p.Time > 10:
		return errors.New("argon2: t is not within 1 to 10")
	case p.Memory < 8*uint32(p.Threads) || p.Memory > 64<<10:
		return errors.New("argon2: m is not within 8p to 65536")
	}
	return nil
}

// argon2Hash is a stored hash in the PHC string format.
type argon2Hash struct {
	variant   string
	params    Params
	salt, tag []byte
}

// newArgon2id hashes a password under a fresh salt.
func newArgon2id(p Params, password string) argon2Hash {
	h := argon2Hash{variant: argon2id, params: p, salt: random(saltSize), tag: make([]byte, tagSize)}
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
func (h argon2Hash) compute(password string) []byte {
	key := argon2.IDKey
	if h.variant == argon2i {
		key = argon2.Key
	}
	p := h.params
	return key([]byte(password), h.salt, p.Time, p.Memory, p.Threads, uint32(len(h.tag)))
}

func (h argon2Hash) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.compute(password), h.tag) == 1
}

func (h argon2Hash) current(p Params) bool {
	return h.variant == argon2id && h.params == p && len(h.salt) == saltSize && len(h.tag) == tagSize
}

func (h argon2Hash) String() string {
	return fmt.Sprintf("$%s$v=%d$m=%d,t=%d,p=%d$%s$%s", h.variant, argon2.Version,
		h.params.Memory, h.params.Time, h.params.Threads, b64.EncodeToString(h.salt), b64.EncodeToString(h.tag))
}

// parseArgon2 reads a PHC string. Only the one canonical spelling is accepted: what is read is
// written again and must give the same string, which rules out leading zeros, signs and line ends.
func parseArgon2(phc string) (stored, error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 {
		return nil, errors.New("argon2: not five fields")
	}
	h := argon2Hash{variant: parts[1]}
	p := &h.params
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.Memory, &p.Time, &p.Threads); err != nil {
		return nil, errors.New("argon2: the parameters are not m, t and p")
	}
	if err := p.bounded(); err != nil {
		return nil, err
	}
	var saltErr, tagErr error
	h.salt, saltErr = b64.DecodeString(parts[4])
	h.tag, tagErr = b64.DecodeString(parts[5])
	switch {
	case saltErr != nil || len(h.salt) < 8 || len(h.salt) > maxSalt:
		return nil, errors.New("argon2: the salt is not base64 of 8 to 64 bytes")
	case tagErr != nil || len(h.tag) < minTag || len(h.tag) > maxTag:
		return nil, errors.New("argon2: the tag is not base64 of 16 to 64 bytes")
	case h.String() != phc:
		return nil, errors.New("argon2: not the canonical spelling, or not version 19")
	}
	return h, nil
}

// parseDjangoArgon2 reads argon2$argon2id$…: the PHC string with Django's name before it.
func parseDjangoArgon2(s string) (stored, error) {
	phc := strings.TrimPrefix(s, "argon2")
	if !strings.HasPrefix(phc, "$"+argon2id+"$") && !strings.HasPrefix(phc, "$"+argon2i+"$") {
		return nil, errors.New("argon2: neither argon2id nor argon2i")
	}
	return parseArgon2(phc)
}
