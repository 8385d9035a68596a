package password

import (
	"errors"
	"regexp"

	"golang.org/x/crypto/bcrypt"
)

const (
	// bcryptMaxPassword is all that bcrypt reads of a password; the rest would not matter.
	bcryptMaxPassword = 72
	// bcryptMaxCost bounds the time that one row of the database may take.
	bcryptMaxCost = 15
)

// bcryptShape is $2a, $2b or $2y, the cost, and 22 + 31 characters of bcrypt's own base64.
var bcryptShape = regexp.MustCompile(`^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$`)

// bcryptHash is a hash from before: it is verified and never made.
type bcryptHash []byte

func parseBcrypt(s string) (stored, error) {
	if !bcryptShape.MatchString(s) {
		return nil, errors.New("bcrypt: malformed")
	}
	cost, err := bcrypt.Cost([]byte(s))
	if err != nil || cost > bcryptMaxCost {
		return nil, errors.New("bcrypt: the cost is not within 4 to 15")
	}
	return bcryptHash(s), nil
}

// matches refuses a password of more than 72 bytes, whatever follows the 72nd: the library would
// compare the beginning only. The work is done all the same, so that the time tells nothing.
func (h bcryptHash) matches(password string) bool {
	tooLong := len(password) > bcryptMaxPassword
	if tooLong {
		password = password[:bcryptMaxPassword]
	}
	err := bcrypt.CompareHashAndPassword(h, []byte(password))
	return err == nil && !tooLong
}

func (bcryptHash) current(Params) bool { return false }
