package keyring

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Claims are the claims of an access token (RFC 9068 §2.2). Times are UTC in whole seconds.
type Claims struct {
	Issuer    string
	Subject   string // the user's UUID, or the id of a client that acts for itself
	Audience  []string
	ExpiresAt time.Time
	IssuedAt  time.Time
	ID        string // jti, unique
	ClientID  string
	SessionID string // sid
	Scopes    []string
	Roles     []string
	Extra     map[string]any // more claims; none may have the name of another. Verify does not return them
}

// payload is the JSON form of Claims. It has no nbf, because some clients check it without allowing
// for clock skew.
type payload struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  any      `json:"aud"` // one string, or an array of several (RFC 7519 §4.1.3)
	ExpiresAt int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	ID        string   `json:"jti"`
	ClientID  string   `json:"client_id"`
	Scope     string   `json:"scope,omitempty"`
	SessionID string   `json:"sid,omitempty"`
	Roles     []string `json:"roles,omitempty"`
}

// payload returns the JSON form of c. An empty issuer or audience is replaced by that of the ring.
func (r *Ring) payload(c Claims) payload {
	p := payload{
		Issuer: c.Issuer, Subject: c.Subject, Audience: c.Audience,
		ExpiresAt: c.ExpiresAt.Unix(), IssuedAt: c.IssuedAt.Unix(),
		ID: c.ID, ClientID: c.ClientID, Scope: strings.Join(c.Scopes, " "),
		SessionID: c.SessionID, Roles: c.Roles,
	}
	if p.Issuer == "" {
		p.Issuer = r.o.Issuer
	}
	switch len(c.Audience) {
	case 0:
		p.Audience = r.o.Audience
	case 1:
		p.Audience = c.Audience[0]
	}
	return p
}

// encode returns the JSON of the claims. It returns an error rather than an object in which an extra claim
// has the name of another.
func (r *Ring) encode(c Claims) ([]byte, error) {
	if c.Subject == "" || c.ID == "" || c.ClientID == "" {
		return nil, errors.New("a token needs sub, jti and client_id")
	}
	body, err := json.Marshal(r.payload(c))
	if err != nil || len(c.Extra) == 0 {
		return body, err
	}
	extra, err := json.Marshal(c.Extra)
	if err != nil {
		return nil, err
	}
	body = append(append(body[:len(body)-1], ','), extra[1:]...)
	_, err = parseObject(body)
	return body, err
}

// parseClaims reads the claims of a token whose signature is valid. notBefore is nbf, in Unix seconds, or 0.
func parseClaims(body []byte) (c Claims, notBefore int64, err error) {
	if c, ok := parsePayload(body); ok {
		return c, 0, nil
	}
	return parseAnyClaims(body)
}

// parsePayload reads claims that have exactly the form in which encode writes them without extra claims: it compares the
// text with what encoding them again gives. So nothing in it is missing, unknown or there twice. It takes a quarter of the
// time of parseAnyClaims.
func parsePayload(body []byte) (c Claims, ok bool) {
	var p payload
	if json.Unmarshal(body, &p) != nil {
		return c, false
	}
	audience, ok := p.Audience.(string)
	if !ok || audience == "" || p.Issuer == "" || p.Subject == "" || p.ID == "" || p.ClientID == "" || p.ExpiresAt < 0 || p.IssuedAt < 0 {
		return c, false
	}
	if again, err := json.Marshal(p); err != nil || !bytes.Equal(again, body) {
		return c, false
	}
	return Claims{
		Issuer: p.Issuer, Subject: p.Subject, Audience: []string{audience},
		ExpiresAt: time.Unix(p.ExpiresAt, 0).UTC(), IssuedAt: time.Unix(p.IssuedAt, 0).UTC(),
		ID: p.ID, ClientID: p.ClientID, SessionID: p.SessionID, Scopes: strings.Fields(p.Scope), Roles: p.Roles,
	}, true
}

func parseAnyClaims(body []byte) (c Claims, notBefore int64, err error) {
	members, err := parseObject(body)
	if err != nil {
		return Claims{}, 0, err
	}
	in := &claimReader{members: members}
	exp, iat := in.numericDate("exp"), in.numericDate("iat")
	c = Claims{
		Issuer:    in.requiredString("iss"),
		Subject:   in.requiredString("sub"),
		Audience:  in.audience(),
		ExpiresAt: time.Unix(exp, 0).UTC(),
		IssuedAt:  time.Unix(iat, 0).UTC(),
		ID:        in.requiredString("jti"),
		ClientID:  in.requiredString("client_id"),
		SessionID: in.optionalString("sid"),
		Scopes:    strings.Fields(in.optionalString("scope")),
		Roles:     in.stringArray("roles"),
	}
	if _, present := members["nbf"]; present {
		notBefore = in.numericDate("nbf")
	}
	return c, notBefore, in.err
}

// claimReader reads claims from a JSON object and keeps the first error.
type claimReader struct {
	members map[string]json.RawMessage
	err     error
}

func (r *claimReader) fail(name, want string) {
	if r.err == nil {
		r.err = errors.New(name + " is not " + want)
	}
}

// requiredString reads a string that must not be empty.
func (r *claimReader) requiredString(name string) string {
	s := r.optionalString(name)
	if s == "" {
		r.fail(name, "a string")
	}
	return s
}

// optionalString reads a string, or returns an empty one if there is none.
func (r *claimReader) optionalString(name string) string {
	raw, present := r.members[name]
	var s string
	if present && json.Unmarshal(raw, &s) != nil {
		r.fail(name, "a string")
	}
	return s
}

// numericDate reads a required NumericDate that is a whole number and not before 1970.
func (r *claimReader) numericDate(name string) int64 {
	n, err := strconv.ParseInt(string(r.members[name]), 10, 64)
	if err != nil || n < 0 {
		r.fail(name, "an integer")
		return 0
	}
	return n
}

// stringArray reads an array of strings, or returns nil if there is none.
func (r *claimReader) stringArray(name string) []string {
	raw, present := r.members[name]
	var list []string
	if present && json.Unmarshal(raw, &list) != nil {
		r.fail(name, "an array of strings")
	}
	return list
}

// audience reads aud, which is one string or an array of strings (RFC 7519 §4.1.3).
func (r *claimReader) audience() []string {
	if raw := r.members["aud"]; len(raw) > 0 && raw[0] == '[' {
		return r.stringArray("aud")
	}
	return []string{r.requiredString("aud")}
}
