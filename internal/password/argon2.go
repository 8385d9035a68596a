package password

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The supported variants. New hashes are argon2id, which RFC 9106 §4 recommends. argon2d is not meant
// for passwords.
const (
	argon2id = "argon2id"
	argon2i  = "argon2i"
)

// Params are the cost parameters of argon2 (RFC 9106 §3.1).
type Params struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8  // lanes
}

// DefaultParams are the minimum that the OWASP Password Storage Cheat Sheet recommends.
var DefaultParams = Params{Memory: 19456, Time: 2, Threads: 1}

// owaspMinimums are the settings that the same cheat sheet lists as equivalent: less memory needs more
// passes.
var owaspMinimums = []Params{{47104, 1, 1}, {19456, 2, 1}, {12288, 3, 1}, {9216, 4, 1}, {7168, 5, 1}}

// Sizes of new hashes, in bytes.
const (
	saltSize = 16
	tagSize  = 32
)

// strong reports whether p costs an attacker at least as much as one of the minimums.
func (p Params) strong() bool {
	for _, least := range owaspMinimums {
		if p.Memory >= least.Memory && p.Time >= least.Time {
			return true
		}
	}
	return false
}

// bounded returns an error for parameters with which one row of the database could exhaust the machine.
// The lower limit of the memory is that of RFC 9106 §3.1.
func (p Params) bounded() error {
	switch {
	case p.Threads < 1 || p.Threads > 4:
		return errors.New("argon2: p is not between 1 and 4")
	case p.Time < 1 || p.Time > 10:
		return errors.New("argon2: t is not between 1 and 10")
	case p.Memory < 8*uint32(p.Threads) || p.Memory > 64<<10:
		return errors.New("argon2: m is not between 8p and 65536")
	}
	return nil
}

// argon2Hash is a stored hash in the PHC string format.
type argon2Hash struct {
	variant   string
	params    Params
	salt, tag []byte
}

// newArgon2id hashes a password with a random salt.
func newArgon2id(p Params, password string) argon2Hash {
	h := argon2Hash{variant: argon2id, params: p, salt: random(saltSize), tag: make([]byte, tagSize)}
	h.tag = h.compute(password)
	return h
}

// random returns n random bytes. crypto/rand never fails: it crashes the program instead.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// compute returns the tag of a password for the salt, the parameters and the tag length of h.
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

// parseArgon2 reads a PHC string. It accepts only the canonical form: the parsed hash, written again,
// must be the same string. That excludes leading zeros, signs and line breaks.
func parseArgon2(phc string) (stored, error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 {
		return nil, errors.New("argon2: it does not have five fields")
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
		return nil, errors.New("argon2: not in canonical form, or not version 19")
	}
	return h, nil
}

// parseDjangoArgon2 reads argon2$argon2id$…, a PHC string after Django's name of the algorithm.
func parseDjangoArgon2(s string) (stored, error) {
	phc := strings.TrimPrefix(s, "argon2")
	if !strings.HasPrefix(phc, "$"+argon2id+"$") && !strings.HasPrefix(phc, "$"+argon2i+"$") {
		return nil, errors.New("argon2: neither argon2id nor argon2i")
	}
	return parseArgon2(phc)
}
