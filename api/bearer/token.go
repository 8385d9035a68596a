package bearer

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Limits on what is parsed before the signature is known to be right.
const (
	maxToken  = 16 << 10 // bytes of an access token; those of Latchkey have at most 7 KiB
	maxHeader = 1 << 10  // characters of the encoded header
)

var algorithms = []string{"ES256", "RS256", "EdDSA"}

// refusedHeaders supply a key, or change what is signed (RFC 8725 §3.10, RFC 7515 §4.1.11, RFC 7797).
// None is ever needed, so a token that has one was not made by the service.
var refusedHeaders = []string{"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"}

// claims are the claims of an access token (RFC 9068 §2.2).
type claims struct {
	registered
	ClientID  string   `json:"client_id"`
	SessionID string   `json:"sid"`
	Scope     string   `json:"scope"`
	Roles     []string `json:"roles"`
}

// registered are the claims that package jwt checks. Times are whole seconds: its own type also accepts
// text and fractions.
type registered struct {
	Issuer    string           `json:"iss"`
	Subject   string           `json:"sub"`
	Audience  jwt.ClaimStrings `json:"aud"`
	ID        string           `json:"jti"`
	ExpiresAt *int64           `json:"exp"`
	NotBefore *int64           `json:"nbf"`
	IssuedAt  *int64           `json:"iat"`
}

func date(seconds *int64) *jwt.NumericDate {
	if seconds == nil {
		return nil
	}
	return jwt.NewNumericDate(time.Unix(*seconds, 0))
}

func (r registered) GetIssuer() (string, error)                   { return r.Issuer, nil }
func (r registered) GetSubject() (string, error)                  { return r.Subject, nil }
func (r registered) GetAudience() (jwt.ClaimStrings, error)       { return r.Audience, nil }
func (r registered) GetExpirationTime() (*jwt.NumericDate, error) { return date(r.ExpiresAt), nil }
func (r registered) GetNotBefore() (*jwt.NumericDate, error)      { return date(r.NotBefore), nil }
func (r registered) GetIssuedAt() (*jwt.NumericDate, error)       { return date(r.IssuedAt), nil }

// Verify checks an access token and returns whose it is. Its error is an [*Error] with the status 401
// or 503. ctx bounds the wait for keys, which happens only if the key of the token is unknown.
func (v *Verifier) Verify(ctx context.Context, token string) (Identity, error) {
	if len(token) > maxToken {
		return Identity{}, errInvalid(fmt.Errorf("longer than %d bytes", maxToken))
	}
	var c claims
	if err := v.parse(ctx, token, v.config.TokenType, &c, jwt.WithAudience(v.config.Audience)); err != nil {
		return Identity{}, err
	}
	if c.Subject == "" || c.ClientID == "" || c.IssuedAt == nil {
		return Identity{}, errInvalid(errors.New("the claim sub, client_id or iat is missing"))
	}
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1]) // parse has decoded it
	identity := Identity{
		Subject: c.Subject, ClientID: c.ClientID, SessionID: c.SessionID, TokenID: c.ID, Audience: c.Audience,
		Scopes: strings.Fields(c.Scope), Roles: c.Roles, IssuedAt: date(c.IssuedAt).UTC(), ExpiresAt: date(c.ExpiresAt).UTC(),
		claims: payload,
	}
	if err := v.revocations.check(ctx, identity.SessionID); err != nil {
		return Identity{}, err
	}
	return v.introspector.check(ctx, token, identity)
}

// parse verifies the signature and the registered claims of a JWT of a type, and decodes its claims.
func (v *Verifier) parse(ctx context.Context, token, typ string, into jwt.Claims, more ...jwt.ParserOption) error {
	if header, _, ok := strings.Cut(token, "."); !ok || len(header) > maxHeader || strings.ContainsAny(token, "\r\n") {
		return errInvalid(errors.New("not a compact JWT with a short header"))
	}
	options := append([]jwt.ParserOption{
		jwt.WithValidMethods(algorithms), jwt.WithIssuer(v.config.Issuer), jwt.WithLeeway(v.config.Leeway),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(), jwt.WithTimeFunc(time.Now),
	}, more...)
	_, err := jwt.NewParser(options...).ParseWithClaims(token, into, func(t *jwt.Token) (any, error) {
		return v.keyOf(ctx, t.Header, typ)
	})
	var unavailable *Error
	if errors.As(err, &unavailable) {
		return unavailable
	}
	if err != nil {
		return errInvalid(err)
	}
	return nil
}

// keyOf checks the header of a token and returns the key that it names. The key decides the algorithm,
// never the header (RFC 8725 §3.1).
func (v *Verifier) keyOf(ctx context.Context, header map[string]any, typ string) (any, error) {
	for name := range header {
		if slices.Contains(refusedHeaders, name) {
			return nil, errors.New("the header has a member that is not allowed")
		}
	}
	if got, _ := header["typ"].(string); !sameType(got, typ) {
		return nil, errors.New("wrong token type")
	}
	kid, _ := header["kid"].(string)
	if kid == "" {
		return nil, errors.New("the header names no key")
	}
	k, err := v.keys.find(ctx, kid)
	if err != nil {
		return nil, err
	}
	if header["alg"] != k.algorithm {
		return nil, errors.New("alg is not the algorithm of the key")
	}
	return k.public, nil
}

// sameType compares media types without regard to case and to the prefix that a typ may leave out
// (RFC 7515 §4.1.9).
func sameType(got, want string) bool {
	const prefix = "application/"
	if len(got) > len(prefix) && strings.EqualFold(got[:len(prefix)], prefix) {
		got = got[len(prefix):]
	}
	return strings.EqualFold(got, want)
}
