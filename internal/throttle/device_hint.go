package throttle

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"
)

// Sizes in a hint: version, expiry in Unix seconds, id, MAC.
const (
	hintVersion = 1
	hintID      = 16
	hintPlain   = 1 + 8 + hintID
	hintSize    = hintPlain + 32
)

// DeviceHint returns a text that says that its holder has signed in as the user with the current
// password. It is no credential: it only gives the attempts of its holder a limit of their own. It does
// not contain the user, and is valid until epoch changes or lifetime has passed.
func (l *Limiter) DeviceHint(user string, epoch int64, lifetime time.Duration) string {
	raw := make([]byte, hintPlain, hintSize)
	raw[0] = hintVersion
	binary.BigEndian.PutUint64(raw[1:9], uint64(l.now().Add(lifetime).Unix()))
	_, _ = rand.Read(raw[9:]) // never fails: it crashes the program instead
	return base64.RawURLEncoding.EncodeToString(append(raw, hintMAC(l.keys[0], raw, user, epoch)...))
}

// openHint returns the id of a hint in hexadecimal, because an id that is counted cannot contain NUL, and reports whether
// the hint is valid for the user.
func (l *Limiter) openHint(hint, user string, epoch int64, now time.Time) (id string, valid bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(hint)
	if err != nil || len(raw) != hintSize || raw[0] != hintVersion {
		return "", false
	}
	plain, sum := raw[:hintPlain], raw[hintPlain:]
	for _, key := range l.keys {
		valid = valid || hmac.Equal(sum, hintMAC(key, plain, user, epoch))
	}
	expires := time.Unix(int64(binary.BigEndian.Uint64(plain[1:9])), 0)
	return hex.EncodeToString(plain[9:]), valid && now.Before(expires)
}

func hintMAC(key, plain []byte, user string, epoch int64) []byte {
	return mac(key, "device-hint", string(plain), user, strconv.FormatInt(epoch, 10))
}
