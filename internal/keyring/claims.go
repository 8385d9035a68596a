package keyring

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// object reads a JSON object. Unlike encoding/json it refuses a member that comes twice, of which
// two readers might each see another one (RFC 8725 §2.4), and whatever follows the object.
func object(text []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	members := map[string]json.RawMessage{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, errors.New("malformed JSON")
		}
		key, _ := name.(string) // between members the decoder gives nothing else
		if _, twice := members[key]; twice {
			return nil, errors.New("a member that comes twice")
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, errors.New("malformed JSON")
		}
		members[key] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, errors.New("malformed JSON")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something after the JSON object")
	}
	return members, nil
}

// reader takes claims out of an object and remembers the first that is not what it must be.
type reader struct {
	members map[string]json.RawMessage
	fault   error
}

func (r *reader) fail(name, what string) {
	if r.fault == nil {
		r.fault = errors.New(name + " is not " + what)
	}
}

// text is a string; a missing or empty one is a fault if it is needed.
func (r *reader) text(name string, needed bool) string {
	raw, there := r.members[name]
	var s string
	if there && json.Unmarshal(raw, &s) != nil || needed && s == "" {
		r.fail(name, "a string")
	}
	return s
}

// seconds is a needed NumericDate that is a whole number, not before 1970.
func (r *reader) seconds(name string) int64 {
	n, err := strconv.ParseInt(string(r.members[name]), 10, 64)
	if err != nil || n < 0 {
		r.fail(name, "an integer")
		return 0
	}
	return n
}

// texts is an array of strings, or nothing.
func (r *reader) texts(name string) []string {
	raw, there := r.members[name]
	var list []string
	if there && json.Unmarshal(raw, &list) != nil {
		r.fail(name, "an array of strings")
	}
	return list
}

// audience is one string or an array of them (RFC 7519 §4.1.3).
func (r *reader) audience() []string {
	if raw := r.members["aud"]; len(raw) > 0 && raw[0] == '[' {
		return r.texts("aud")
	}
	return []string{r.text("aud", true)}
}

// claims reads and judges the claims of a token whose signature is ours.
func (r *Ring) claims(body []byte) (oauth.Claims, error) {
	members, err := object(body)
	if err != nil {
		return oauth.Claims{}, err
	}
	in := &reader{members: members}
	exp, iat := in.seconds("exp"), in.seconds("iat")
	c := oauth.Claims{
		Issuer:    in.text("iss", true),
		Subject:   in.text("sub", true),
		Audience:  in.audience(),
		ExpiresAt: time.Unix(exp, 0).UTC(),
		IssuedAt:  time.Unix(iat, 0).UTC(),
		ID:        in.text("jti", true),
		ClientID:  in.text("client_id", true),
		SessionID: in.text("sid", false),
		Scopes:    strings.Fields(in.text("scope", false)),
		Roles:     in.texts("roles"),
	}
	if _, there := members["nbf"]; there && in.seconds("nbf") > r.latest() {
		in.fail("nbf", "past")
	}
	if in.fault != nil {
		return oauth.Claims{}, in.fault
	}
	return c, r.judge(c, exp, iat)
}

// judge holds the claims against us and against the clock.
func (r *Ring) judge(c oauth.Claims, exp, iat int64) error {
	switch {
	case c.Issuer != r.o.Issuer:
		return errors.New("another issuer")
	case !slices.Contains(c.Audience, r.o.Audience):
		return errors.New("another audience")
	case exp <= r.earliest():
		return errors.New("expired")
	case iat > r.latest():
		return errors.New("issued in the future")
	case exp <= iat || exp-iat > int64(r.o.MaxLife/time.Second):
		return errors.New("a life that we do not give")
	}
	return nil
}

// earliest and latest are the borders of now, for clocks that differ.
func (r *Ring) earliest() int64 { return r.now().Add(-r.o.Leeway).Unix() }
func (r *Ring) latest() int64   { return r.now().Add(r.o.Leeway).Unix() }
