package keyring

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// ErrInvalidToken means that an access token is malformed, forged or expired (RFC 6750 §3.1).
var ErrInvalidToken = fault.Errorf("invalid_token", "the access token is invalid or has expired; get a new one with the refresh token, or sign in again")

var (
	errUnknownKey = errors.New("unknown key")
	errWrongType  = errors.New("wrong token type")
)

// Limits on the size of a token and of its header. A token with fifty roles is within the first.
const (
	maxToken  = 4096
	maxHeader = 512
)

// Verify returns the claims of a valid token. It checks a token in the order of cost: the form, the
// header, the signature, the claims (RFC 8725 §3). Its only error is ErrInvalidToken. That hides the
// reason, which is for the log and contains no part of the token.
func (r *Ring) Verify(token string) (Claims, error) {
	claims, err := r.verify(token)
	if err != nil {
		return Claims{}, ErrInvalidToken.Wrap(err)
	}
	return claims, nil
}

// verify first looks for what it remembers of the token: its claims, or only that its signature is valid, which it also
// knows of the tokens that this ring has signed. What can change is checked every time: whether the key is still
// published, and everything that depends on the time.
func (r *Ring) verify(token string) (Claims, error) {
	if len(token) > maxToken {
		return Claims{}, errors.New("longer than 4096 bytes")
	}
	id := hashToken(token)
	if known, ok := r.verified.find(id); ok {
		if r.find(known.kid) == nil {
			return Claims{}, errUnknownKey
		}
		return known.copy(), r.checkClaims(known.claims, known.notBefore)
	}
	fresh, err := r.verifySignature(token, id)
	if err != nil {
		return Claims{}, err
	}
	if err := r.checkClaims(fresh.claims, fresh.notBefore); err != nil {
		return Claims{}, err
	}
	r.verified.add(id, &fresh)
	return fresh.copy(), nil
}

func (r *Ring) verifySignature(token string, id tokenHash) (verifiedToken, error) {
	t, err := parseCompact(token)
	if err != nil {
		return verifiedToken{}, err
	}
	k, typ, err := r.keyFor(t.header)
	if err != nil {
		return verifiedToken{}, err
	}
	if _, verified := r.signatures.find(id); !verified {
		if err := k.verify(t); err != nil {
			return verifiedToken{}, err
		}
		r.signatures.add(id, struct{}{})
	}
	r.headers.add(string(t.header), verifiedHeader{kid: k.row.ID, typ: typ})
	claims, notBefore, err := parseClaims(t.payload)
	if err == nil && typ != r.TypeFor(claims.Audience) {
		err = errWrongType
	}
	return verifiedToken{kid: k.row.ID, claims: claims, notBefore: notBefore}, err
}

// verify checks the signature of a token. The algorithm comes from the key, never from the header (RFC 8725
// §3.1).
func (k *key) verify(t compactToken) error {
	verifier, err := jws.NewVerifier(k.signature())
	if err != nil {
		return err
	}
	if err := verifier.Verify(t.signed, t.signature, k.public); err != nil {
		return errors.New("the signature does not match")
	}
	return nil
}

// compactToken is a JWS in the compact form (RFC 7515 §7.1) with its segments decoded.
type compactToken struct {
	header, payload, signature []byte
	signed                     []byte // the first two segments as they are
}

// parseCompact checks the form of a token. It verifies nothing.
func parseCompact(token string) (t compactToken, err error) {
	segments := strings.Split(token, ".")
	if len(segments) != 3 {
		return t, errors.New("not three segments")
	}
	for i, to := range []*[]byte{&t.header, &t.payload, &t.signature} {
		if *to, err = decodeSegment(segments[i]); err != nil {
			return compactToken{}, err
		}
	}
	if len(t.header) > maxHeader {
		return compactToken{}, errors.New("the header is longer than 512 bytes")
	}
	t.signed = []byte(token[:strings.LastIndexByte(token, '.')])
	return t, nil
}

// decodeSegment decodes canonical base64url. It rejects line breaks, which the decoder would skip.
func decodeSegment(segment string) ([]byte, error) {
	plain, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil || len(plain) == 0 || strings.ContainsAny(segment, "\r\n") {
		return nil, errors.New("a segment is empty or not canonical base64url")
	}
	return plain, nil
}

// keyFor returns the published key that the header names, and the typ. The header must have exactly the members
// that Sign writes: alg, typ and kid, once each. That excludes crit, b64, zip, enc and every way to
// supply a key (jku, jwk, x5u, x5c).
func (r *Ring) keyFor(header []byte) (k *key, typ string, err error) {
	if known, ok := r.headers.find(string(header)); ok {
		if k = r.find(known.kid); k == nil {
			err = errUnknownKey
		}
		return k, known.typ, err
	}
	members, err := parseObject(header)
	if err != nil {
		return nil, "", err
	}
	if len(members) != 3 {
		return nil, "", errors.New("the header has members other than alg, typ and kid")
	}
	var alg, kid string
	for name, to := range map[string]*string{"alg": &alg, "typ": &typ, "kid": &kid} {
		if err := json.Unmarshal(members[name], to); err != nil {
			return nil, "", errors.New("the header has no string " + name)
		}
	}
	if typ != r.o.Type && (typ != TypeJWT || len(r.o.JWTFor) == 0) {
		return nil, "", errWrongType
	}
	k = r.find(kid)
	if k == nil {
		return nil, "", errUnknownKey
	}
	if alg != k.row.Algorithm {
		return nil, "", errors.New("alg is not the algorithm of the key")
	}
	return k, typ, nil
}

// TypeFor is Options.TypeFor with the options of the ring.
func (r *Ring) TypeFor(audience []string) string { return r.o.TypeFor(audience) }

// checkClaims compares the claims with the ring's settings and with the clock, which may differ from that of another
// machine by the leeway. notBefore is nbf, in Unix seconds, or 0.
func (r *Ring) checkClaims(c Claims, notBefore int64) error {
	exp, iat := c.ExpiresAt.Unix(), c.IssuedAt.Unix()
	now := r.now()
	earliest, latest := now.Add(-Leeway).Unix(), now.Add(Leeway).Unix()
	switch {
	case c.Issuer != r.o.Issuer:
		return errors.New("wrong issuer")
	case !slices.Contains(c.Audience, r.o.Audience):
		return errors.New("wrong audience")
	case notBefore > latest:
		return errors.New("nbf is not in the past")
	case exp <= earliest:
		return errors.New("expired")
	case iat > latest:
		return errors.New("issued in the future")
	case exp <= iat:
		return errors.New("exp is not after iat")
	case exp-iat > int64(MaxLifetime/time.Second):
		return errors.New("lifetime longer than any we issue")
	}
	return nil
}
