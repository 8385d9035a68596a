package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of the Standard Webhooks specification.
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

const (
	secretPrefix     = "whsec_" // followed by a symmetric secret in base64
	signatureVersion = "v1,"    // HMAC-SHA256
)

// secrets returns the secrets of a webhook, newest first.
func (s *Service) secrets(hookID string) [][]byte { return s.Derive("hook/" + hookID) }

// secret returns the newest secret of a webhook in the form that is shown.
func (s *Service) secret(hookID string) string {
	return secretPrefix + base64.StdEncoding.EncodeToString(s.secrets(hookID)[0])
}

// sign sets the headers with which receivers authenticate a request. The timestamp lets them reject
// replayed requests.
func sign(header http.Header, secrets [][]byte, id string, at time.Time, body []byte) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		signatures[i] = signatureVersion + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	header.Set(headerID, id)
	header.Set(headerTimestamp, timestamp)
	header.Set(headerSignature, strings.Join(signatures, " "))
}
