package password

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // within HMAC it is as good as it was; such hashes are replaced at sign-in
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"errors"
	"hash"
	"strings"
)

// pbkdf2MaxWork bounds iterations times blocks times the weight of the digest, and so the time that
// one row may take, to about two seconds. Known defaults take about half of it at most.
const pbkdf2MaxWork = 10_000_000

// digest is a hash function under PBKDF2's HMAC.
type digest struct {
	new    func() hash.Hash
	size   int // bytes of a block
	weight int // time in units of SHA-256's
}

// digests by the names that passlib and Keycloak have for them, and then Django.
var digests = map[string]digest{
	"pbkdf2":        {sha1.New, sha1.Size, 1},
	"pbkdf2-sha256": {sha256.New, sha256.Size, 1},
	"pbkdf2-sha512": {sha512.New, sha512.Size, 2},
	"pbkdf2_sha1":   {sha1.New, sha1.Size, 1},
	"pbkdf2_sha256": {sha256.New, sha256.Size, 1},
}

// pbkdf2Hash is a hash of RFC 8018 §5.2.
type pbkdf2Hash struct {
	foreign

	digest     digest
	iterations int
	salt, tag  []byte
}

func (h pbkdf2Hash) bounded() error {
	if h.iterations < 1 || h.iterations > pbkdf2MaxWork {
		return errors.New("pbkdf2: the iterations are not within 1 to 10000000")
	}
	blocks := (len(h.tag) + h.digest.size - 1) / h.digest.size
	if h.iterations*blocks*h.digest.weight > pbkdf2MaxWork {
		return errors.New("pbkdf2: the iterations of all blocks together take too long")
	}
	return nil
}

func (h pbkdf2Hash) matches(password string) bool {
	tag, err := pbkdf2.Key(h.digest.new, password, h.salt, h.iterations, len(h.tag))
	return err == nil && subtle.ConstantTimeCompare(tag, h.tag) == 1
}

// parsePBKDF2 reads two forms. passlib writes $pbkdf2-sha256$29000$salt$tag in a base64 of its own.
// $pbkdf2-sha256$i=29000$salt$tag is the PHC form, in which hashes of Keycloak are kept, whose own
// form is spread over several members of JSON.
func parsePBKDF2(s string) (stored, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 5 {
		return nil, errors.New("pbkdf2: not four fields")
	}
	encoding, name := b64Passlib, ""
	if strings.HasPrefix(parts[2], "i=") {
		encoding, name = b64, "i="
	}
	h := pbkdf2Hash{digest: digests[parts[1]], iterations: decimal(name, parts[2])}
	var saltOK, tagOK bool
	h.salt, saltOK = decode(encoding, parts[3], 1, maxSalt)
	h.tag, tagOK = decode(encoding, parts[4], minTag, maxTag)
	return h.checked(saltOK, tagOK)
}

// parseDjangoPBKDF2 reads pbkdf2_sha256$iterations$salt$tag, whose salt is the text itself.
func parseDjangoPBKDF2(s string) (stored, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 4 {
		return nil, errors.New("pbkdf2: not four fields")
	}
	h := pbkdf2Hash{digest: digests[parts[0]], iterations: decimal("", parts[1]), salt: []byte(parts[2])}
	var tagOK bool
	h.tag, tagOK = decode(b64Padded, parts[3], minTag, maxTag)
	return h.checked(len(h.salt) > 0 && len(h.salt) <= maxSalt, tagOK)
}

func (h pbkdf2Hash) checked(saltOK, tagOK bool) (stored, error) {
	switch {
	case !saltOK:
		return nil, errors.New("pbkdf2: the salt is not 1 to 64 bytes")
	case !tagOK:
		return nil, errors.New("pbkdf2: the tag is not base64 of 16 to 64 bytes")
	}
	if err := h.bounded(); err != nil {
		return nil, err
	}
	return h, nil
}
