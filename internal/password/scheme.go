package password

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// Limits on stored hashes of any algorithm. The length is checked before anything else.
const (
	maxStored = 256
	maxSalt   = 64
	minTag    = 16
	maxTag    = 64
)

// stored is a hash from the database whose cost is within the limits.
type stored interface {
	// matches reports whether the password has this hash. It always does the work of one hash, and
	// compares in constant time.
	matches(password string) bool
	// current reports whether a new hash with p would have the same algorithm and parameters.
	current(p Params) bool
	// cost names the algorithm and its parameters.
	cost() string
}

// foreign is a kind of hash that is verified but never created. It is always outdated.
type foreign struct{}

func (foreign) current(Params) bool { return false }

// scheme is one format of stored hashes.
type scheme struct {
	prefix string
	parse  func(string) (stored, error)
}

// schemes are the formats that can be verified. New hashes are always argon2id.
var schemes = []scheme{
	{"$argon2id$", parseArgon2},
	{"$argon2i$", parseArgon2},
	{"argon2$argon2", parseDjangoArgon2},
	{"$2a$", parseBcrypt},
	{"$2b$", parseBcrypt},
	{"$2y$", parseBcrypt},
	{"bcrypt$", parseDjangoBcrypt},
	{"bcrypt_sha256$", parseDjangoBcryptSHA256},
	{"$scrypt$", parseScrypt},
	{"scrypt$", parseDjangoScrypt},
	{"$pbkdf2$", parsePBKDF2},
	{"$pbkdf2-sha256$", parsePBKDF2},
	{"$pbkdf2-sha512$", parsePBKDF2},
	{"pbkdf2_sha1$", parseDjangoPBKDF2},
	{"pbkdf2_sha256$", parseDjangoPBKDF2},
}

// parse reads a stored hash. Its errors contain no part of the hash.
func parse(hash string) (stored, error) {
	if len(hash) > maxStored {
		return nil, errors.New("longer than 256 bytes")
	}
	for _, s := range schemes {
		if strings.HasPrefix(hash, s.prefix) {
			return s.parse(hash)
		}
	}
	return nil, errors.New("unknown algorithm")
}

// CheckHash returns an error if a hash from another system cannot be used: its format is unknown, or its
// cost is outside the limits. The error contains no part of the hash.
func (*Hasher) CheckHash(hash string) error {
	_, err := parse(hash)
	return err
}

// The base64 alphabets of PHC strings, of passlib, which has a dot instead of a plus, and of Django.
var (
	b64        = base64.RawStdEncoding.Strict()
	b64Passlib = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./").WithPadding(base64.NoPadding).Strict()
	b64Padded  = base64.StdEncoding.Strict()
)

// decode decodes base64 of minSize to maxSize bytes, and reports whether it is valid. It rejects line
// breaks, which Go's decoder skips: each hash has only one valid form.
func decode(encoding *base64.Encoding, text string, minSize, maxSize int) ([]byte, bool) {
	raw, err := encoding.DecodeString(text)
	return raw, err == nil && len(raw) >= minSize && len(raw) <= maxSize && !strings.ContainsAny(text, "\r\n")
}

// decimal reads a number in canonical form after a prefix, which may be empty. It returns -1 for anything
// else, which is outside all limits.
func decimal(prefix, text string) int {
	digits, found := strings.CutPrefix(text, prefix)
	n, err := strconv.Atoi(digits)
	if !found || err != nil || strconv.Itoa(n) != digits {
		return -1
	}
	return n
}
