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
	// bcryptMaxPassword is how many bytes of a password bcrypt reads. It ignores the rest.
	bcryptMaxPassword = 72
	// bcryptMaxCost limits the time for one row of the database to about two seconds.
	bcryptMaxCost = 15
)

// bcryptFormat is $2a, $2b or $2y, the cost, and 22 + 31 characters of bcrypt's own base64.
var bcryptFormat = regexp.MustCompile(`^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$`)

type bcryptHash struct {
	foreign

	text []byte
}

func readBcrypt(s string) (bcryptHash, error) {
	if !bcryptFormat.MatchString(s) {
		return bcryptHash{}, errors.New("bcrypt: malformed")
	}
	cost, err := bcrypt.Cost([]byte(s))
	if err != nil || cost > bcryptMaxCost {
		return bcryptHash{}, errors.New("bcrypt: the cost is not between 4 and 15")
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

// matches rejects every password longer than 72 bytes, of which bcrypt would compare only the start. It
// does the work nevertheless, so that the time reveals nothing.
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

// bcryptSHA256 is Django's bcrypt of the hexadecimal SHA-256 of a password, which can have any length.
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
