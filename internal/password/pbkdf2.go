package password

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // not broken as HMAC; such hashes are replaced at the next login
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"errors"
	"hash"
	"strings"
)

// pbkdf2MaxWork limits iterations × blocks × weight of the digest, and so the time for one row of the
// database. The known defaults need at most about half of it.
const pbkdf2MaxWork = 10_000_000

// digest is the hash function of PBKDF2's HMAC.
type digest struct {
	new    func() hash.Hash
	size   int // bytes of a block
	weight int // time relative to SHA-256
}

// digests are named as in passlib and Keycloak, and then as in Django.
var digests = map[string]digest{
	"pbkdf2":        {sha1.New, sha1.Size, 1},
	"pbkdf2-sha256": {sha256.New, sha256.Size, 1},
	"pbkdf2-sha512": {sha512.New, sha512.Size, 2},
	"pbkdf2_sha1":   {sha1.New, sha1.Size, 1},
	"pbkdf2_sha256": {sha256.New, sha256.Size, 1},
}

// pbkdf2Hash is a stored PBKDF2 hash (RFC 8018 §5.2).
type pbkdf2Hash struct {
	foreign

	digest     digest
	iterations int
	salt, tag  []byte
}

func (h pbkdf2Hash) bounded() error {
	if h.iterations < 1 || h.iterations > pbkdf2MaxWork {
		return errors.New("pbkdf2: the iterations are not between 1 and 10000000")
	}
	blocks := (len(h.tag) + h.digest.size - 1) / h.digest.size
	if h.iterations*blocks*h.digest.weight > pbkdf2MaxWork {
		return errors.New("pbkdf2: the iterations of all blocks take too long")
	}
	return nil
}

func (h pbkdf2Hash) matches(password string) bool {
	tag, err := pbkdf2.Key(h.digest.new, password, h.salt, h.iterations, len(h.tag))
	return err == nil && subtle.ConstantTimeCompare(tag, h.tag) == 1
}

// parsePBKDF2 reads two formats: $pbkdf2-sha256$29000$salt$tag of passlib, with passlib's own base64, and
// the PHC string $pbkdf2-sha256$i=29000$salt$tag. The import writes hashes from Keycloak, which exports
// them as several JSON members, as such a PHC string.
func parsePBKDF2(s string) (stored, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 5 {
		return nil, errors.New("pbkdf2: it does not have four fields")
	}
	encoding, prefix := b64Passlib, ""
	if strings.HasPrefix(parts[2], "i=") {
		encoding, prefix = b64, "i="
	}
	h := pbkdf2Hash{digest: digests[parts[1]], iterations: decimal(prefix, parts[2])}
	var saltOK, tagOK bool
	h.salt, saltOK = decode(encoding, parts[3], 1, maxSalt)
	h.tag, tagOK = decode(encoding, parts[4], minTag, maxTag)
	return h.checked(saltOK, tagOK)
}

// parseDjangoPBKDF2 reads pbkdf2_sha256$iterations$salt$tag, whose salt is used as text.
func parseDjangoPBKDF2(s string) (stored, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 4 {
		return nil, errors.New("pbkdf2: it does not have four fields")
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
