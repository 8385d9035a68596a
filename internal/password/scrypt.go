package password

import (
	"crypto/subtle"
	"errors"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// Limits on scrypt (RFC 7914 §2). One hash needs 128·N·r bytes of memory, at most 128 MiB, and time
// proportional to N·r·p: at most four times the OWASP recommendation.
const (
	scryptMaxN    = 1 << 17
	scryptMaxR    = 8
	scryptMaxP    = 10
	scryptMaxWork = 4 * scryptMaxN * scryptMaxR
)

// scryptHash is a stored scrypt hash.
type scryptHash struct {
	foreign

	n, r, p   int
	salt, tag []byte
}

// bounded returns an error for parameters that cost too much.
func (h scryptHash) bounded() error {
	switch {
	case h.n < 2 || h.n > scryptMaxN || h.n&(h.n-1) != 0:
		return errors.New("scrypt: N is not a power of two between 2 and 131072")
	case h.r < 1 || h.r > scryptMaxR:
		return errors.New("scrypt: r is not between 1 and 8")
	case h.p < 1 || h.p > scryptMaxP:
		return errors.New("scrypt: p is not between 1 and 10")
	case h.n*h.r*h.p > scryptMaxWork:
		return errors.New("scrypt: N, r and p together take too long")
	}
	return nil
}

func (h scryptHash) matches(password string) bool {
	tag, err := scrypt.Key([]byte(password), h.salt, h.n, h.r, h.p, len(h.tag))
	return err == nil && subtle.ConstantTimeCompare(tag, h.tag) == 1
}

// parseScrypt reads $scrypt$ln=16,r=8,p=1$salt$tag, the PHC string that passlib writes.
func parseScrypt(phc string) (stored, error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 5 {
		return nil, errors.New("scrypt: it does not have four fields")
	}
	costs := strings.Split(parts[2], ",")
	if len(costs) != 3 {
		return nil, errors.New("scrypt: the parameters are not ln, r and p")
	}
	var h scryptHash
	if ln := decimal("ln=", costs[0]); ln > 0 && ln < 32 {
		h.n = 1 << ln
	}
	h.r, h.p = decimal("r=", costs[1]), decimal("p=", costs[2])
	var saltOK, tagOK bool
	h.salt, saltOK = decode(b64, parts[3], 1, maxSalt)
	h.tag, tagOK = decode(b64, parts[4], minTag, maxTag)
	return h.checked(saltOK, tagOK)
}

// parseDjangoScrypt reads scrypt$N$salt$r$p$tag, whose salt is used as text.
func parseDjangoScrypt(s string) (stored, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 {
		return nil, errors.New("scrypt: it does not have six fields")
	}
	h := scryptHash{
		n: decimal("", parts[1]), r: decimal("", parts[3]), p: decimal("", parts[4]), salt: []byte(parts[2]),
	}
	var tagOK bool
	h.tag, tagOK = decode(b64Padded, parts[5], minTag, maxTag)
	return h.checked(len(h.salt) > 0 && len(h.salt) <= maxSalt, tagOK)
}

func (h scryptHash) checked(saltOK, tagOK bool) (stored, error) {
	switch {
	case !saltOK:
		return nil, errors.New("scrypt: the salt is not 1 to 64 bytes")
	case !tagOK:
		return nil, errors.New("scrypt: the tag is not base64 of 16 to 64 bytes")
	}
	if err := h.bounded(); err != nil {
		return nil, err
	}
	return h, nil
}
