package password

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	// bcryptMaxPassword is all that bcrypt reads of a password; the rest would not matter.
	bcryptMaxPassword = 72
	// bcryptMaxCost bounds the time that one row of the database may take, to about two seconds.
	bcryptMaxCost = 15
)

// bcryptShape is $2a, $2b or $2y, the cost, and 22 + 31 characters of bcrypt's own base64.
var bcryptShape = regexp.MustCompile(`^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$`)

type bcryptHash struct {
	foreign

	text []byte
}

func readBcrypt(s string) (bcryptHash, error) {
	if !bcryptShape.MatchString(s) {
		return bcryptHash{}, errors.New("bcrypt: malformed")
	}
	cost, err := bcrypt.Cost([]byte(s))
	if err != nil || cost > bcryptMaxCost {
		return bcryptHash{}, errors.New("bcrypt: the cost is not within 4 to 15")
	}
	return bcryptHash{text: []byte(s)}, nil
}

func parseBcrypt(s string) (stored, error) {
	h, err := readBcrypt(s)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// matches refuses a password of more than 72 bytes, whatever follows the 72nd: the library would
// compare the beginning only. The work is done all the same, so that the time tells nothing.
func (h bcryptHash) matches(password string) bool {
	tooLong := len(password) > bcryptMaxPassword
	if tooLong {
		password = password[:bcryptMaxPassword]
	}
	err := bcrypt.CompareHashAndPassword(h.text, []byte(password))
	return err == nil && !tooLong
}

// parseDjangoBcrypt reads bcrypt$$2b$…, Django's plain bcrypt.
func parseDjangoBcrypt(s string) (stored, error) {
	return parseBcrypt(strings.TrimPrefix(s, "bcrypt$"))
}

// bcryptSHA256 is Django's bcrypt of the hexadecimal SHA-256 of a password, which may be of any length.
type bcryptSHA256 struct{ bcryptHash }

// parseDjangoBcryptSHA256 reads bcrypt_sha256$$2b$….
func parseDjangoBcryptSHA256(s string) (stored, error) {
	h, err := readBcrypt(strings.TrimPrefix(s, "bcrypt_sha256$"))
	if err != nil {
		return nil, err
	}
	return bcryptSHA256{h}, nil
}

func (h bcryptSHA256) matches(password string) bool {
	sum := sha256.Sum256([]byte(password))
	return h.bcryptHash.matches(hex.EncodeToString(sum[:]))
}
