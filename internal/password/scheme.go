package password

import (
	"errors"
	"strings"
)

// maxStored bounds a stored hash before anything looks into it.
const maxStored = 256

// stored is a hash read back from the database, its costs within bounds.
type stored interface {
	// matches does the work of one hash, whatever the password, and compares in constant time.
	matches(password string) bool
	// current says whether a new hash under p would be of the same kind.
	current(p Params) bool
}

// scheme is an algorithm that a stored hash may name.
type scheme struct {
	prefix string
	parse  func(string) (stored, error)
}

// schemes are the algorithms that can be verified. New hashes are always argon2id.
var schemes = []scheme{
	{"$argon2id$", parseArgon2id},
	{"$2a$", parseBcrypt},
	{"$2b$", parseBcrypt},
	{"$2y$", parseBcrypt},
}

// parse reads a stored hash. Its errors never hold any part of it.
func parse(hash string) (stored, error) {
	if len(hash) > maxStored {
		return nil, errors.New("longer than 256 bytes")
	}
	for _, s := range schemes {
		if strings.HasPrefix(hash, s.prefix) {
			return s.parse(hash)
		}
	}
	return nil, errors.New("of an unknown algorithm")
}
