package password

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// What a stored hash may be, whatever its algorithm. The length is looked at before anything else.
const (
	maxStored = 256
	maxSalt   = 64
	minTag    = 16
	maxTag    = 64
)

// stored is a hash read back from the database, its costs within bounds.
type stored interface {
	// matches does the work of one hash, whatever the password, and compares in constant time.
	matches(password string) bool
	// current says whether a new hash under p would be of the same kind.
	current(p Params) bool
}

// foreign is a stored hash that is verified and never made: after a right password it is replaced.
type foreign struct{}

func (foreign) current(Params) bool { return false }

// scheme is an algorithm, in one of the forms in which a stored hash may name it.
type scheme struct {
	prefix string
	parse  func(string) (stored, error)
}

// schemes are the algorithms that can be verified. New hashes are always argon2id.
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

// CheckHash says what is wrong with a hash from elsewhere: a form that is not known, or costs out of
// bounds. The error never holds any part of the hash.
func (*Hasher) CheckHash(hash string) error {
	_, err := parse(hash)
	return err
}

// The base64 of PHC strings, that of passlib, which writes a dot for a plus, and that of Django.
var (
	b64        = base64.RawStdEncoding.Strict()
	b64Passlib = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./").WithPadding(base64.NoPadding).Strict()
	b64Padded  = base64.StdEncoding.Strict()
)

// decode reads base64 of minSize to maxSize bytes. Go's decoder skips line ends; here they
// are a fault, as every second spelling of one hash is.
func decode(encoding *base64.Encoding, text string, minSize, maxSize int) ([]byte, bool) {
	raw, err := encoding.DecodeString(text)
	return raw, err == nil && len(raw) >= minSize && len(raw) <= maxSize && !strings.ContainsAny(text, "\r\n")
}

// decimal reads a number in its one canonical spelling, with a name and an equals sign before it or
// nothing. Anything else is -1, which no bound allows.
func decimal(name, text string) int {
	digits, found := strings.CutPrefix(text, name)
	n, err := strconv.Atoi(digits)
	if !found || err != nil || strconv.Itoa(n) != digits {
		return -1
	}
	return n
}
