package password

import (
	"crypto/subtle"
	"errors"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// Bounds on scrypt (RFC 7914 §2). One hash takes 128·N·r bytes, at most 128 MiB, and time in
// proportion to N·r·p: at most four times what OWASP asks for, about two seconds.
const (
	scryptMaxN    = 1 << 17
	scryptMaxR    = 8
	scryptMaxP    = 10
	scryptMaxWork = 4 * scryptMaxN * scryptMaxR
)

type scryptHash struct {
	foreign

	n, r, p   int
	salt, tag []byte
}

func (h scryptHash) bounded() error {
	switch {
	case h.n < 2 || h.n > scryptMaxN || h.n&(h.n-1) != 0:
		return errors.New("scrypt: N is not a power of two within 2 to 131072")
	case h.r < 1 || h.r > scryptMaxR:
		return errors.New("scrypt: r is not within 1 to 8")
	case h.p < 1 || h.p > scryptMaxP:
		return errors.New("scrypt: p is not within 1 to 10")
	case h.n*h.r*h.p > scryptMaxWork:
		return errors.New("scrypt: N, r and p together take too long")
	}
	return nil
}

func (h scryptHash) matches(password string) bool {
	tag, err := scrypt.Key([]byte(password), h.salt, h.n, h.r, h.p, len(h.tag))
	return err == nil && subtle.ConstantTimeCompare(tag, h.tag) == 1
}

// parseScrypt reads $scrypt$ln=16,r=8,p=1$salt$tag, the PHC form that passlib writes.
func parseScrypt(phc string) (stored, error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 5 {
		return nil, errors.New("scrypt: not four fields")
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

// parseDjangoScrypt reads scrypt$N$salt$r$p$tag, whose salt is the text itself.
func parseDjangoScrypt(s string) (stored, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 {
		return nil, errors.New("scrypt: not six fields")
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
